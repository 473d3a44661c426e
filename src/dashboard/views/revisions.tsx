/**
 * What was changed, newest first: who, when, why, what came of it; and the way back.
 *
 * Rule: a refused document stands here like one that runs, with the reason; an order about a circuit like both, but with
 * nothing to compare and no way back. The lines that changed are compared only when somebody opens a record.
 */

import { useState } from 'preact/hooks';
import type { Revision } from '../../admin/shapes/change.ts';
import { restore } from '../browser/plans.ts';
import { lookAtOlderRevisions } from '../browser/session.ts';
import { routerTime, useStore } from '../browser/store.ts';
import { ago, dayAndTime, short } from '../logic/figures.ts';
import { Act } from '../parts/act.tsx';
import { Badge } from '../parts/tone.tsx';
import { Diff } from './diff.tsx';

export function Revisions() {
  const { revisions, olderRevisions } = useStore();
  // Whatever was applied last runs; which revision that is, frames and records learn at different moments.
  const running = revisions.find((record) => record.result === 'applied' && !isOrder(record));
  return (
    <section class="card" aria-label="Revisions">
      <ol class="records" reversed>
        {revisions.map((record) => (
          <Record key={record.number} record={record} running={running} />
        ))}
      </ol>
      {revisions.length === 0 && <p class="dim empty">Nothing is recorded yet.</p>}
      {olderRevisions !== undefined && (
        <button type="button" onClick={() => void lookAtOlderRevisions()}>
          Older ones
        </button>
      )}
    </section>
  );
}

/** It left the document as it was. */
function isOrder({ revision, parent }: Revision): boolean {
  return revision !== '' && revision === parent;
}

function Record({ record, running }: { readonly record: Revision; readonly running: Revision | undefined }) {
  const [open, setOpen] = useState(false);
  const { number, at, revision, source, author, reason, result, detail, words } = record;
  const runs = number === running?.number;
  const order = isOrder(record);
  const word = order ? 'order' : result;
  const [first = 'No words were recorded.', ...rest] = words;
  return (
    <li class={`record ${runs ? 'runs' : ''}`}>
      <div class="record-head">
        <span class="dim">#{number}</span>
        <code>{short(revision)}</code>
        {runs ? <Badge tone="ok">running</Badge> : <Badge tone={result === 'refused' ? 'bad' : 'idle'}>{word}</Badge>}
        <span>
          {author !== '' && <b>{author} </b>}
          <span class="dim">by {source}</span>
        </span>
        <time class="dim" dateTime={at} title={at}>
          {dayAndTime(at)}, {ago(at, routerTime())}
        </time>
        {!order && (
          <Act
            plan={() => restore(record)}
            label={`Restore revision ${short(revision)}`}
            not={
              revision === running?.revision
                ? 'It runs already.'
                : record.restorable
                  ? undefined
                  : 'Its text is not kept.'
            }
          >
            Restore…
          </Act>
        )}
      </div>
      <p class="words">{result === 'refused' ? detail : first}</p>
      {rest.length > 0 && result !== 'refused' && (
        <ul class="further">
          {rest.map((word) => (
            <li key={word}>{word}</li>
          ))}
        </ul>
      )}
      {reason !== '' && <p class="dim">Reason: {reason}</p>}
      {!order && (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary aria-label={`What changed in record ${number}`}>What changed</summary>
          {open && <Diff record={record} />}
        </details>
      )}
    </li>
  );
}
