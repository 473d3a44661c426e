/**
 * Clients that come at once are let in many at a time, however long a turn of the loop takes a busy thread.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { socketsOf } from '../../src/proxy/door.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { onStage, type Stage } from './stage.ts';

const CLIENTS = 96;

async function connectionsOf({ router }: Stage): Promise<number> {
  return (await router.status()).connections;
}

test(
  'a crowd is let in within far fewer turns of the loop than it has heads',
  onStage(answering(ok('fine')), async (stage) => {
    const coming = Array.from({ length: CLIENTS }, () => stage.client());
    let turns = 0;
    for (; (await connectionsOf(stage)) < CLIENTS; turns++) await turn();
    await Promise.all(coming);
    assert.ok(turns < CLIENTS / 2, `${CLIENTS} clients were let in over ${turns} turns`);
  }),
);

test(
  'no socket of a listener stays behind when the router stops',
  onStage(answering(ok('fine')), async (stage) => {
    const port = stage.router.port('internal');
    await stage.drain();
    const server = createServer();
    // One that is left would share its port with nobody who does not ask for it.
    await once(server.listen(port, '127.0.0.1'), 'listening');
    await once(server.close(), 'close');
  }),
);

test('threads share the sockets of a listener among them, and each has some', () => {
  assert.deepEqual([1, 2, 4, 64].map(socketsOf), [16, 8, 4, 4]);
});
