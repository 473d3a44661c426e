/**
 * One route: its figures, who calls it, where it goes, its weights, how it is written, and why a request would take it.
 *
 * Rule: the written route is shown as the document has it; what the router makes of it is asked of the router.
 */

import { useStore } from '../browser/store.ts';
import { endsOf } from '../logic/history.ts';
import { splitsOf } from '../logic/weights.ts';
import { Explain } from './explain.tsx';
import { FlowFigures } from './flow-figures.tsx';
import { FlowTable } from './flow-table.tsx';
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

/** Who is hurt where it fails, and where it goes. */
function Reached({ id }: { readonly id: string }) {
  const { history } = useStore();
  const links = history.names(`route:${id}\n`);
  const callers = history.names('caller:').filter((name) => endsOf(name)?.[1] === `route:${id}`);
  if (links.length === 0) return <p class="dim">No traffic in the last two minutes.</p>;
  return (
    <>
      {callers.length > 0 && <FlowTable title="Called by" links={callers} end={0} />}
      <FlowTable title="Goes to" links={links} end={1} />
    </>
  );
}
