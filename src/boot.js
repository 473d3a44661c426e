#!/usr/bin/env node
/**
 * Before main.ts: what must be settled before Node.js reads the first .ts file.
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

await import('./main.ts');
