/**
 * `signalbox get`: parts of the running document, one or all of a kind.
 *
 * Rule: a list is whole, however many pages it takes. One part is printed as YAML that `put` takes back, with its revision
 * in a comment before it.
 */

import type { Static } from 'typebox';
import type { Part } from '../admin/shapes/change.ts';
import { type Admin, adminOf } from './admin.ts';
import type { Io, Run } from './command.ts';
import { CommandEnd, DONE, WRONG } from './ends.ts';
import { printEvents } from './events.ts';
import type { Given } from './given.ts';
import { KINDS, type Kind, kindIn, PLURALS } from './kinds.ts';
import { printLeases } from './leases.ts';
import { json, paints, table } from './print.ts';
import { status } from './status.ts';
import { SUMMARIES } from './summary.ts';
import { writeValue } from './yaml.ts';

export const get: Run = async (given, io) => {
  const [kind, id] = given.words;
  const admin = adminOf(given, io);
  if (kind === 'leases' || kind === 'lease') return printLeases(upstreamOf(id), given, io);
  if (id === undefined) {
    if (kind === 'config') return config(admin, given, io);
    if (kind === 'status') return status(given.from(1), io);
    if (kind === 'events') return printEvents(given, io);
  } else if (kind === 'config' || kind === 'events' || kind === 'status') {
    throw new CommandEnd(WRONG, `one word too many: ${id}`);
  }
  const known = kindIn(kind, [...PLURALS, 'config', 'status', 'events', 'leases']);
  if (id !== undefined) return one(admin, known, id, given, io);
  if (kind === known) throw new CommandEnd(WRONG, `which ${known}? signalbox get ${KINDS[known]} lists them`);
  return list(admin, known, given, io);
};

function upstreamOf(id: string | undefined): string {
  if (id !== undefined) return id;
  throw new CommandEnd(WRONG, 'leases of which upstream? signalbox get upstreams lists them');
}

async function config(admin: Admin, given: Given, io: Io): Promise<number> {
  if (given.flag('json')) io.out(json((await admin.json({ method: 'GET', path: ['config'] })).value));
  else io.out((await admin.text({ method: 'GET', path: ['config'], accept: 'application/yaml' })).value);
  return DONE;
}

async function one(admin: Admin, kind: Kind, id: string, given: Given, io: Io): Promise<number> {
  const { value, revision } = await admin.json<unknown>({ method: 'GET', path: [KINDS[kind], id] });
  if (given.flag('json')) io.out(json(value));
  else io.out(`${paints(io).dim(`# ${kind} ${id}, revision ${revision}`)}\n${writeValue(value)}`);
  return DONE;
}

async function list(admin: Admin, kind: Kind, given: Given, io: Io): Promise<number> {
  const page = await admin.list<Static<typeof Part>>([KINDS[kind]], given.whole('limit', 1, 1_000_000));
  if (given.flag('json')) {
    io.out(json(page));
    return DONE;
  }
  const { columns, cells } = SUMMARIES[KINDS[kind]];
  if (page.items.length === 0) io.out(`there are no ${KINDS[kind]}\n`);
  else
    io.out(
      table(
        columns,
        page.items.map(({ id, value }) => [id, ...cells(value)]),
        paints(io),
      ),
    );
  if (page.items.length < page.total) io.out(`${page.items.length} of ${page.total}\n`);
  return DONE;
}
