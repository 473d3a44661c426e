/**
 * `signalbox delete`: takes one part out of the document.
 *
 * Rule: whether others still need the part is for the router to say, which refuses with their places.
 */

import { adminOf } from './admin.ts';
import { writing } from './change.ts';
import type { Run } from './command.ts';
import { KINDS, kindIn } from './kinds.ts';
import { showingBoth } from './put.ts';

export const remove: Run = async (given, io) => {
  const path = [KINDS[kindIn(given.word(0))], given.word(1)];
  return showingBoth(adminOf(given, io), { method: 'DELETE', path, ...writing(given) }, given, io);
};
