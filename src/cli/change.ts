/**
 * A write to the document: what its options add to the call, and what is said of the change it made.
 *
 * Rule: the effect in words comes first, then the revision; a dry run says plainly that nothing was changed.
 */

import type { Change, Effect } from '../admin/shapes/change.ts';
import type { Admin, Call } from './admin.ts';
import type { Io } from './command.ts';
import { DONE } from './ends.ts';
import type { Given } from './given.ts';
import { counted, json, paints } from './print.ts';
import { problemLines } from './refusal.ts';

/** What a write's options add to its call. */
export function writing(given: Given): Pick<Call, 'reason' | 'ifMatch' | 'query'> {
  return {
    reason: given.text('reason'),
    ifMatch: given.text('if-match')?.replaceAll('"', ''),
    query: { dryRun: given.flag('dry-run') ? 'true' : undefined },
  };
}

/** Makes the call and says what it changed. */
export async function write(admin: Admin, call: Call, given: Given, io: Io): Promise<number> {
  const { value } = await admin.json<Change>(call);
  io.out(given.flag('json') ? json(value) : changeText(value, io));
  return DONE;
}

export function changeText(change: Change, io: Pick<Io, 'terminal' | 'env'>): string {
  const { revision, parent, changed, dryRun, merged, notices, effect } = change;
  const { bold, dim } = paints(io);
  const lines = problemLines(notices);
  if (!changed) return text([...lines, `nothing changes: the document says this already (revision ${revision})`]);
  lines.push(...effectLines(effect, dryRun));
  if (merged) lines.push('the file had been changed elsewhere meanwhile; both changes run');
  if (dryRun) lines.push(`revision ${bold(revision)} would follow ${parent}; ${bold('nothing was changed')}`);
  else lines.push(`revision ${bold(revision)} ${dim(`follows ${parent}, ${written(change)}`)}`);
  return text(lines);
}

export function effectLines({ words, requestsUnderWay }: Effect, ahead: boolean): string[] {
  if (requestsUnderWay === 0) return [...words];
  const said = ahead ? 'are under way' : 'were under way';
  return [...words, `${counted(requestsUnderWay, 'request')} ${said} at upstreams that this touches`];
}

function written({ written: where }: Change): string {
  if (where === 'file') return "written to the router's file";
  return where === 'state' ? "written beside the router's file, which was left as it is" : 'written nowhere';
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
