/**
 * A plan: something an operator may do, as the dialog shows it before it is done.
 *
 * Rule: its effect is asked for before it can be confirmed, and said in words. What it needs beside a yes (a reason, how
 * long) is asked in the same dialog.
 */

import type { Role } from '../../admin/shapes/status.ts';

export interface Answers {
  readonly reason: string;
  /** A duration such as `10m`; '' for no end. */
  readonly lasting: string;
  /** Who does it, where the router knows no names. */
  readonly author: string;
}

export interface Plan {
  readonly title: string;
  /** What the button says. */
  readonly verb: string;
  readonly dangerous: boolean;
  readonly role: Role;
  /** Whether it writes the document. */
  readonly edits: boolean;
  readonly asksHowLong: boolean;
  /** Sentences; the first sums it up. Rejects with a Refusal where it would be refused. */
  effect(): Promise<readonly string[]>;
  /** Does it, and says what came of it. */
  run(answers: Answers): Promise<string>;
}
