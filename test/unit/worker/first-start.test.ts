/**
 * The first start of a version: whether a data thread that serves has stripped types, asked of whole processes, and what
 * becomes of the calls that it was sent in an earlier life.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const SRC = new URL('../../../src/', import.meta.url).href;

/** Tells of every life of a data thread, and of what the one that serves had to do. */
const ENTRY = `
import { parentPort } from 'node:worker_threads';
const say = (message) => parentPort.postMessage({ is: 'log', level: 'info', fields: {}, message });
say('born');
await import('${SRC}worker/entry.ts');
say(process.moduleLoadList.some((name) => name.includes('deps/amaro')) ? 'stripped' : 'stripped nothing');
`;

/** Starts one data thread and asks it at once; prints what it told. */
const START = `
const { startWorker } = await import('${SRC}worker/remote.ts');
const heard = [];
const thread = startWorker({
  lane: 0,
  birth: { hostname: 'here', threads: 1, debug: false, lines: undefined },
  log: (level, fields, message) => heard.push(message),
  tell: () => {},
  onEnd: () => heard.push('ended'),
}, new URL('entry.mjs', import.meta.url));
const answer = await thread.status();
await thread.end();
console.log(JSON.stringify([...heard, answer.ok ? 'answered' : answer.reason]));
`;

/** What is heard of a data thread in a process with this folder of compiled code; without one nothing is kept. */
function heardIn(folder: string, cache: string | undefined, entry = ENTRY): string[] {
  writeFileSync(join(folder, 'entry.mjs'), entry);
  writeFileSync(join(folder, 'start.mjs'), START);
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, 'start.mjs')], {
    env: cache === undefined ? env : { ...env, NODE_COMPILE_CACHE: join(folder, cache) },
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

test('a data thread that stripped types starts over and then strips none; what it was asked meanwhile is answered', () =>
  inFolder((folder) => {
    assert.deepEqual(heardIn(folder, 'cache'), ['born', 'born', 'stripped nothing', 'ended', 'answered']);
    assert.deepEqual(heardIn(folder, 'cache'), ['born', 'stripped nothing', 'ended', 'answered']);
  }));

test('without a cache, or where none can be made, it serves as it is', () =>
  inFolder((folder) => {
    assert.deepEqual(heardIn(folder, undefined), ['born', 'stripped', 'ended', 'answered']);
    writeFileSync(join(folder, 'taken'), '');
    assert.deepEqual(heardIn(folder, 'taken'), ['born', 'stripped', 'ended', 'answered']);
  }));

test('it starts over once: one that asks for it again has died', () =>
  inFolder((folder) => {
    const again = `${ENTRY.slice(0, ENTRY.indexOf('await import'))} process.exit(75);`;
    assert.deepEqual(heardIn(folder, undefined, again), ['born', 'born', 'ended', 'the thread ended']);
  }));
