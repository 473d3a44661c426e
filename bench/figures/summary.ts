/**
 * The one table of the README, made from a result file: a row per case, a column per peer.
 *
 * Rule: only figures of the file, each with the ratio of its own run; a case of the router alone shows its variants in
 * words. Machine and versions stand below.
 */

import type { Commit, Machine } from './machine.ts';
import type { Outcome, Row } from './outcome.ts';
import { aligned } from './report.ts';
import { median, ratios } from './statistics.ts';

export interface Result {
  readonly measured: string;
  readonly machine: Machine;
  readonly commit: Commit | undefined;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: object;
  readonly outcomes: readonly Outcome[];
  /** What ended without figures, and why. */
  readonly failures: readonly string[];
}

/** Reads a result file's text; throws where it is something else. */
export function resultOf(text: string): Result {
  const result = JSON.parse(text) as Result;
  if (!Array.isArray(result.outcomes) || result.machine === undefined)
    throw new Error('this is no result of the bench');
  return result;
}

function figure({ columns: [{ key, digits }] }: Outcome, row: Row): string {
  return median(row.samples[key]).toFixed(digits);
}

/** `14.2 (x 1.31)`: a peer's figure, and what the router's is of it. */
function cellOf(outcome: Outcome, peer: string): string {
  const own = outcome.rows[0];
  const row = outcome.rows.find((each) => each.peer === peer);
  if (row === undefined) return '';
  const { key } = outcome.columns[0];
  if (row === own) return figure(outcome, row);
  const finite = ratios(own.samples[key], row.samples[key]).filter(Number.isFinite);
  return `${figure(outcome, row)}${finite.length > 0 ? ` (${median(finite).toFixed(2)} x)` : ''}`;
}

/** Variants of the router: `100000 routes 30.1, 10 routes 25.0`. */
function variants(outcome: Outcome): string {
  return outcome.rows.map((row) => `${row.peer.replace(/^signalbox, /, '')} ${figure(outcome, row)}`).join(', ');
}

export function summary({ measured, machine, commit, versions, outcomes }: Result): string {
  const peers = Object.keys(versions);
  const rows = outcomes.map((outcome) => {
    const [{ label }] = outcome.columns;
    const alone = !outcome.rows.some(({ peer }) => peer === 'signalbox');
    const cells = alone
      ? [variants(outcome), ...peers.slice(1).map(() => '')]
      : peers.map((peer) => cellOf(outcome, peer));
    return [`\`${outcome.id}\` ${outcome.title}`, label, ...cells];
  });
  const from = commit === undefined ? '' : `, commit ${commit.revision}${commit.dirty ? ' with changes' : ''}`;
  return [
    aligned(['case', 'figure', ...peers], rows),
    '',
    `Measured ${measured.slice(0, 10)} on ${machine.processor}, ${machine.cores} cores, ${machine.system}${from}.`,
    `In brackets: signalbox as a multiple of that peer, the median of the ratios of all rotations. ${Object.values(versions).join('; ')}.`,
  ].join('\n');
}
