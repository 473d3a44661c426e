/**
 * The thread in which large checks are worked out, as the control thread sees it.
 *
 * Rule: it may take half of the memory that is left and no more; of that it dies alone.
 */

import { Worker } from 'node:worker_threads';
import type { CheckAnswer, CheckOrder } from './check-text.ts';
import type { CheckThread } from './checks.ts';

const ENTRY = new URL('./check-thread.ts', import.meta.url);
const MIB = 1_048_576;
/** MiB of heap: 60,000 routes, checked against as many, take a third of it. */
const MOST_HEAP = 3072;

/** `heap`: in MiB. */
export function startCheckThread(
  answered: (answer: CheckAnswer) => void,
  over: (reason: string) => void,
  heap = Math.min(MOST_HEAP, Math.floor(process.availableMemory() / MIB / 2)),
): CheckThread {
  const worker = new Worker(ENTRY, { name: 'check', resourceLimits: { maxOldGenerationSizeMb: heap } });
  let cause: Error | undefined;
  worker.on('message', answered);
  worker.on('error', (error: Error) => {
    cause = error;
  });
  worker.on('exit', (code) => over(cause?.message ?? `it ended with code ${code}`));
  return {
    ask: (order: CheckOrder) => worker.postMessage(order),
    end: async () => {
      await worker.terminate();
    },
  };
}
