/**
 * Nothing of one message shows in the next: a request, or a reply, has the same effect on a fresh connection and behind
 * any other on the same connections.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Message } from '../support/bytes.ts';
import { asReply, type RawClient } from '../support/raw-client.ts';
import { ok, type Script } from '../support/raw-origin.ts';
import { openStage, type Stage } from './stage.ts';

const RUNS = 400;

const LINES = [
  'Connection: x-a, keep-alive',
  'Connection: TE',
  'TE: trailers',
  'TE: gzip',
  'X-A: 1',
  'X-B: 2',
  'Keep-Alive: timeout=5',
  'X-Correlation-Id: mine-1',
  'x-correlation-id: mine-2',
  'X-User-Id: u-1',
  'x-caller: cart',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'tracestate: a=1',
  'tracestate: b=2',
  'X-Forwarded-For: 203.0.113.9',
  'Forwarded: for=203.0.113.9',
  'Via: 1.1 other',
  'Cookie: a=1',
  'Expect: something',
  'X-Signalbox-Attempt: 7',
  'Proxy-Authorization: Basic eA==',
];
const BODIES = [
  '\r\n',
  'Content-Length: 0\r\n\r\n',
  'Content-Length: 5\r\n\r\nhello',
  'Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n',
];

/** Any of the lines in any order, the Host somewhere among them, with a body or none. */
const request = fc
  .tuple(
    fc.constantFrom('GET /a', 'POST /b?c', 'HEAD /d', 'GET http://a/e', 'DELETE /f'),
    fc.shuffledSubarray([...LINES]),
    fc.nat(),
    fc.constantFrom(...BODIES),
  )
  .map(([start, lines, at, body]) => {
    const all = lines.toSpliced(at % (lines.length + 1), 0, 'Host: a');
    return `${start} HTTP/1.1\r\n${all.map((line) => `${line}\r\n`).join('')}${body}`;
  });

const REPLY_LINES = [
  'Connection: x-a',
  'X-A: 1',
  'X-B: 2',
  'Keep-Alive: timeout=5',
  'X-Correlation-Id: theirs',
  'X-Signalbox-Upstream: theirs',
  'Upgrade: talk',
  'Set-Cookie: a=1',
  'Set-Cookie: b=2',
  'Trailer: X-Sum',
];
const reply = fc
  .tuple(
    fc.constantFrom('200 OK', '204 No Content', '304 Not Modified', '404 Not Found', '299 '),
    fc.shuffledSubarray([...REPLY_LINES]),
    fc.constantFrom(...BODIES.slice(1)),
  )
  .map(([status, lines, framed]) => {
    const body = /^(204|304)/.test(status) ? '\r\n' : framed;
    return `HTTP/1.1 ${status}\r\n${lines.map((line) => `${line}\r\n`).join('')}${body}`;
  });

const DRAWN = /^(traceparent|x-signalbox-deadline-ms|x-correlation-id|date)$/i;

/** What there is to see of a message, without what is drawn anew each time. */
function essence({ start, fields, raw, trailers }: Message, kept: RegExp): unknown {
  return {
    start,
    fields: fields.map(([name, value]) => [name, DRAWN.test(name) && !kept.test(value) ? '' : value]),
    raw,
    trailers,
  };
}

const KEPT_IDS = /^mine-/;

describe('messages behind others', () => {
  let stage: Stage;
  let answer = ok('');
  const speaking: Script = async (connection) => {
    for (;;) {
      const { start } = await connection.request();
      connection.send(start.startsWith('HEAD') ? ok('') : answer);
    }
  };
  before(async () => {
    stage = await openStage(speaking);
  });
  after(() => stage.close());

  async function ask(client: RawClient, bytes: string): Promise<{ sent: unknown; got: unknown }> {
    const got = await client.ask(bytes);
    const sent = stage.origin.requests.at(-1);
    assert.ok(sent !== undefined);
    return { sent: essence(sent, KEPT_IDS), got: essence(asReply(got), KEPT_IDS) };
  }

  test('a request is the same behind any other', async () => {
    answer = ok('');
    const property = fc.asyncProperty(request, request, async (first, second) => {
      const fresh = await stage.client();
      const alone = await ask(fresh, second);
      fresh.close();
      const client = await stage.client();
      await ask(client, first);
      assert.deepEqual(await ask(client, second), alone);
      client.close();
    });
    await fc.assert(property, { numRuns: RUNS });
  });

  test('a reply is the same behind any other', async () => {
    const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const property = fc.asyncProperty(reply, reply, async (first, second) => {
      const client = await stage.client();
      const replies = [];
      for (answer of [second, first, second]) replies.push((await ask(client, get)).got);
      assert.deepEqual(replies[2], replies[0]);
      client.close();
    });
    await fc.assert(property, { numRuns: RUNS });
  });
});
