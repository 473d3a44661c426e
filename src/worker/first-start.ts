/**
 * The first start of a version: a thread that stripped types does not serve.
 *
 * Rule: what strips types is WebAssembly whose memory grows, which detaches a buffer, and in a thread where that happened once
 * V8 asks at every access to any buffer whether it is still there (measured: 5.6% more instructions a request, until the
 * thread ends). So a thread that found its files not in the compile cache leaves them there, and starts over. Without a cache
 * that can be written all works, at that price.
 */

import { flushCompileCache, getCompileCacheDir } from 'node:module';

/** Part of the name under which Node.js lists what strips types, once it is loaded. */
const STRIPPER = 'deps/amaro';
/** The exit code of a thread that is to be started once more; Node.js and we use none near it. */
export const START_OVER = 75;

/** Whether this thread stripped types. */
function hasStripped(): boolean {
  // In every Node.js, but not in its documentation or types.
  const { moduleLoadList = [] } = process as { moduleLoadList?: readonly string[] };
  return moduleLoadList.some((name) => name.includes(STRIPPER));
}

/**
 * Leaves in the cache what this thread compiled, and ends it where it is to start over. A thread is ended, not left to end: it
 * is written now or never. Nothing to do but at a first start.
 */
export function leaveCompiled(mayStartOver: boolean): void {
  flushCompileCache();
  if (mayStartOver && hasStripped() && getCompileCacheDir() !== undefined) process.exit(START_OVER);
}
