/**
 * The lines that a revision changed.
 *
 * Rule: compared as texts where the router still has both; else the recorded patch is shown. A sign stands before every
 * line, so that colour is not needed.
 */

import { useEffect, useState } from 'preact/hooks';
import type { Revision } from '../../admin/shapes/change.ts';
import { ask } from '../browser/api.ts';
import { type DiffLine, patchDiff, textDiff } from '../logic/diff.ts';

const SIGNS: Readonly<Record<DiffLine['is'], string>> = { added: '+', removed: '−', same: ' ', place: '@' };

async function linesOf({ parent, revision, patch }: Revision): Promise<DiffLine[]> {
  if (parent === '') return patchDiff(patch);
  try {
    const text = (rev: string): Promise<string> =>
      ask<string>('GET', `/v1/revisions/${encodeURIComponent(rev)}/config`);
    const [before, after] = await Promise.all([text(parent), text(revision)]);
    return textDiff(before, after) ?? patchDiff(patch);
  } catch {
    return patchDiff(patch);
  }
}

export function Diff({ record }: { readonly record: Revision }) {
  const [lines, setLines] = useState<DiffLine[]>();
  useEffect(() => {
    let here = true;
    void linesOf(record).then((found) => here && setLines(found));
    return () => {
      here = false;
    };
  }, [record]);
  if (lines === undefined) return <p class="dim">Comparing…</p>;
  if (lines.length === 0) {
    return <p class="dim">{record.patchOmitted ? 'Too much changed to be kept here.' : 'No line is different.'}</p>;
  }
  return (
    <pre class="diff">
      {lines.map(({ is, text }, i) => (
        <span key={i} class={is}>
          {SIGNS[is]} {text}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}
