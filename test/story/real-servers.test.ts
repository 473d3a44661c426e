/**
 * Servers as they are, each with its own idea of when a connection ends: the pool must not lose a request over any.
 */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { before, between, bodyOf } from '../support/between.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/programs.ts';
import { connectRaw } from '../support/raw-client.ts';
import { ok, type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';

/** A router before an origin that runs a script. */
async function beforeScript(script: Script, body: (port: number, origin: RawOrigin) => Promise<void>): Promise<void> {
  const origin = await startRawOrigin(script);
  try {
    await before(origin.port, (router) => body(router.port(), origin));
  } finally {
    await origin.stop();
  }
}

/** Requests one after the other over each of some connections; gives back how many times each status came. */
async function rush(port: number, lanes: number, each: number, request: (n: number) => string) {
  const statuses: Record<number, number> = {};
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      const client = await connectRaw(port);
      for (let i = 0; i < each; i++) {
        const { status } = await client.ask(request(lane * each + i));
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
      client.close();
    }),
  );
  return statuses;
}

const getting = (n: number) => `GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`;
const posting = (n: number) => `POST /${n} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`;

/** One reply a connection. `announced`: it says so; else the close races with the next request. */
function closing(announced: boolean): Script {
  return async (connection) => {
    await connection.request();
    connection.send(ok('fine', ...(announced ? ['Connection: close'] : [])));
    connection.end();
  };
}

for (const announced of [true, false]) {
  const how = announced ? 'with a word' : 'without a word';
  test(`an origin that closes behind every reply ${how} costs no idempotent request`, () =>
    beforeScript(closing(announced), async (port) => {
      assert.deepEqual(await rush(port, 4, 100, getting), { 200: 400 });
    }));

  test(`what must not be sent twice reaches an origin that closes ${how} at most once`, () =>
    beforeScript(closing(announced), async (port, origin) => {
      const statuses = await rush(port, 4, 60, posting);
      const { 200: fine = 0, 502: lost = 0 } = statuses;
      assert.equal(fine + lost, 240, JSON.stringify(statuses));
      if (announced) assert.equal(lost, 0);
      const heard = origin.requests.map(({ start }) => start);
      assert.equal(new Set(heard).size, heard.length, 'one came twice');
      assert.ok(heard.length >= fine);
    }));
}

test('an origin that never closes answers a thousand requests over one connection', () =>
  beforeScript(
    async (connection) => {
      for (;;) {
        await connection.request();
        connection.send(ok('fine'));
      }
    },
    async (port, origin) => {
      assert.deepEqual(await rush(port, 1, 1000, getting), { 200: 1000 });
      assert.equal(origin.connections.length, 1);
      assert.deepEqual(await rush(port, 8, 50, getting), { 200: 400 });
      assert.ok(origin.connections.length <= 8, `${origin.connections.length} connections for eight at a time`);
    },
  ));

test('an origin of HTTP/1.0 loses nothing, though it offers to keep a connection that is not used again', () =>
  beforeScript(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nfine');
      await connection.closed();
    },
    async (port, origin) => {
      assert.deepEqual(await rush(port, 2, 20, posting), { 200: 40 });
      assert.equal(origin.connections.length, 40);
    },
  ));

test('node:http, which closes idle connections after the second it announces, never gets one that it is closing', async () => {
  const origin = createServer({ keepAliveTimeout: 1000 }, async (request, response) => {
    await bodyOf(request);
    response.end('fine');
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  try {
    await before((origin.address() as AddressInfo).port, async (router) => {
      // Each lane rests a little longer than the one before: around the moment at which either side gives up.
      const rests = [420, 460, 480, 500, 520, 540, 900, 960, 1000, 1040];
      await Promise.all(
        rests.map(async (rest) => {
          const client = await connectRaw(router.port());
          for (let i = 0; i < 3; i++) {
            assert.equal((await client.ask(posting(i))).status, 200);
            await new Promise((resolve) => setTimeout(resolve, rest));
          }
          client.close();
        }),
      );
    });
  } finally {
    origin.close();
    origin.closeAllConnections();
  }
});

test('an origin that is not up yet is 502 until it is, and then serves at once', async () => {
  const port = await freePort();
  await before(port, async (router) => {
    const client = await connectRaw(router.port());
    const refused = await client.ask(getting(0));
    assert.deepEqual([refused.status, /"code":"upstream_connect"/.test(refused.body)], [502, true]);
    const origin = createServer((_, response) => response.end('up'));
    await new Promise<void>((resolve) => origin.listen(port, '127.0.0.1', resolve));
    assert.equal((await client.ask(getting(1))).body, 'up');
    client.close();
    origin.close();
    origin.closeAllConnections();
  });
});

test('a server that takes its time to answer is waited for', () =>
  between(
    (_, response) => {
      setTimeout(() => response.end('late'), 1200);
    },
    async ({ router }) => {
      const client = await connectRaw(router.port());
      assert.equal((await client.ask(getting(0))).body, 'late');
      client.close();
    },
  )());

/** h2load as an HTTP/1.1 client: four connections, kept, and as many requests on their way on each as told. */
for (const pipelined of [1, 8]) {
  test(`two thousand requests of h2load, ${pipelined} at a time on each connection, all succeed`, () =>
    between(
      (_, response) => response.end('fine'),
      async ({ url, router }) => {
        const load = ['--h1', '-n', '2000', '-c', '4', '-m', String(pipelined)];
        const { code, out, err } = await run('h2load', [...load, `${url}/x`]);
        assert.equal(code, 0, err);
        assert.match(
          out.toString(),
          /requests: 2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored/,
        );
        await until('the lines of all', async () => (await router.accessLog(2000)).length === 2000);
      },
    )());
}
