/**
 * Messages with random edits: whatever comes of them, the router and a strict reader of its own agree. What it sends on is
 * well-formed, is what a strict reader finds in the client's bytes, and never more; what it relays to a client likewise.
 */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { Inbox, type Message, readMessage } from '../support/bytes.ts';
import { ok, type Script } from '../support/raw-origin.ts';
import { breathe } from '../support/wait.ts';
import { openStage, type Stage } from './stage.ts';

const RUNS = 1500;

const HIDDEN = 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n';
const REQUESTS = [
  'GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n',
  'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n',
  `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
];
const REPLIES = [
  ok('hello', 'X: y'),
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno',
  'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 7\r\n\r\n',
];

const BYTES = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '=',
  '"',
  '\\',
  '0',
  '5',
  'a',
  'F',
  '-',
  '+',
  '\x00',
  '\x0b',
  '\x7f',
  '\xff',
];
const LINES = [
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: b\r\n',
  ' folded\r\n',
  '0\r\n\r\n',
  'Connection: close\r\n',
];

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.integer({ min: 0, max: 2 }),
  put: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...BYTES) }, fc.constantFrom(...LINES), fc.constant('')),
});
const mutation = (corpus: readonly string[]) =>
  fc.record({ bytes: fc.constantFrom(...corpus), edits: fc.array(edit, { minLength: 1, maxLength: 3 }) }).map(mutate);

function mutate({ bytes, edits }: { bytes: string; edits: Edit[] }): string {
  let text = bytes;
  for (const { at, cut, put } of edits) {
    const place = Math.floor(at * text.length);
    text = text.slice(0, place) + put + text.slice(place + cut);
  }
  return text;
}

/** The messages a strict reader finds at the beginning of these bytes, up to the first that is not well-formed. */
async function strictly(bytes: string, kind: 'request' | 'reply'): Promise<Message[]> {
  const source = new PassThrough();
  const inbox = new Inbox(source);
  source.end(Buffer.from(bytes, 'latin1'));
  const found: Message[] = [];
  try {
    for (;;) {
      // An empty line before a request is passed over (RFC 9112 section 2.2).
      while (kind === 'request' && (await inbox.skip('\r\n')));
      found.push(await readMessage(inbox, kind));
    }
  } catch {
    return found;
  }
}

const methodOf = ({ start }: Message) => start.split(' ')[0];

describe('requests with random edits', () => {
  let stage: Stage;
  const echo: Script = async (connection) => {
    for (;;) connection.send(ok(`got ${(await connection.request()).body}`));
  };
  before(async () => {
    stage = await openStage(echo);
  });
  after(() => stage.close());

  async function assertAgreed(bytes: string): Promise<void> {
    const mark = stage.origin.requests.length;
    const client = await stage.client();
    await client.send(bytes);
    await breathe(12);
    client.end();
    const { text } = await client.untilClose();
    client.close();
    const replies = await strictly(text, 'reply');
    assert.equal(replies.map((reply) => reply.head + reply.raw).join(''), text, 'the client got something malformed');
    const sent = stage.origin.requests.slice(mark);
    const meant = await strictly(bytes, 'request');
    assert.ok(sent.length <= meant.length, `${sent.length} requests were made of ${meant.length}`);
    for (const [i, request] of sent.entries()) {
      assert.equal(methodOf(request), methodOf(meant[i]));
      assert.equal(request.framing, meant[i].framing);
      assert.equal(request.raw, meant[i].raw);
      assert.deepEqual(request.trailers, meant[i].trailers);
    }
    const served = replies.filter((reply) => reply.start === 'HTTP/1.1 200 OK');
    assert.deepEqual(
      served.map((reply) => reply.body),
      sent.slice(0, served.length).map((request) => `got ${request.body}`),
      'replies and requests do not match',
    );
  }

  test('the origin gets what a strict reader reads, or nothing', async () => {
    await fc.assert(fc.asyncProperty(mutation(REQUESTS), assertAgreed), { numRuns: RUNS });
    await stage.fence();
  });

  test('pipelined behind each other, none becomes a part of the next', async () => {
    const several = fc.tuple(mutation(REQUESTS), fc.constantFrom(...REQUESTS)).map((both) => both.join(''));
    await fc.assert(fc.asyncProperty(several, assertAgreed), { numRuns: RUNS });
    await stage.fence();
  });
});

describe('replies with random edits', () => {
  let stage: Stage;
  let reply = '';
  const speaking: Script = async (connection) => {
    for (;;) {
      const { start } = await connection.request();
      connection.send(start.includes('/second') ? ok('second') : reply);
      await breathe(4);
      // What is not complete by now never will be.
      if (!start.includes('/second')) connection.end();
    }
  };
  before(async () => {
    stage = await openStage(speaking);
  });
  after(() => stage.close());

  const isFinal = ({ start }: Message) => !/^HTTP\/1\.1 1\d\d/.test(start);
  const byRouter = ({ head }: Message) => head.includes('Proxy-Status: ');

  async function assertAgreed(bytes: string): Promise<void> {
    reply = bytes;
    const client = await stage.client();
    await client.send('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const { text, ending } = await client.untilClose();
    client.close();
    const [first, second, ...more] = (await strictly(text, 'reply')).filter(isFinal);
    assert.equal(more.length, 0, `more than two replies: ${text}`);
    if (second !== undefined)
      assert.ok(second.body === 'second' || byRouter(second), `not the second's reply: ${text}`);
    if (first === undefined || byRouter(first) || (first.framing === 'close' && ending === 'rst')) return;
    const meant = (await strictly(bytes.replaceAll('HTTP/1.0', 'HTTP/1.1'), 'reply')).find(isFinal);
    assert.ok(meant !== undefined, `a reply was made of nonsense: ${text}`);
    assert.equal(first.start, meant.start);
    assert.equal(first.raw, meant.raw);
  }

  test('the client gets what a strict reader reads, or 502, or no clean end; and the next reply is its own', async () => {
    await fc.assert(fc.asyncProperty(mutation(REPLIES), assertAgreed), { numRuns: RUNS });
  });
});

test('the strict reader of these tests finds what is there', async () => {
  assert.equal((await strictly(REQUESTS.join(''), 'request')).length, REQUESTS.length);
  assert.equal((await strictly(`${REQUESTS[0]}GET\r\n\r\n`, 'request')).length, 1);
});
