/**
 * `signalbox events`: what happened to circuits and members.
 *
 * Rule: people read downwards, so the newest is the last line; `--json` keeps the API's order, newest first. Following asks
 * once a second and goes on when the router is away: it is then that one wants to read on.
 */

import type { EventItem } from '../admin/shapes/status.ts';
import { type Admin, adminOf } from './admin.ts';
import type { Io, Run } from './command.ts';
import { CommandEnd, DONE, UNREACHABLE } from './ends.ts';
import type { Given } from './given.ts';
import { pause, untilTold } from './pause.ts';
import { inLine, json, paints, when } from './print.ts';

const EVERY = 1000;
const PATH = ['events'];

export const events: Run = async (given, io) => (given.flag('follow') ? follow(given, io) : printEvents(given, io));

export async function printEvents(given: Given, io: Io): Promise<number> {
  const page = await adminOf(given, io).list<EventItem>(PATH, given.whole('limit', 1, 1_000_000));
  if (given.flag('json')) io.out(json(page));
  else if (page.items.length === 0) io.out('nothing has happened to circuits and members\n');
  else for (const event of page.items.toReversed()) io.out(lineOf(event, when(event.at, io.clock.wall()), io));
  return DONE;
}

async function follow(given: Given, io: Io): Promise<number> {
  const admin = adminOf(given, io);
  const tell = (event: EventItem) =>
    io.out(given.flag('json') ? `${JSON.stringify(event)}\n` : lineOf(event, timeOf(event.at), io));
  const { items } = await admin.list<EventItem>(PATH, given.whole('limit', 1, 1_000_000));
  for (const event of items.toReversed()) tell(event);
  await untilTold(io, async (signal) => {
    let newest = items[0];
    let away = false;
    for (;;) {
      await pause(io, EVERY, signal);
      if (signal.aborted) return;
      const fresh = await since(admin, newest, (why) => {
        if (!away) io.err(`signalbox events: ${why}; trying again\n`);
        away = true;
      });
      if (fresh === undefined) continue;
      if (away) io.err('signalbox events: the router is back\n');
      away = false;
      for (const event of fresh.toReversed()) tell(event);
      newest = fresh[0] ?? newest;
    }
  });
  return DONE;
}

/** What came after `newest`, newest first; undefined where the router is away. A restarted router has forgotten it. */
async function since(
  admin: Admin,
  newest: EventItem | undefined,
  lost: (why: string) => void,
): Promise<readonly EventItem[] | undefined> {
  try {
    const { items } = await admin.list<EventItem>(PATH);
    const known = JSON.stringify(newest);
    const at = items.findIndex((event) => JSON.stringify(event) === known);
    if (at !== -1) return items.slice(0, at);
    return newest === undefined ? items : items.filter((event) => event.at >= newest.at);
  } catch (error) {
    if (!(error instanceof CommandEnd && error.code === UNREACHABLE)) throw error;
    lost(error.message);
    return undefined;
  }
}

/** Of a line that is read later: the time on the wall. */
function timeOf(at: string): string {
  return new Date(at).toTimeString().slice(0, 8);
}

function lineOf({ text, state }: EventItem, time: string, io: Io): string {
  const { dim, bad, good } = paints(io);
  const paint = /^(?:open|unhealthy|ejected)$/.test(state ?? '')
    ? bad
    : /^(?:closed|up)$/.test(state ?? '')
      ? good
      : dim;
  const said = inLine(text);
  return `${dim(time.padStart(8))}  ${paint === dim ? said : paint(said)}\n`;
}
