/**
 * Everything that protects an upstream at once, over members that fail in every way and clients that leave at any moment:
 * nothing may be lost, whoever ends what.
 *
 * Rule: the same seed makes the same clients and members; what meets whom is the sockets' affair, and must not matter. That
 * no place, waiter, pass or connection is left is asked by the stage when the body is done.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededDraw } from '../support/draw.ts';
import type { RawClient } from '../support/raw-client.ts';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { breathe, until } from '../support/wait.ts';
import { bearing, plain } from './failing.ts';
import type { Changes } from './stage.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

const METHODS = ['GET', 'GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'POST', 'PATCH'];

/** What a member does with a request; `false` ends its connection. */
const DEEDS: readonly ((connection: OriginConnection) => boolean)[] = [
  (connection) => say(connection, ok('well')),
  (connection) => say(connection, ok('well')),
  (connection) => say(connection, ok('well', 'Connection: close')),
  (connection) => say(connection, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwell\r\n0\r\n\r\n'),
  (connection) => say(connection, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n') && say(connection, ok('well')),
  (connection) => say(connection, 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
  (connection) => say(connection, 'HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 9\r\n\r\nhalf'),
  (connection) => say(connection, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
  (connection) => say(connection, 'SSH-2.0\r\n\r\n'),
  () => true,
  (connection) => !say(connection, 'HTTP/1.1 200 OK\r\nContent-'),
  () => false,
];

function say(connection: OriginConnection, text: string): boolean {
  connection.send(text);
  return true;
}

function member(seed: number) {
  const draw = seededDraw(seed);
  return async (connection: OriginConnection) => {
    for (;;) {
      await connection.request();
      const deed = DEEDS[Math.floor(draw.chance() * DEEDS.length)];
      if (deed(connection)) continue;
      connection.reset();
      return;
    }
  };
}

function everything(urls: readonly string[]): Changes {
  const common = {
    timeout: { connect: '1s', attempt: '300ms', total: '2s', idle: '1s' },
    retry: { attempts: 2, on: ['connect', 'reset', 'timeout', 'protocol', 503], budget: { percent: 100 } },
    circuitBreaker: { consecutiveFailures: 8, openFor: '200ms', recovery: { ramp: '200ms' } },
    outliers: { consecutiveFailures: 3, ejectFor: '1s' },
    hedge: { after: '60ms', percent: 100 },
    limits: { concurrency: 4, queue: 3, queueTimeout: '400ms' },
  };
  return {
    route: {
      fallback: { upstream: 'other' },
      faults: { delay: { time: '100ms', percent: 10 }, abort: { status: 503, percent: 2 } },
    },
    document: {
      upstreams: {
        main: { endpoints: urls.slice(0, 3), ...common },
        other: { endpoints: urls.slice(3), ...common, limits: { concurrency: 1, queue: 1, queueTimeout: '200ms' } },
      },
    },
  };
}

/** One client's requests, and perhaps its early end. */
async function play(stage: TimedStage, chance: () => number, name: string): Promise<RawClient> {
  const client = await stage.client(chance() < 0.8 ? 'internal' : 'edge');
  const method = METHODS[Math.floor(chance() * METHODS.length)];
  const lines = chance() < 0.2 ? ['x-signalbox-deadline-ms: 250'] : [];
  const request =
    chance() < 0.5 ? bearing(method, `/${name}-a`, 'body', ...lines) : plain(method, `/${name}-a`, ...lines);
  const kind = chance();
  if (kind < 0.3) await client.send(request + plain('GET', `/${name}-b`));
  else if (kind < 0.5) await client.send(...cut(request, 3));
  else if (kind < 0.6) await client.send(`${method} /${name}-a HTTP/1.0\r\n\r\n`);
  else await client.send(request);
  const leaves = chance();
  if (leaves < 0.15) client.close();
  else if (leaves < 0.25) client.reset();
  else if (leaves < 0.3) client.end();
  return client;
}

function cut(text: string, pieces: number): string[] {
  const size = Math.ceil(text.length / pieces);
  return Array.from({ length: pieces }, (_, i) => text.slice(i * size, (i + 1) * size));
}

/** How often each request that is not idempotent came to the members. */
function delivered(stage: TimedStage): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { start } of stage.origins.flatMap(({ requests }) => requests)) {
    const [method, path] = start.split(' ');
    if (method === 'POST' || method === 'PATCH') counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  return counts;
}

for (let seed = 1; seed <= 8; seed++) {
  test(
    `nothing is lost where everything fails and anyone may leave, and no POST arrives twice (seed ${seed})`,
    onTimedStage(
      [member(seed), member(seed + 100), member(seed + 200), member(seed + 300)],
      async (stage) => {
        const { chance } = seededDraw(seed + 400);
        const clients: RawClient[] = [];
        for (let i = 0; i < 80; i++) {
          clients.push(await play(stage, chance, `${i}`));
          const pause = chance();
          if (pause < 0.7) await stage.pass(Math.floor(pause * 300));
          if (chance() < 0.2) clients[Math.floor(chance() * clients.length)].close();
          if (i === 40) stage.origins[2].server.close();
        }
        await stage.pass(5_000);
        await breathe(20);
        for (const [path, count] of delivered(stage)) assert.equal(count, 1, `${path} arrived ${count} times`);
        for (const client of clients) client.close();
        await until('all exchanges to be over', async () => (await stage.connections()) === 0);
        assert.ok((stage.counts().success ?? 0) > 0, JSON.stringify(stage.counts()));
        assert.deepEqual(
          stage.said.filter(({ level }) => level === 'error'),
          [],
        );
      },
      everything,
    ),
  );
}
