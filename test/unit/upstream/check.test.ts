/**
 * One check over real sockets: what counts as well, and what is said about the rest.
 */

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { systemAlarms } from '../../../src/core/alarm.ts';
import { networkProbe } from '../../../src/upstream/check.ts';
import type { HealthCheckSettings } from '../../../src/upstream/upstream.ts';
import { type Handler, startOrigin } from '../../support/origin.ts';
import { freePort } from '../../support/ports.ts';
import { until } from '../../support/wait.ts';

const SETTINGS: HealthCheckSettings = {
  path: '/healthz?deep=1',
  status: [200, 299],
  body: undefined,
  interval: 5_000,
  timeout: 5_000,
  healthyAfter: 2,
  unhealthyAfter: 3,
};

function ask(port: number, settings: Partial<HealthCheckSettings> = {}): Promise<string | undefined> {
  const target = { host: '127.0.0.1', port, authority: 'cart.internal:80' };
  return networkProbe(systemAlarms)(target, { ...SETTINGS, ...settings }).trouble;
}

async function withOrigin(handler: Handler, body: (port: number) => Promise<void>): Promise<void> {
  const origin = await startOrigin(handler);
  try {
    await body(origin.port);
    let open = 1;
    await until('the connection of the check to close', () => {
      origin.server.getConnections((_, count) => {
        open = count;
      });
      return open === 0;
    });
  } finally {
    await origin.stop();
  }
}

/** An origin that speaks bytes. */
async function withBytes(heard: (socket: Socket) => void, body: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => heard(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await body((server.address() as { port: number }).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('a check is a GET of the path, with the Host of the document, on a connection of its own', async () => {
  const heard: unknown[] = [];
  await withOrigin(
    ({ method, url, headers }, response) => {
      heard.push([method, url, headers.host, headers['user-agent'], headers.connection]);
      response.end('well');
    },
    async (port) => assert.equal(await ask(port), undefined),
  );
  assert.deepEqual(heard, [['GET', '/healthz?deep=1', 'cart.internal:80', 'signalbox-health', 'close']]);
});

test('a status outside of the range is said, one inside of it is well', async () => {
  await withOrigin(
    (_, response) => response.writeHead(503).end('no'),
    async (port) => {
      assert.equal(await ask(port), 'status 503');
      assert.equal(await ask(port, { status: [500, 599] }), undefined);
    },
  );
});

test('a text must stand in the first 64 KiB of the body', async () => {
  const body = `${'x'.repeat(65_530)}ready and more`;
  await withOrigin(
    (_, response) => {
      response.write(body.slice(0, 65_532));
      response.end(body.slice(65_532));
    },
    async (port) => {
      assert.equal(await ask(port, { body: 'ready' }), undefined);
      assert.equal(await ask(port, { body: 'ready and' }), 'the text "ready and" is not in the body');
    },
  );
});

test('no more of a body is waited for than counts', async () => {
  await withOrigin(
    (_, response) => response.writeHead(200).write('x'.repeat(70_000)),
    async (port) => assert.equal(await ask(port, { body: 'ready' }), 'the text "ready" is not in the body'),
  );
});

test('a body that never ends is not waited for where its status says enough, nor longer than the limit', async () => {
  await withOrigin(
    (_, response) => response.writeHead(200).write('no end'),
    async (port) => {
      assert.equal(await ask(port), undefined);
      assert.equal(await ask(port, { body: 'ready', timeout: 30 }), 'no answer within 30 ms');
    },
  );
});

test('a port where nobody listens refuses, over HTTP and over TCP alone', async () => {
  const port = await freePort();
  assert.equal(await ask(port), 'refuses connections');
  assert.equal(await ask(port, { path: undefined }), 'refuses connections');
});

test('a connection that stands is enough where no path is asked for', () =>
  withBytes(
    () => assert.fail('nothing is sent'),
    async (port) => assert.equal(await ask(port, { path: undefined }), undefined),
  ));

test('silence, a broken connection, garbage and another protocol are all said', async () => {
  const says = async (bytes: string | undefined, timeout = 5_000) => {
    let trouble: string | undefined;
    await withBytes(
      (socket) => (bytes === undefined ? undefined : socket.end(bytes)),
      async (port) => {
        trouble = await ask(port, { timeout });
      },
    );
    return trouble;
  };
  assert.equal(await says(undefined, 30), 'no answer within 30 ms');
  assert.match((await says('')) ?? '', /broke the connection off/);
  assert.match((await says('SSH-2.0-OpenSSH\r\n')) ?? '', /^sent no valid reply/);
  assert.equal(await says('HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'), 'status 101');
});

test('a question that nobody wants an answer to any more ends at once', () =>
  withBytes(
    () => {},
    async (port) => {
      const question = networkProbe(systemAlarms)({ host: '127.0.0.1', port, authority: 'a' }, SETTINGS);
      question.end();
      assert.equal(await question.trouble, undefined);
    },
  ));
