/**
 * A client that half-closes: what it had asked for breaks off visibly, and nothing else does.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok, type Script } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { onStage } from './stage.ts';

/** Half of a reply that ends with its connection. */
const half: Script = async (connection) => {
  await connection.request();
  connection.send('HTTP/1.1 200 OK\r\n\r\nhalf of it');
  await connection.closed();
};

test(
  'a client that half-closes while its reply comes does not take the end of the connection for the end of the reply',
  onStage(half, async (stage) => {
    const client = await stage.client();
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the beginning of the reply', () => client.inbox.all.endsWith('half of it'));
    client.end();
    assert.equal(await client.closed(), 'rst');
    assert.equal((await stage.logged('/')).code, 'client_gone');
  }),
);

test(
  'a client that half-closes between two requests is closed in good order',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    client.end();
    assert.equal(await client.closed(), 'fin');
  }),
);
