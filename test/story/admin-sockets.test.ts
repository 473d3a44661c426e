/**
 * Bytes at the admin port that are no request, or never become one: each is refused or waited for, and the process that
 * carries the traffic lives on.
 *
 * SEED=n draws the random bytes of that seed again.
 */

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { adminClient } from '../support/admin-client.ts';
import { type Started, startProcess, statusOf } from '../support/process.ts';
import { connectRaw, type RawClient } from '../support/raw-client.ts';
import { until } from '../support/wait.ts';

const SEED = Number(process.env.SEED ?? 271_828);
const HOST = 'Host: localhost\r\n';

const document = (port: number, admin: number) => `listeners: { internal: { address: 127.0.0.1:${port} } }
admin: { address: 127.0.0.1:${admin} }
workers: 1
drain: { notice: 1ms, limit: 1s }
upstreams: { cart: { endpoints: [ http://127.0.0.1:9 ] } }
routes: { cart: { match: { path: /cart }, upstream: cart } }
`;

let router: Started;
let port = 0;
let revision = '';
const open: (RawClient | Socket)[] = [];

before(async () => {
  router = await startProcess(document);
  await router.ready();
  port = Number(new URL(router.adminUrl).port);
  revision = await running();
});
after(() => router.stop());

async function running(): Promise<string> {
  const { status, etag } = await adminClient(router.adminUrl)('GET', '/v1/config');
  assert.equal(status, 200);
  return etag;
}

/** The last reply to some bytes, behind which the connection is closed. */
async function refusal(bytes: string) {
  const client = await connectRaw(port);
  try {
    await client.send(bytes);
    const reply = await client.lastReply('POST');
    assert.match(reply.field('content-type') ?? '', /^application\/problem\+json/);
    const problem = JSON.parse(reply.body.toString()) as { status: number; code: string; detail: string };
    assert.equal(problem.status, reply.status);
    return problem;
  } finally {
    client.close();
  }
}

for (const [what, bytes] of [
  ['a request line that is none', 'nonsense\r\n\r\n'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a TLS handshake', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00'],
  ['a version that there is not', `GET /v1/status HTTP/9.9\r\n${HOST}\r\n`],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a field without a colon', `GET /v1/status HTTP/1.1\r\n${HOST}x\r\n\r\n`],
  ['NUL in a field', `GET /v1/status HTTP/1.1\r\n${HOST}x: a\x00b\r\n\r\n`],
  ['two lengths', `PUT /v1/config HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`],
  ['a negative length', `PUT /v1/config HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`],
  [
    'a length beside chunks',
    `PUT /v1/config HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
  ],
] as const) {
  test(`${what} is refused as a problem, and the connection closed`, async () => {
    const { status, code, detail } = await refusal(bytes);
    assert.deepEqual([status, code, detail], [400, 'bad_request', 'this is no HTTP/1.1 request']);
  });
}

test('a head that is too large is refused with the size that it may have', async () => {
  for (const head of [`x: ${'y'.repeat(20_000)}\r\n`, 'x: y\r\n'.repeat(5000)]) {
    const { status, code, detail } = await refusal(`GET /v1/status HTTP/1.1\r\n${HOST}${head}`);
    assert.deepEqual([status, code], [431, 'head_too_large']);
    assert.match(detail, /16384 bytes/);
  }
});

test('chunks that are none end the call, and nothing is written into a reply that is under way', async () => {
  const client = await connectRaw(port);
  open.push(client);
  await client.send(`GET /v1/live HTTP/1.1\r\n${HOST}\r\n`);
  await until('the stream to begin', () => client.inbox.unread.includes('retry: 2000'));
  await client.send('nonsense\r\n\r\n');
  const { text } = await client.untilClose();
  assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1, text);
  const head = `PUT /v1/config HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
  assert.equal((await refusal(`${head}zz\r\n{}`)).code, 'bad_request');
});

test('nonsense behind a request that is not answered yet is no answer to that', async () => {
  const body = JSON.stringify({ url: 'http://localhost/cart' });
  const head = `POST /v1/explain HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const chunks = `PUT /v1/config HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`;
  for (const behind of ['nonsense\r\n\r\n', chunks]) {
    const client = await connectRaw(port);
    open.push(client);
    await client.send(`${head}${body}${behind}`);
    const { text } = await client.untilClose();
    assert.doesNotMatch(text, /400/);
  }
});

test('a request without Host, or with two of them, is refused, and a strange expectation is passed over', async () => {
  const none = await refusal('GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n');
  assert.deepEqual([none.status, none.detail], [400, 'the request has no Host; send one']);
  const two = await refusal(`GET /v1/status HTTP/1.1\r\n${HOST}${HOST}Connection: close\r\n\r\n`);
  assert.deepEqual([two.status, two.detail], [400, 'the request has more than one Host; send one']);
  const client = await connectRaw(port);
  open.push(client);
  const expecting = await client.ask(`GET /v1/status HTTP/1.1\r\n${HOST}Expect: wonders\r\n\r\n`);
  assert.equal(expecting.status, 200);
});

test('what asks to be another protocol is answered as the request that it is, or closed', async () => {
  const upgrade = await connectRaw(port);
  open.push(upgrade);
  const reply = await upgrade.ask(
    `GET /v1/status HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
  );
  assert.equal(reply.status, 200);
  const tunnel = await connectRaw(port);
  open.push(tunnel);
  await tunnel.send('CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n');
  await tunnel.closed();
});

test('requests that come at once are answered in their order, also where one of them is nonsense', async () => {
  const client = await connectRaw(port);
  open.push(client);
  await client.send(
    `GET /healthz HTTP/1.1\r\n${HOST}\r\nGET /nothing HTTP/1.1\r\n${HOST}\r\nGET /v1/openapi.json?x HTTP/1.1\r\n${HOST}\r\n`,
  );
  assert.deepEqual([(await client.reply()).status, (await client.reply()).status], [200, 404]);
  assert.equal((await client.reply()).status, 400);
});

test('heads and bodies that never end hold nobody up', async () => {
  const parts = [
    '',
    'G',
    'GET /v1/status HTTP/1.1\r\n',
    `GET /v1/status HTTP/1.1\r\n${HOST}x: `,
    `PUT /v1/config HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
    `PUT /v1/config HTTP/1.1\r\n${HOST}Content-Type: application/yaml\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na: b`,
    `POST /v1/explain HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n`,
  ];
  for (let i = 0; i < 350; i++) {
    const client = await connectRaw(port);
    await client.send(parts[i % parts.length]);
    open.push(client);
    // Some leave in the middle, as if their machine had gone.
    if (i % 5 === 0) client.reset();
  }
  assert.equal(await running(), revision);
});

test(`random bytes harm nobody (seed ${SEED})`, async () => {
  const pieces = fc.sample(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 3 }), { numRuns: 400, seed: SEED });
  const beginnings = [
    '',
    'GET ',
    `PUT /v1/config HTTP/1.1\r\n${HOST}`,
    `POST /v1/explain HTTP/1.1\r\n${HOST}Content-Length: 50\r\n\r\n`,
  ];
  await Promise.all(
    pieces.map(async (bytes, i) => {
      const socket = connect(port, '127.0.0.1');
      open.push(socket);
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(beginnings[i % beginnings.length]);
      for (const piece of bytes) socket.write(piece);
      if (i % 2 === 0) socket.end();
      socket.resume();
    }),
  );
  assert.equal(await running(), revision);
});

test('after all of it the router serves, edits and leaves as if nothing had been', async () => {
  assert.equal(await statusOf(router.adminUrl), 200);
  const ask = adminClient(router.adminUrl);
  const put = await ask('PUT', '/v1/routes/x', {
    body: { match: { path: '/x' }, upstream: 'cart' },
    ifMatch: revision,
  });
  assert.equal(put.status, 201);
  assert.equal((await fetch(`http://127.0.0.1:${router.port}/nowhere`)).status, 404);
  assert.doesNotMatch(router.err() + router.out(), /a call of the API failed|Uncaught|Unhandled|\n {4}at /i);
  assert.equal(router.child.exitCode, null);
  router.child.kill('SIGTERM');
  assert.equal(await router.exit(), 0, 'half-open connections do not keep it');
  for (const client of open) 'close' in client ? client.close() : client.destroy();
});
