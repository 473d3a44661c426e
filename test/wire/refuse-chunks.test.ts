/**
 * Bad chunk lines, bad chunk ends and bad trailers of a request: 400, a closed connection, and an origin that never sees
 * a complete message nor a byte from the bad place on. Well-formed extensions pass.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { corpus } from '../fuzz/corpus.ts';
import type { OriginConnection } from '../support/raw-origin.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { assertLastProblem, assertProblem, FIRST } from './refusing.ts';
import { onStage, openStage, type Stage } from './stage.ts';

const HEAD = 'POST /bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

/** A good head and a good first chunk stand before what is wrong; EVIL marks what must not come through. */
const BAD = corpus('requests').filter(({ group, expect }) => group === 'chunks' && expect.is === 'refused');
const GOOD_PART = `${HEAD}3\r\nabc\r\n`;

async function assertChunksRefused(stage: Stage, pieces: readonly string[]): Promise<void> {
  const seen = stage.origin.connections.length;
  const open = stage.origin.open.filter((connection) => connection.index < seen);
  const client = await stage.client();
  await client.send(...pieces);
  await assertLastProblem(await client.lastReply(), 400, 'bad_request');
  // Whatever connection the message went over is closed before the message was complete.
  for (const connection of [...open, ...stage.origin.connections.slice(seen)]) await assertCut(connection);
  client.close();
}

async function assertCut(connection: OriginConnection): Promise<void> {
  const complete = connection.requests.length;
  const begun = connection.received.split('POST /bad').length - 1;
  if (begun === 0) return;
  await connection.closed();
  assert.equal(connection.requests.length, complete);
  assert.ok(!connection.requests.some((request) => request.start.includes('/bad')), 'the message was complete');
  assert.ok(!connection.received.includes('EVIL'), `bytes from the bad place on came through: ${connection.received}`);
}

describe('refusals in a chunked request', () => {
  let stage: Stage;
  before(async () => {
    stage = await openStage(answering(ok('fine')));
  });
  after(() => stage.close());

  for (const { name, bytes } of BAD) {
    test(`${name} is refused`, async () => {
      assert.ok(bytes.startsWith(GOOD_PART));
      const bad = bytes.slice(GOOD_PART.length);
      await assertChunksRefused(stage, [bytes]);
      await assertChunksRefused(stage, [HEAD, bytes.slice(HEAD.length)]);
      await assertChunksRefused(stage, [GOOD_PART, ...(bad.length < 2_000 ? bad : [bad])]);
    });
  }

  test('a bad first chunk line behind a good request is refused after the reply to the good one', async () => {
    const client = await stage.client();
    await client.send(`${FIRST}${HEAD}zz\r\n`);
    assert.equal((await client.reply()).status, 200);
    await assertLastProblem(await client.lastReply(), 400, 'bad_request');
  });

  test('an endless extension is refused and not kept', async () => {
    const client = await stage.client();
    await client.send(`${HEAD}5;a=`);
    const flood = Buffer.alloc(65_536, 'b');
    for (let i = 0; i < 64 && client.inbox.ending === undefined; i++) await client.send(flood, '');
    assertProblem(await client.reply(), 400, 'bad_request');
  });

  test('endless trailers are refused and not kept', async () => {
    const client = await stage.client();
    await client.send(`${HEAD}0\r\n`);
    const flood = Buffer.from(`X-Flood: ${'b'.repeat(1000)}\r\n`.repeat(64), 'latin1');
    for (let i = 0; i < 64 && client.inbox.ending === undefined; i++) await client.send(flood, '');
    const reply = await client.reply();
    assert.ok(reply.status === 400 || reply.status === 431, reply.start);
  });
});

const GOOD: readonly (readonly [name: string, bytes: string])[] = [
  ['a chunk size of leading zeros', '00005\r\nhello\r\n0\r\n\r\n'],
  ['a last chunk of several zeros', '5\r\nhello\r\n000\r\n\r\n'],
  ['a chunk size in upper and lower case', 'A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n'],
  ['an extension with a value', '5;a=b\r\nhello\r\n0\r\n\r\n'],
  ['an extension without a value', '5;a\r\nhello\r\n0\r\n\r\n'],
  ['several extensions', '5;a=b;c;d="e"\r\nhello\r\n0\r\n\r\n'],
  ['an extension with a quoted value', '5;a="q\\"x"\r\nhello\r\n0\r\n\r\n'],
  ['an extension with a semicolon in its quotes', '5;a="b;c=d"\r\nhello\r\n0\r\n\r\n'],
  ['an extension of the last chunk', '5\r\nhello\r\n0;done=yes\r\n\r\n'],
  ['chunk data that looks like a chunk line', '7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n'],
  ['trailers', '5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-sum: \xe92\r\nY:\r\n\r\n'],
];

for (const [name, bytes] of GOOD) {
  test(
    `a chunked request with ${name} passes byte for byte`,
    onStage(answering(ok('fine')), async (stage) => {
      for (const pieces of [[HEAD + bytes], [HEAD, ...bytes]]) {
        const client = await stage.client();
        await client.send(...pieces);
        assert.equal((await client.reply()).status, 200);
        client.close();
      }
      for (const request of stage.origin.requests) assert.equal(request.raw, bytes);
      assert.equal(stage.origin.requests.length, 2);
    }),
  );
}
