/**
 * Idle client connections: what each of them holds in memory, however large the request before was.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startRouter } from '../support/app.ts';
import { settled } from '../support/leaks.ts';
import { startOrigin } from '../support/origin.ts';
import { within } from '../support/wait.ts';
import { documentFor } from '../wire/stage.ts';

const CONNECTIONS = 1500;
/** Promised: 4 KB each, of which the system's own handle takes about 0.5 outside of this heap. */
const MOST_HEAP = 3072;

/**
 * Clients in a process of their own, so that their memory is not counted: each sends one request, reads the reply and stays.
 * Prints a line when all have theirs, ends when its input does.
 */
const CLIENTS = `
const { connect } = require('node:net');
const [port, count, size] = process.argv.slice(1).map(Number);
const head = 'GET /x HTTP/1.1\\r\\nHost: a-host-of-some-length.internal\\r\\nX-Filler: ' + 'x'.repeat(size) + '\\r\\n\\r\\n';
let begun = 0, done = 0;
function next() {
  if (begun++ >= count) return;
  const socket = connect(port, '127.0.0.1', () => socket.write(head));
  socket.once('data', () => { next(); if (++done === count) console.log('all'); });
}
for (let i = 0; i < 20; i++) next();
process.stdin.on('end', () => process.exit()).resume();
`;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function startClients(port: number, count: number, size: number): ChildProcess {
  const args = ['-e', CLIENTS, String(port), String(count), String(size)];
  return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

const served = (clients: ChildProcess) =>
  within('all clients to be served', once(clients.stdout ?? clients, 'data'), 30_000);

async function leave(clients: ChildProcess): Promise<void> {
  clients.stdin?.end();
  await once(clients, 'exit');
}

/** Bytes in use on the heap when nothing more can be collected. */
async function heldBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

for (const size of [200, 12_000]) {
  test(`an idle client connection holds less than 4 KB after a head of ${size} bytes`, async () => {
    const origin = await startOrigin((_, response) => response.end('x'.repeat(1000)));
    const router = await startRouter(documentFor(origin.port));
    try {
      const warm = startClients(router.port(), 100, size);
      await served(warm);
      await leave(warm);
      await settled(router);
      const before = await heldBytes();
      const clients = startClients(router.port(), CONNECTIONS, size);
      await served(clients);
      const { connections, exchanges } = await router.status();
      assert.deepEqual({ connections, exchanges }, { connections: CONNECTIONS, exchanges: 0 });
      const each = ((await heldBytes()) - before) / CONNECTIONS;
      await leave(clients);
      assert.ok(each < MOST_HEAP, `${Math.round(each)} bytes of heap for each idle connection`);
      await settled(router);
    } finally {
      await router.stop();
      await origin.stop();
    }
  });
}
