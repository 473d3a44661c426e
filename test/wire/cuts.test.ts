/**
 * However a message is cut, it means the same: every request and every reply of the corpora, good and bad, cut at every
 * byte and at random places, has the same effect as in one piece.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { corpus, type Entry } from '../fuzz/corpus.ts';
import type { Message } from '../support/bytes.ts';
import { ok, type Script } from '../support/raw-origin.ts';
import { breathe } from '../support/wait.ts';
import { awkwardCuts } from './refusing.ts';
import { openStage, type Stage } from './stage.ts';

const CLOSE = 'Connection: close\r\nX-Correlation-Id: fixed-1\r\n\r\n';
const GOOD: readonly string[] = [
  `GET /a?b=%20c HTTP/1.1\r\nHost: a\r\nX: \xe9 b\r\n${CLOSE}`,
  `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n${CLOSE}hello`,
  `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${CLOSE}5;a="b;\\"c"\r\nhe\r\nl\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n`,
  `GET http://a/abs?x HTTP/1.1\r\nHost: a\r\n${CLOSE}`,
  `HEAD /a HTTP/1.1\r\nHost: a\r\n${CLOSE}`,
  'GET /old HTTP/1.0\r\nHost: a\r\nX-Correlation-Id: fixed-1\r\n\r\n',
  `\r\nGET /empty-line HTTP/1.1\r\nHost: a\r\n${CLOSE}`,
  `POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nX-Correlation-Id: fixed-1\r\n\r\nhi\r\nGET /2 HTTP/1.1\r\nHost: a\r\n${CLOSE}`,
  `GET /1 HTTP/1.1\r\nHost: nowhere\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n${CLOSE}`,
  `GET /1 HTTP/1.1\r\nHost: nowhere\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n${CLOSE}`,
  `\r\n\r\nGET /two-empty-lines HTTP/1.1\r\nHost: a\r\n${CLOSE}`,
  `GET /1 HTTP/1.1\r\nHost: a\r\nX-Correlation-Id: fixed-1\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n${CLOSE}hi`,
];
const MOST = 300;
/** Refused, short, and by the head alone. */
const isBadHead = ({ group, expect, bytes }: Entry): boolean => {
  const inHead = ['framing', 'fields', 'host', 'line', 'heads'].includes(group);
  return inHead && expect.is === 'refused' && expect.kind !== 'limit' && bytes.length < MOST;
};
const BAD = corpus('requests')
  .filter(isBadHead)
  .map(({ bytes }) => bytes);

function cutAt(bytes: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts)].filter((cut) => cut > 0 && cut < bytes.length).sort((a, b) => a - b);
  return [0, ...places].map((place, i) => bytes.slice(place, places[i] ?? bytes.length));
}

/** What an origin saw of a request, without what is drawn or measured anew each time. */
function essence({ start, fields, raw, trailers }: Message): unknown {
  const drawn = /^(traceparent|x-signalbox-deadline-ms|x-correlation-id)$/i;
  return { start, fields: fields.filter((field) => !drawn.test(field[0])), raw, trailers };
}

/** Without ids and dates, and without the words in which the router explains a fault, which may follow how far it read. */
function plainText(text: string): string {
  const lines = text
    .replace(/"correlationId":"[^"]*"|"detail":"(?:[^"\\]|\\.)*"/g, '')
    .replace(/^(x-correlation-id|date):.*$|; details="(?:[^"\\]|\\.)*"/gim, '');
  return lines.includes('problem+json') ? lines.replaceAll(/^content-length:.*$/gim, '') : lines;
}

/** Sends the pieces; what the client and the origin saw until the router closed. */
async function effect(stage: Stage, pieces: readonly string[]): Promise<unknown> {
  const mark = stage.origin.requests.length;
  const client = await stage.client();
  await client.send(...pieces);
  const { text, ending } = await client.untilClose();
  client.close();
  return { text: plainText(text), ending, seen: stage.origin.requests.slice(mark).map(essence) };
}

/** One piece, then cut at every byte; then a property: random messages, random cuts. */
async function assertSame(bytes: string, run: (pieces: string[]) => Promise<unknown>, cuts: number[]): Promise<void> {
  const whole = await run([bytes]);
  for (const cut of cuts)
    assert.deepEqual(await run(cutAt(bytes, [cut])), whole, `cut at ${cut} of ${JSON.stringify(bytes)}`);
}

const everyByte = (bytes: string) => Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
const cutting = (all: readonly string[]) =>
  fc.record({
    bytes: fc.constantFrom(...all),
    cuts: fc.array(fc.nat({ max: 300 }), { minLength: 2, maxLength: 12 }),
  });

async function assertProperty(all: readonly string[], run: (pieces: string[]) => Promise<unknown>): Promise<void> {
  const wholes = new Map<string, unknown>();
  const property = fc.asyncProperty(cutting(all), async ({ bytes, cuts }) => {
    if (!wholes.has(bytes)) wholes.set(bytes, await run([bytes]));
    assert.deepEqual(await run(cutAt(bytes, cuts)), wholes.get(bytes));
  });
  await fc.assert(property, { numRuns: 300, endOnFailure: true });
}

describe('requests in pieces', () => {
  let stage: Stage;
  const echo: Script = async (connection) => {
    for (;;) {
      const { start, body } = await connection.request();
      connection.send(start.startsWith('HEAD') ? ok('').replace(': 0', ': 9') : ok(`${start} ${body}`));
    }
  };
  before(async () => {
    // Another host has no route: the router answers itself.
    stage = await openStage(echo, { route: { match: { host: 'a', path: '/' } } });
  });
  after(() => stage.close());
  const run = (pieces: string[]) => effect(stage, pieces);

  for (const bytes of GOOD) {
    test(`${JSON.stringify(bytes.slice(0, 40))}... has the same effect wherever it is cut`, () =>
      assertSame(bytes, run, everyByte(bytes)));
  }
  test('every refusal is the same wherever it is cut', async () => {
    for (const bytes of BAD) await assertSame(bytes, run, awkwardCuts(bytes));
  });
  test('requests in many random pieces have the same effect as in one', () => assertProperty([...GOOD, ...BAD], run));
  test('requests byte by byte have the same effect as in one piece', async () => {
    for (const bytes of GOOD) await assertSame(bytes, (pieces) => run(pieces.flatMap((piece) => [...piece])), [1]);
  });
});

const REPLIES: readonly string[] = [
  ok('hello', 'X: \xe9 b', 'x: c'),
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhe\r\nl\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi',
  `${ok('hello')}EXTRA`,
];
const HEADS = corpus('replies')
  .filter((entry) => isBadHead(entry) && entry.asked === 'GET')
  .map(({ bytes }) => bytes);

describe('replies in pieces', () => {
  let stage: Stage;
  let pieces: readonly string[] = [];
  const speaking: Script = async (connection) => {
    for (;;) {
      await connection.request();
      for (const piece of pieces) {
        connection.send(piece);
        await breathe();
      }
    }
  };
  before(async () => {
    stage = await openStage(speaking);
  });
  after(() => stage.close());
  const run = async (cut: string[]) => {
    pieces = cut;
    const { text, ending } = (await effect(stage, [`GET / HTTP/1.1\r\nHost: a\r\n${CLOSE}`])) as Record<
      string,
      unknown
    >;
    return { text, ending };
  };

  for (const bytes of REPLIES) {
    test(`${JSON.stringify(bytes.slice(0, 60))}... is relayed the same wherever it is cut`, () =>
      assertSame(bytes, run, everyByte(bytes)));
  }
  test('every nonsense is 502 wherever it is cut', async () => {
    for (const bytes of HEADS) await assertSame(bytes, run, awkwardCuts(bytes));
  });
  test('replies in many random pieces have the same effect as in one', () =>
    assertProperty([...REPLIES, ...HEADS], run));
});
