/**
 * `signalbox live`: the frames of the live stream as the router sends them, one JSON document a line.
 *
 * Rule: nothing is added and nothing left out; what is said about the connection goes to standard error.
 */

import { adminOf } from './admin.ts';
import type { Run } from './command.ts';
import { DONE } from './ends.ts';
import { untilTold } from './pause.ts';
import { watch } from './watch.ts';

export const live: Run = async (given, io) => {
  const admin = adminOf(given, io);
  const once = new AbortController();
  const watcher = {
    frame: (frame: unknown) => {
      if (once.signal.aborted) return;
      io.out(`${JSON.stringify(frame)}\n`);
      if (given.flag('once')) once.abort();
    },
    lost: (why: string) => io.err(`signalbox live: ${why}; trying again\n`),
    back: () => io.err('signalbox live: the router is back\n'),
  };
  await untilTold(io, (signal) => watch(admin, io, watcher, AbortSignal.any([signal, once.signal])));
  return DONE;
};
