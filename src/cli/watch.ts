/**
 * The live stream, frame by frame, across restarts of the router.
 *
 * Rule: the first connection must succeed; a later one that breaks is made again each second, and both are told. A router
 * that answers, and refuses, ends it: a token may have been withdrawn.
 */

import type { LiveFrame } from '../admin/shapes/live.ts';
import type { Admin } from './admin.ts';
import type { Io } from './command.ts';
import { CommandEnd, UNREACHABLE } from './ends.ts';
import { pause } from './pause.ts';

const AGAIN = 1000;

export interface Watcher {
  frame(frame: LiveFrame): void;
  lost(why: string): void;
  back(): void;
}

/** Until `signal` aborts. */
export async function watch(admin: Admin, io: Io, watcher: Watcher, signal: AbortSignal): Promise<void> {
  let seen = false;
  let away = false;
  const take = (frame: LiveFrame) => {
    if (away) watcher.back();
    seen = true;
    away = false;
    watcher.frame(frame);
  };
  while (!signal.aborted) {
    const why = await connection(admin, take, signal, () => seen);
    if (signal.aborted) return;
    if (!away) watcher.lost(why);
    away = true;
    await pause(io, AGAIN, signal);
  }
}

/** One connection, to its end; why it ended. Throws what no further try would mend. */
async function connection(
  admin: Admin,
  take: (frame: LiveFrame) => void,
  signal: AbortSignal,
  seen: () => boolean,
): Promise<string> {
  try {
    await admin.events(['live'], signal, ({ name, data }) => {
      if (name === 'live') take(JSON.parse(data) as LiveFrame); // the server of our own version wrote it
    });
    return 'the router ended the stream';
  } catch (error) {
    if (!(error instanceof CommandEnd)) throw error;
    const passing = error.code === UNREACHABLE || (error.reply?.status ?? 0) >= 500;
    if (passing && seen()) return error.message;
    throw error;
  }
}
