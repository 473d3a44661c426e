/**
 * The details of what is looked at, beside the view or, where there is no room, above it.
 *
 * Rule: it takes the focus when it opens and gives it back when it closes; Esc closes it.
 */

import { useEffect, useRef } from 'preact/hooks';
import { leavePanel, rememberOpener } from '../browser/navigate.ts';
import { labelOf } from '../logic/graph.ts';
import type { Kind } from '../logic/place.ts';
import { CallerDetails } from './caller-details.tsx';
import { RouteDetails } from './route-details.tsx';
import { UpstreamDetails } from './upstream-details.tsx';

const DETAILS = { route: RouteDetails, upstream: UpstreamDetails, caller: CallerDetails } as const;

export function Panel({ kind, id }: { readonly kind: Kind; readonly id: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (document.activeElement?.closest('.panel') === null) rememberOpener();
    heading.current?.focus();
  }, [kind, id]);
  const Details = DETAILS[kind];
  return (
    <aside class="panel card" aria-labelledby="panel-title">
      <div class="card-head">
        <h2 id="panel-title" ref={heading} tabIndex={-1}>
          <span class="dim">{kind}</span> {labelOf(kind, id)}
        </h2>
        <button type="button" class="quiet" aria-label="Close the details" onClick={leavePanel}>
          ✕
        </button>
      </div>
      <Details key={`${kind} ${id}`} id={id} />
    </aside>
  );
}
