/**
 * What reading and writing heads costs, in nanoseconds: `node bench/micro/head.ts`.
 *
 * Rule: heads are bytes of a buffer, as a socket gives them, and what is written ends as bytes. Every answer is checked before anything is timed; of many short rounds the best counts,
 * because on a shared machine the others tell of the neighbours.
 */

import { systemDraw } from '../../src/core/draw.ts';
import { Exchange } from '../../src/core/exchange.ts';
import { NameSet } from '../../src/core/names.ts';
import { Sheet } from '../../src/core/sheet.ts';
import { BodyReader } from '../../src/http1/body.ts';
import { FRAMING } from '../../src/http1/fields.ts';
import { ReplyHead } from '../../src/http1/reply.ts';
import { type HeadLimits, RequestHead } from '../../src/http1/request.ts';
import { replyHead, requestHead } from '../../src/proxy/heads.ts';
import { forwardedLines, identify } from '../../src/proxy/identify.ts';
import { headRules } from '../../src/proxy/rules.ts';
import type { Correlation, ListenerTable, Table } from '../../src/routing/route.ts';
import { tell } from './timing.ts';

const ROUNDS = 300;
const ROUND = 5_000;

const LIMITS: HeadLimits = { target: 16_384, head: 65_536, headers: 200 };

const REQUEST = [
  'GET /cart/items/4711?page=2&sort=price HTTP/1.1',
  'Host: cart.internal',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0',
  'Accept: application/json, text/plain, */*',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding: gzip, deflate, br',
  'Referer: http://shop.example/catalogue/autumn',
  'Origin: http://shop.example',
  'Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark',
  'X-User-Id: user-1234567',
  'X-Requested-With: fetch',
  'Cache-Control: no-cache',
  'Connection: keep-alive',
  '',
  '',
].join('\r\n');

const REPLY = [
  'HTTP/1.1 200 OK',
  'Date: Fri, 02 Jan 2026 03:04:05 GMT',
  'Content-Type: application/json; charset=utf-8',
  'Content-Length: 1024',
  'ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4"',
  'Cache-Control: private, max-age=0',
  'Vary: Accept-Encoding',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
  '',
  '',
].join('\r\n');

const names = new NameSet();
const correlation: Correlation = {
  header: 'x-correlation-id',
  number: names.add('x-correlation-id'),
  context: ['x-user-id', 'x-tournament-id'].map((name) => ({ name, number: names.add(name) })),
  caller: names.add('x-caller'),
};
const listener: ListenerTable = {
  id: 'internal',
  settings: {
    address: '127.0.0.1:0',
    zone: 'internal',
    tls: [],
    trustedProxies: [],
    limits: { ...LIMITS, body: Number.POSITIVE_INFINITY, connections: 1 },
    timeout: { head: 10_000, body: 10_000, keepAlive: 75_000 },
    minBodyRate: 0,
  },
  internal: true,
  block: 0,
  trusts: () => false,
  match: ({ target }) => ({ is: 'none', path: target }),
};
const table: Table = {
  revision: 'r1',
  names,
  correlation,
  listeners: new Map([[listener.id, listener]]),
  routes: new Map(),
  destinations: new Map(),
  drain: { notice: 0, limit: 0 },
};
const rules = headRules(table, listener);
const rewrite = { target: undefined, host: undefined, request: undefined, response: undefined };

const requestBytes = Buffer.from(REQUEST, 'latin1');
const replyBytes = Buffer.from(REPLY, 'latin1');
const out = new Sheet();
const request = new RequestHead();
const reply = new ReplyHead();
const body = new BodyReader();

const readRequest = (): number => request.parse(requestBytes, 0, requestBytes.length, names, LIMITS);
const readReply = (): number => reply.parse(replyBytes, 0, replyBytes.length, names, false);

const hops = undefined;
const forwarded = forwardedLines('192.0.2.7', 'cart.internal');

function writeRequest(): number {
  const exchange = new Exchange(0, 0.5, request, 'internal', '192.0.2.7', 'r1');
  identify(exchange, request, correlation, true, systemDraw);
  exchange.attempts = 1;
  out.begin();
  requestHead(out, { request, exchange, rules, rewrite, forwarded, hops }, '127.0.0.1:7001', 10_000);
  return out.at;
}

const answered = new Exchange(0, 0.5, request, 'internal', '192.0.2.7', 'r1');
answered.drawIds(systemDraw);

function writeReply(): number {
  out.begin();
  replyHead(out, reply, rules, undefined, answered, 'cart', false, 1, '');
  return out.at;
}

const chunks = Buffer.from(`${'400\r\n'}${'x'.repeat(1_024)}\r\n`.repeat(16), 'latin1');

function readChunks(): number {
  body.begin(FRAMING.chunked, 0, false, undefined);
  return body.read(chunks, 0, chunks.length);
}

/** Best time of one call over many short rounds, in nanoseconds. */
function best(call: () => number, wanted: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    let sum = 0;
    const started = performance.now();
    for (let i = 0; i < ROUND; i++) sum += call();
    least = Math.min(least, performance.now() - started);
    if (sum !== wanted * ROUND) throw new Error(`a call gave something other than ${wanted}`);
  }
  return (least * 1e6) / ROUND;
}

function check(what: string, ok: boolean): void {
  if (!ok) throw new Error(`wrong answer: ${what}`);
}

check('request', readRequest() === REQUEST.length && request.host === 'cart.internal');
check('reply', readReply() === REPLY.length && reply.length === 1_024 && reply.persistent);
check('chunks', readChunks() === chunks.length && body.dataBytes === 16 * 1_024);
const requestOut = writeRequest();
const sent = new RequestHead();
check(
  'request sent',
  sent.parse(out.bytes, 0, requestOut, names, LIMITS) === requestOut && sent.target === request.target,
);
const replyOut = writeReply();
check('reply sent', new ReplyHead().parse(out.bytes, 0, replyOut, names, false) === replyOut);

const cases: readonly (readonly [what: string, call: () => number, wanted: number])[] = [
  [`request head read (12 lines, ${REQUEST.length} bytes)`, readRequest, REQUEST.length],
  [`request head written (${requestOut} bytes)`, writeRequest, requestOut],
  [`reply head read (8 lines, ${REPLY.length} bytes)`, readReply, REPLY.length],
  [`reply head written (${replyOut} bytes)`, writeReply, replyOut],
  [`16 chunks of 1 KiB read (${chunks.length} bytes)`, readChunks, chunks.length],
];
for (const [what, call, wanted] of cases) tell(what, best(call, wanted));
