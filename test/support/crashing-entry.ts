/**
 * A data thread that can be made to die of an error nobody caught: the product's own, with a listener more. Whoever posts
 * on the channel chooses the lane and the error's message.
 */

import { BroadcastChannel, threadName } from 'node:worker_threads';
import '../../src/worker/entry.ts';
import { CRASH_CHANNEL } from './dying-threads.ts';

export interface Crash {
  /** As the thread is named: `data 0`. */
  readonly thread: string;
  readonly message: string;
}

const channel = new BroadcastChannel(CRASH_CHANNEL).unref();
channel.onmessage = (event) => {
  const { thread, message } = event.data as Crash;
  if (thread === threadName) throw new Error(message);
};
