/**
 * What one caller asks for.
 *
 * Rule: callers are names that requests carry; there is nothing here to be changed.
 */

import { useStore } from '../browser/store.ts';
import { rate, share } from '../logic/figures.ts';
import { endsOf } from '../logic/history.ts';
import { hashOf } from '../logic/place.ts';
import { toneOf } from '../logic/tone.ts';
import { FlowFigures } from './flow-figures.tsx';

export function CallerDetails({ id }: { readonly id: string }) {
  const { history, place } = useStore();
  const name = `caller:${id}`;
  const links = history.names(`${name}\n`).flatMap((each) => {
    const [, to] = endsOf(each) ?? [];
    return to === undefined ? [] : [{ route: to.slice('route:'.length), ...history.recent(each) }];
  });
  if (links.length === 0) return <p class="dim">Nobody of this name called in the last two minutes.</p>;
  return (
    <>
      <FlowFigures name={name} />
      <h3>Calls</h3>
      <table class="plain">
        <tbody>
          {links.map(({ route, rate: each, errorShare }) => (
            <tr key={route}>
              <th scope="row">
                <a href={hashOf({ tab: place.tab, kind: 'route', id: route })}>{route}</a>
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
