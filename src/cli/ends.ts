/**
 * How a command ends: its exit codes, and an end that is no success.
 *
 * Rule: a program that calls the command line tells by the code alone what to do next: try again (3), read again (4), ask
 * for another token (5). What a person should read stands in the message; it begins with what happened, and names a remedy.
 */

import type { ProblemReply } from '../admin/shapes/common.ts';

export const DONE = 0;
/** Refused or failed. */
export const FAILED = 1;
/** The arguments were not understood; nothing was done. */
export const WRONG = 2;
/** The router could not be reached, or did not answer. */
export const UNREACHABLE = 3;
/** Somebody else changed the same thing meanwhile. */
export const STALE = 4;
/** No token, an unknown one, or one that may not do this. */
export const FORBIDDEN = 5;

export const EXIT_CODES =
  '0 done, 1 refused or failed, 2 wrong arguments, 3 router not reachable,\n4 stale or in conflict, 5 no leave to do that';

/** Ends the command with a code and a message; `reply` is what the API said, where it said anything. */
export class CommandEnd extends Error {
  readonly code: number;
  readonly reply: ProblemReply | undefined;

  constructor(code: number, message: string, reply?: ProblemReply) {
    super(message);
    this.name = 'CommandEnd';
    this.code = code;
    this.reply = reply;
  }
}
