#!/usr/bin/env node
/**
 * Before main.ts and, in a data thread, worker/entry.ts: what must be settled before Node.js reads the first .ts file.
 *
 * Rule: plain JavaScript that any Node.js understands, and nothing else in it. A Node.js that is too old hears a sentence
 * instead of "unknown file extension". And the compile cache must be on by now: loading what strips types takes 90 ms in
 * each thread, compiling another 100, and a start that finds both done reads them from a file. The cache stands beside the
 * sources, where only who may change those can write, and not in the world's folder for temporary files: what is read
 * from it is run. Where it cannot be written, every start is like the first.
 */

import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const OLDEST = 24;

if (Number(process.versions.node.split('.')[0]) < OLDEST) {
  const advice = 'inside the repository use `npm run signalbox`, which brings its own';
  process.stderr.write(`signalbox needs Node.js ${OLDEST} or newer and this is ${process.versions.node}; ${advice}\n`);
  process.exit(1);
}

// Who set the variable chose another place, and Node.js has it on already.
if (process.env.NODE_COMPILE_CACHE === undefined) {
  const folder = fileURLToPath(new URL('../.cache/', import.meta.url));
  const { status } = nodeModule.enableCompileCache(folder);
  // Worker threads take it from their environment.
  if (status === nodeModule.constants.compileCacheStatus.ENABLED) process.env.NODE_COMPILE_CACHE = folder;
}

// Where there are no hooks, Node.js finds the same files by itself.
nodeModule.registerHooks?.({ resolve });

const { isMainThread } = process.getBuiltinModule('node:worker_threads');
await import(isMainThread ? './main.ts' : './worker/entry.ts');

/**
 * Our own imports name their files exactly, so there is nothing to look for on the disk, as Node.js does anew for every
 * import of every file: without that, each thread loads our 60 files in 30 ms instead of 48.
 */
function resolve(specifier, context, next) {
  if (!specifier.startsWith('.') || !specifier.endsWith('.ts')) return next(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, format: 'module-typescript', shortCircuit: true };
}
