/** The first start of a version: whether a data thread finds everything stripped, asked of whole processes. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const SRC = new URL('../../../src/', import.meta.url).href;

/** A process that does as a start does, then has a worker thread load what data threads load and say whether it stripped. */
function scriptOf(prepares: boolean): string {
  return `
import { Worker } from 'node:worker_threads';
const { hasStripped, prepareFirstStart } = await import('${SRC}worker/first-start.ts');
const itself = hasStripped();
if (${prepares}) await prepareFirstStart(new URL('${SRC}boot.js'));
const source = \`
import { parentPort } from 'node:worker_threads';
await import('${SRC}worker/entry.ts');
parentPort.postMessage(process.moduleLoadList.some((name) => name.includes('deps/amaro')));
parentPort.close();\`;
const birth = { hostname: '', threads: 1, debug: false, lines: undefined };
new Worker(source, { eval: true, execArgv: ['--input-type=module'], workerData: birth }).on('message', (thread) =>
  console.log(JSON.stringify({ itself, thread })));
`;
}

function started(prepares: boolean, folder: string, cached: boolean): { itself: boolean; thread: boolean } {
  const script = join(folder, 'start.mjs');
  writeFileSync(script, scriptOf(prepares));
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
    env: cached ? { ...env, NODE_COMPILE_CACHE: join(folder, 'cache') } : env,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-first-'));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('with an empty cache a data thread strips nothing, because another thread did before it', () =>
  inFolder((folder) => {
    assert.deepEqual(started(true, folder, true), { itself: true, thread: false });
    assert.deepEqual(started(true, folder, true), { itself: false, thread: false });
  }));

test('unprepared it strips everything itself', () =>
  inFolder((folder) => {
    assert.deepEqual(started(false, folder, true), { itself: true, thread: true });
  }));

test('without a cache nothing is prepared, and the thread starts all the same', () =>
  inFolder((folder) => {
    assert.deepEqual(started(true, folder, false), { itself: true, thread: true });
  }));
