/**
 * `signalbox restore`: an old revision's document runs again, as a new change with a record of its own.
 *
 * Rule: a write like any other: it can be rehearsed, and be bound to the revision that runs.
 */

import { adminOf } from './admin.ts';
import { write, writing } from './change.ts';
import type { Run } from './command.ts';

export const restore: Run = async (given, io) => {
  const path = ['revisions', given.revision(0), 'restore'];
  return write(adminOf(given, io), { method: 'POST', path, ...writing(given) }, given, io);
};
