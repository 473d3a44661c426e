/**
 * A place for a data thread among the crew: it stays while threads come and go in it.
 *
 * Rule: written by the crew alone.
 */

import type { Answer, DataThread, EndableThread } from './protocol.ts';

/** A place for a thread. `thread` is set while one lives, `serves` once it runs the current document on open ports. */
export interface Seat {
  readonly lane: number;
  thread: EndableThread | undefined;
  serves: boolean;
  /** Revision the living thread was last asked to compile. */
  asked: string | undefined;
  /** Revision it has ready and not yet swapped in. */
  ready: string | undefined;
}

/** What is asked of the thread in a seat. */
export type Question<T> = (thread: DataThread, lane: number) => Promise<Answer<T>>;
