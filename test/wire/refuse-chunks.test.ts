/**
 * Bad chunk lines, bad chunk ends and bad trailers of a request: 400, a closed connection, and an origin that never sees
 * a complete message nor a byte from the bad place on. Well-formed extensions pass.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { OriginConnection } from '../support/raw-origin.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { assertLastProblem, assertProblem, FIRST } from './refusing.ts';
import { onStage, openStage, type Stage } from './stage.ts';

const HEAD = 'POST /bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

/** What follows a good head and a good first chunk, and is wrong; EVIL marks what must not come through. */
const BAD: readonly (readonly [name: string, bytes: string])[] = [
  ['an empty chunk size', '\r\nEVIL\r\n0\r\n\r\n'],
  ['a chunk size of an extension alone', ';EVIL\r\nhello\r\n0\r\n\r\n'],
  ['a negative chunk size', '-5\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size with a plus', '+5\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size with 0x', '0x5\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size with a space before it', ' 5\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size with a space behind it', '5 \r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size with a tab behind it', '5\t\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size with a vertical tab', '5\x0b\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size with an underscore', '5_0\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size with a letter beyond F', '5g\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size with NUL', '5\x00\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size in quotes', '"5"\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size of two numbers', '5,5\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size of 2^64 + 5', '10000000000000005\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size of 2^53 + 1', '20000000000001\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size of 2^32 times 2^32', 'FFFFFFFFFFFFFFFFF\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk size of a thousand digits', `${'0'.repeat(1000)}5\r\nEVILx\r\n0\r\n\r\n`],
  ['a chunk line that ends with a bare LF', '5\nEVILx\r\n0\r\n\r\n'],
  ['a chunk line with a bare CR', '5\rEVILx\r\n0\r\n\r\n'],
  ['a chunk line that ends with CR CR LF', '5\r\r\nEVILx\r\n0\r\n\r\n'],
  ['a chunk without CRLF behind it', '5\r\nhello0\r\n\r\nEVIL'],
  ['a chunk longer than its size', '5\r\nhelloEVIL\r\n0\r\n\r\n'],
  ['a chunk with a bare LF behind it', '5\r\nhello\n4\r\nEVIL\r\n0\r\n\r\n'],
  ['a chunk with a bare CR behind it', '5\r\nhello\r4\r\nEVIL\r\n0\r\n\r\n'],
  ['a chunk with LF CR behind it', '5\r\nhello\n\r4\r\nEVIL\r\n0\r\n\r\n'],
  ['an extension without a name', '5;\r\nEVILx\r\n0\r\n\r\n'],
  ['an extension of a value alone', '5;=EVIL\r\nhello\r\n0\r\n\r\n'],
  ['an extension with an empty value', '5;a=\r\nEVILx\r\n0\r\n\r\n'],
  ['an extension with two values', '5;a=b=EVIL\r\nhello\r\n0\r\n\r\n'],
  ['an extension with a space in its value', '5;a=b EVIL\r\nhello\r\n0\r\n\r\n'],
  ['an extension with an open quote', '5;a="b\r\nEVILx\r\n0\r\n\r\n'],
  ['an extension with an open escape', '5;a="b\\\r\nEVILx\r\n0\r\n\r\n'],
  ['an extension with something behind its quote', '5;a="b"EVIL\r\nhello\r\n0\r\n\r\n'],
  ['an extension with a comma', '5;a,EVIL\r\nhello\r\n0\r\n\r\n'],
  ['an extension with a bare LF', '5;a\nEVILx\r\n0\r\n\r\n'],
  ['an extension with a bare LF in its quotes', '5;a="\nEVIL"\r\nhello\r\n0\r\n\r\n'],
  ['an extension with a bare CR', '5;a=b\rEVIL\r\nhello\r\n0\r\n\r\n'],
  ['an extension with a control byte', '5;a="\x01EVIL"\r\nhello\r\n0\r\n\r\n'],
  ['an extension with NUL', '5;a=\x00EVIL\r\nhello\r\n0\r\n\r\n'],
  ['a last chunk with a malformed extension', '0;\r\nEVIL: x\r\n\r\n'],
  ['a last chunk line that ends with a bare LF', '0\nEVIL: x\r\n\r\n'],
  ['a last chunk with a minus', '-0\r\nEVIL: x\r\n\r\n'],
  ['a trailer line without a colon', '0\r\nX\r\nEVIL: y\r\n\r\n'],
  ['a trailer with a space before the colon', '0\r\nX : EVIL\r\n\r\n'],
  ['a trailer with an empty name', '0\r\n: EVIL\r\n\r\n'],
  ['a trailer with a space in its name', '0\r\nX EVIL: x\r\n\r\n'],
  ['a trailer with NUL', '0\r\nX: \x00EVIL\r\n\r\n'],
  ['a trailer with a control byte', '0\r\nX: \x01EVIL\r\n\r\n'],
  ['a trailer with DEL', '0\r\nX: \x7fEVIL\r\n\r\n'],
  ['a trailer with a bare CR', '0\r\nX: a\rEVIL\r\n\r\n'],
  ['a trailer with a bare LF', '0\r\nX: a\nEVIL: y\r\n\r\n'],
  ['a folded trailer', '0\r\nX: a\r\n EVIL\r\n\r\n'],
  ['a blank before the first trailer', '0\r\n EVIL: a\r\n\r\n'],
  ['a trailer section that ends with a bare LF', '0\r\nX: a\r\n\nGET /EVIL HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a missing trailer section with a bare LF', '0\r\n\nGET /EVIL HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a trailer of Content-Length', '0\r\nContent-Length: 4\r\n\r\nEVIL'],
  ['a trailer of Transfer-Encoding', '0\r\nX: y\r\ntransfer-encoding: chunked\r\n\r\nEVIL'],
  ['a trailer of X-Forwarded-For', '0\r\nX-Forwarded-For: EVIL\r\n\r\n'],
  ['a trailer of the correlation id', '0\r\nX-Correlation-Id: EVIL\r\n\r\n'],
  ['a trailer of a context header', '0\r\nx-user-id: EVIL\r\n\r\n'],
  ['a trailer of Host', '0\r\nhOST: EVIL\r\n\r\n'],
];

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

  for (const [name, bytes] of BAD) {
    test(`${name} is refused`, async () => {
      const message = `${HEAD}3\r\nabc\r\n${bytes}`;
      await assertChunksRefused(stage, [message]);
      await assertChunksRefused(stage, [HEAD, `3\r\nabc\r\n${bytes}`]);
      await assertChunksRefused(stage, [`${HEAD}3\r\nabc\r\n`, ...bytes]);
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
