/**
 * One route: its figures, where it goes, its weights, how it is written, and why a request would take it.
 *
 * Rule: the written route is shown as the document has it; what the router makes of it is asked of the router.
 */

import { useStore } from '../browser/store.ts';
import { rate, share } from '../logic/figures.ts';
import { endsOf } from '../logic/history.ts';
import { hashOf } from '../logic/place.ts';
import { toneOf } from '../logic/tone.ts';
import { splitsOf } from '../logic/weights.ts';
import { Explain } from './explain.tsx';
import { FlowFigures } from './flow-figures.tsx';
import { Weights } from './weights.tsx';

export function RouteDetails({ id }: { readonly id: string }) {
  const { routes, revisions } = useStore();
  // Both are asked for together, and there is no document without a revision.
  const asked = revisions.length > 0;
  const written = routes.find((each) => each.id === id)?.value;
  return (
    <>
      <FlowFigures name={`route:${id}`} />
      <Reached id={id} />
      {splitsOf(written).map((split) => (
        <Weights key={JSON.stringify(split)} route={id} written={written} split={split} />
      ))}
      {written !== undefined && <Explain written={written} />}
      {written !== undefined && (
        <details open>
          <summary>As written</summary>
          <pre>{JSON.stringify(written, null, 2)}</pre>
        </details>
      )}
      {asked && written === undefined && id !== '_none' && (
        <p class="dim">The document that runs has no route of this name.</p>
      )}
      {id === '_none' && <p class="dim">Requests that no route takes; they are answered 404.</p>}
    </>
  );
}

function Reached({ id }: { readonly id: string }) {
  const { history, place } = useStore();
  const links = history.names(`route:${id}\n`).flatMap((name) => {
    const [, to] = endsOf(name) ?? [];
    return to === undefined ? [] : [{ upstream: to.slice('upstream:'.length), ...history.recent(name) }];
  });
  if (links.length === 0) return <p class="dim">No traffic in the last two minutes.</p>;
  return (
    <>
      <h3>Goes to</h3>
      <table class="plain">
        <tbody>
          {links.map(({ upstream, rate: each, errorShare }) => (
            <tr key={upstream}>
              <th scope="row">
                {upstream === '' ? (
                  'the router itself'
                ) : (
                  <a href={hashOf({ tab: place.tab, kind: 'upstream', id: upstream })}>{upstream}</a>
                )}
              </th>
              <td class="number">{rate(each)}/s</td>
              <td class={`number ${toneOf(each, errorShare)}-text`}>{share(errorShare)} errors</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
