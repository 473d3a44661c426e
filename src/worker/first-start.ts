/**
 * The first start of a version: what data threads load is made ready before one that serves loads it.
 *
 * Rule: no thread that serves strips types. What strips them is WebAssembly whose memory grows, which detaches a buffer, and
 * in a thread where that happened once V8 asks at every access to any buffer whether it is still there (measured: 5.6% more
 * instructions a request, until the thread ends). So where this thread found nothing in the compile cache, a thread that
 * serves nobody loads everything first and leaves it there. Without a cache that can be written all works, at that price.
 */

import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';

/** Part of the name under which Node.js lists what strips types, once it is loaded. */
const STRIPPER = 'deps/amaro';

/** Whether this thread has stripped types: what it loaded was not in the compile cache. */
export function hasStripped(): boolean {
  // In every Node.js, but not in its documentation or types.
  const { moduleLoadList = [] } = process as { moduleLoadList?: readonly string[] };
  return moduleLoadList.some((name) => name.includes(STRIPPER));
}

/** Has a thread load what data threads load, where that is worth it; `entry`: where they begin. Never fails. */
export async function prepareFirstStart(entry: URL): Promise<void> {
  if (!hasStripped() || getCompileCacheDir() === undefined) return;
  const rehearsal = new Worker(entry, { name: 'first start' });
  await new Promise<void>((resolve) => {
    // Whatever ails it ails the threads that follow, too, and is told of there.
    rehearsal.on('error', () => resolve());
    rehearsal.on('exit', () => resolve());
  });
}
