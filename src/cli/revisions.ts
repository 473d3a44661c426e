/**
 * `signalbox revisions` and `signalbox revision REV`: who changed what, when and why; newest first.
 *
 * Rule: what a revision changed is shown three times over, from short to exact: in words, as a patch of values, and as the
 * lines of the text. The lines are left out where the router no longer has one of the two texts.
 */

import type { PatchOperation, Revision } from '../admin/shapes/change.ts';
import { type Admin, adminOf } from './admin.ts';
import type { Io, Run } from './command.ts';
import { CommandEnd, DONE } from './ends.ts';
import { lineDiff } from './line-diff.ts';
import { inLine, json, type Paints, paints, table, when } from './print.ts';

const DEFAULT_LIMIT = 20;

const COLUMNS = [
  { title: '', right: true },
  { title: 'REVISION' },
  { title: 'WHEN' },
  { title: 'FROM' },
  { title: 'BY' },
  { title: 'RESULT' },
  { title: 'WHAT' },
  { title: 'WHY' },
] as const;

export const revisions: Run = async (given, io) => {
  const limit = given.whole('limit', 1, 1_000_000) ?? DEFAULT_LIMIT;
  const page = await adminOf(given, io).list<Revision>(['revisions'], limit);
  if (given.flag('json')) {
    io.out(json(page));
    return DONE;
  }
  const paint = paints(io);
  const now = io.clock.wall();
  // A revision that was restored has several records; the newest is the one that runs.
  const runs = page.items.find(({ running }) => running)?.number;
  const rows = page.items.map((one) => [
    `${one.number === runs ? '*' : ''}${one.number}`,
    one.revision,
    when(one.at, now),
    one.source,
    inLine(one.author),
    resultOf(one, paint),
    one.result === 'refused' ? one.detail : whatOf(one),
    inLine(one.reason),
  ]);
  io.out(rows.length === 0 ? 'there are no revisions\n' : table(COLUMNS, rows, paint));
  if (page.items.length < page.total) io.out(paint.dim(`${page.items.length} of ${page.total}; more: --limit N\n`));
  return DONE;
};

export const revision: Run = async (given, io) => {
  const admin = adminOf(given, io);
  const { value } = await admin.json<Revision>({ method: 'GET', path: ['revisions', given.revision(0)] });
  if (given.flag('json')) io.out(json(value));
  else io.out([heading(value, io), patchText(value, io), await linesText(admin, value, io)].filter(Boolean).join('\n'));
  return DONE;
};

/** The first sentence sums up; a sentence that stands alone behind it says more in one line. */
function whatOf({ words }: Pick<Revision, 'words'>): string {
  return (words.length === 2 ? words[1] : words[0]) ?? '';
}

function resultOf({ result }: Revision, { good, bad }: Paints): string {
  return result === 'applied' ? good(result) : bad(result);
}

function heading(one: Revision, io: Io): string {
  const paint = paints(io);
  const by = one.author === '' ? '' : ` by ${inLine(one.author)}`;
  const state = [one.running ? 'running' : '', one.restorable ? 'can be restored' : 'cannot be restored'];
  const lines = [
    `${paint.bold(`revision ${one.revision}`)} (record ${one.number}), ${resultOf(one, paint)} ${when(one.at, io.clock.wall())}`,
    `from ${one.source}${by}, at ${one.at}${one.parent === '' ? ', the first' : `, follows ${one.parent}`}`,
    ...(one.reason === '' ? [] : [`why: ${inLine(one.reason)}`]),
    ...(one.detail === '' ? [] : [`refused: ${one.detail}`]),
    state.filter((part) => part !== '').join(', '),
    ...(one.words.length === 0 ? [] : ['', ...one.words]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const SIGNS = { add: '+', remove: '-', replace: '~' } as const;

function patchText({ patch, patchOmitted }: Revision, io: Io): string {
  if (patchOmitted) return 'the patch is too long to be kept\n';
  const paint = paints(io);
  const paintOf = { add: paint.good, remove: paint.bad, replace: paint.odd };
  return patch.map((step) => `${paintOf[step.op](stepText(step))}\n`).join('');
}

function stepText({ op, path, value }: PatchOperation): string {
  return `${SIGNS[op]} ${path === '' ? '(all)' : path}${op === 'remove' ? '' : `: ${JSON.stringify(value)}`}`;
}

async function linesText(admin: Admin, { revision, parent, result }: Revision, io: Io): Promise<string> {
  if (parent === '' || parent === revision || result === 'refused') return '';
  const [before, after] = await Promise.all([configOf(admin, parent), configOf(admin, revision)]);
  if (before === undefined || after === undefined) return '';
  const lines = lineDiff(before, after);
  if (lines === undefined) return 'the two texts have little in common; their lines are not compared\n';
  const { good, bad, dim } = paints(io);
  const paintOf = (line: string) => (line.startsWith('+') ? good : line.startsWith('-') ? bad : dim);
  return lines.map((line) => `${paintOf(line)(line)}\n`).join('');
}

async function configOf(admin: Admin, revision: string): Promise<string | undefined> {
  try {
    const path = ['revisions', revision, 'config'];
    return (await admin.text({ method: 'GET', path, accept: 'text/yaml' })).value;
  } catch (error) {
    if (error instanceof CommandEnd && error.reply !== undefined) return undefined;
    throw error;
  }
}
