/**
 * What every refusal must be: a problem document that explains itself, a Proxy-Status header, a closed connection, and
 * nothing of the request at the origin. Shared by the wire tests that refuse.
 */

import assert from 'node:assert/strict';
import type { Entry } from '../fuzz/corpus.ts';
import type { RawReply } from '../support/raw-client.ts';
import type { Stage } from './stage.ts';

/** RFC 9457 and RFC 9209: checks a reply the router made itself. */
export function assertProblem(reply: RawReply, status: number, code: string): void {
  assert.equal(reply.status, status, `status of ${reply.start} ${reply.body}`);
  assert.equal(reply.field('content-type'), 'application/problem+json');
  const problem = JSON.parse(reply.body) as Record<string, unknown>;
  assert.equal(problem.code, code);
  assert.equal(problem.status, status);
  for (const name of ['type', 'title', 'detail', 'correlationId']) {
    assert.equal(typeof problem[name], 'string', `${name} of ${reply.body}`);
    assert.notEqual(problem[name], '', `${name} of ${reply.body}`);
  }
  assert.equal(reply.field('x-correlation-id'), problem.correlationId, 'the id in the header and in the body');
  // A list of one: the proxy's own name, then parameters; `error` is a token (RFC 9209 section 2.1.1).
  assert.match(reply.field('proxy-status') ?? '', /^[A-Za-z*][\w.*-]*(?:; ?[a-z-]+=[^;]+)*; ?error=[a-z_]+(?:;|$)/);
}

/** A problem reply after which the router closes: it says so, sends nothing more, and closes without a reset. */
export async function assertLastProblem(reply: RawReply, status: number, code: string): Promise<void> {
  assertProblem(reply, status, code);
  assert.equal(reply.field('connection')?.toLowerCase(), 'close');
}

export const FIRST = 'GET /first HTTP/1.1\r\nHost: first\r\n\r\n';

/** Where a cut hurts: around every line end and colon, after the first byte, in the middle, before the last byte. */
export function awkwardCuts(bytes: string): number[] {
  const cuts = new Set([1, bytes.length >> 1, bytes.length - 1]);
  for (let i = 0; i < bytes.length; i++) {
    if (/[\r\n: ]/.test(bytes[i])) {
      cuts.add(i);
      cuts.add(i + 1);
    }
  }
  return [...cuts].filter((cut) => cut > 0 && cut < bytes.length).sort((a, b) => a - b);
}

/** Sends these pieces on a new connection and checks that they are refused; `before`: good requests sent along. */
export async function assertRefused(stage: Stage, pieces: readonly string[], before = 0): Promise<void> {
  const client = await stage.client();
  await client.send(...pieces);
  for (let i = 0; i < before; i++) assert.equal((await client.reply()).status, 200, 'the good request before');
  await assertLastProblem(await client.lastReply(), 400, 'bad_request');
  client.close();
}

/** Nothing but these good requests came to the origin since `mark`, and nothing is left over on its connections. */
export async function assertUnharmed(stage: Stage): Promise<void> {
  await stage.fence();
  const targets = stage.origin.requests.map((request) => request.start.split(' ')[1]);
  assert.deepEqual(
    [...new Set(targets)].filter((target) => target !== '/first' && target !== '/fence'),
    [],
  );
  assert.equal(stage.origin.connections.map((connection) => connection.inbox.unread).join(''), '');
}

/** One entry of the corpus: whole, behind a good request in the same packet, and cut in two at awkward places. */
export async function assertRefusedAnyhow(stage: Stage, { bytes }: Entry): Promise<void> {
  await assertRefused(stage, [bytes]);
  await assertRefused(stage, [FIRST + bytes], 1);
  for (const cut of awkwardCuts(bytes)) await assertRefused(stage, [bytes.slice(0, cut), bytes.slice(cut)]);
  await assertUnharmed(stage);
}
