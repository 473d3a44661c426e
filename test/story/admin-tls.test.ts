/**
 * TLS at the admin port of a running router: who gets in, who gets no further than the handshake, and which files keep it
 * from starting.
 */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { StartRefused } from '../../src/app-contract.ts';
import { startRouterWithApp } from '../support/app.ts';
import { type Certificates, makeCertificates, type Pair, shown } from '../support/certificates.ts';
import { watchHandles } from '../support/leaks.ts';
import { connectRaw } from '../support/raw-client.ts';
import { until, within } from '../support/wait.ts';

const TOKEN = 'a-token';
let made: Certificates;
before(async () => {
  made = await makeCertificates();
});
after(() => made.remove());

function documentOf({ cert, key }: Pair, clientCa?: string): string {
  const tls = JSON.stringify({ cert, key, ...(clientCa === undefined ? {} : { clientCa }) });
  return `listeners: { internal: { address: 127.0.0.1:0 } }
admin: { address: 127.0.0.1:0, token: ${TOKEN}, tls: ${tls} }
upstreams: { cart: { endpoints: [ http://127.0.0.1:9 ] } }
routes: { cart: { match: { path: /cart }, upstream: cart } }
`;
}

async function start(t: TestContext, clientCa?: string) {
  const router = await startRouterWithApp(documentOf(made.server, clientCa));
  t.after(() => router.stop());
  return { router, port: router.app.adminPort };
}

type Shown = Awaited<ReturnType<typeof shown>>;

/** The status of a call; rejects where no connection comes about. */
function statusOf(port: number, files: Shown, token = TOKEN, agent: Agent | false = false): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const asked = request({ host: '127.0.0.1', port, path: '/v1/status', headers, agent, ...files });
    asked.on('error', reject);
    asked.on('response', (reply) => {
      reply.resume().on('end', () => resolve(reply.statusCode ?? 0));
    });
    asked.end();
  });
}

test('calls come over TLS, and the token is asked for all the same', async (t) => {
  const { port } = await start(t);
  const files = await shown(made.authority);
  assert.equal(await statusOf(port, files), 200);
  assert.equal(await statusOf(port, files, 'wrong'), 401);
  await assert.rejects(statusOf(port, await shown(made.stranger)), /self-signed certificate|unable to verify/);
});

test('plain HTTP at a port with TLS is closed, one connection after the other, and the next call is served', async (t) => {
  const { router, port } = await start(t);
  for (let i = 0; i < 20; i++) {
    const client = await connectRaw(port);
    await client.send('GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const { text } = await client.untilClose();
    client.close();
    assert.equal(text.includes('HTTP/1.1 2'), false);
  }
  assert.equal(await statusOf(port, await shown(made.authority)), 200);
  assert.deepEqual(
    router.logs.filter(({ level }) => Number(level) >= 50),
    [],
  );
});

test('where a client authority is named, a client without its certificate gets no further than the handshake', async (t) => {
  const { port } = await start(t, made.authority.cert);
  const refused = /ECONNRESET|socket hang up|certificate required|unknown ca|alert/i;
  await assert.rejects(statusOf(port, await shown(made.authority)), refused);
  await assert.rejects(statusOf(port, await shown(made.authority, made.stranger)), refused);
  const known = await shown(made.authority, made.client);
  assert.equal(await statusOf(port, known), 200);
  assert.equal(await statusOf(port, known, 'wrong'), 401, 'what he may do is for his token to say');
});

test('connections that rest, that begin no handshake or leave in the middle of one do not keep a router that stops', async () => {
  const quiet = watchHandles();
  const router = await startRouterWithApp(documentOf(made.server));
  const clients = await Promise.all(Array.from({ length: 20 }, () => connectRaw(router.app.adminPort)));
  for (const [i, client] of clients.entries()) {
    await client.send(['', '\x16\x03\x01', '\x16\x03\x01\x02\x00\x01', 'nonsense'][i % 4]);
    if (i % 2 === 0) client.reset();
  }
  const agent = new Agent({ keepAlive: true });
  assert.equal(await statusOf(router.app.adminPort, await shown(made.authority), TOKEN, agent), 200);
  await within('the router to stop', router.stop());
  await until('the connection that rests to be closed', () => Object.keys(agent.freeSockets).length === 0);
  agent.destroy();
  for (const client of clients) client.close();
  await quiet();
});

test('a file that is missing, broken or of another certificate keeps the router from starting, and is named', async () => {
  const quiet = watchHandles();
  const gone = join(made.folder, 'gone.pem');
  const broken = join(made.folder, 'broken.pem');
  await writeFile(broken, 'nonsense\n');
  const cut = join(made.folder, 'cut.pem');
  await writeFile(cut, (await readFile(made.authority.cert, 'utf8')).replace(/[A-Za-z0-9+/]{30}\n/, '\n'));
  const { server, client, authority } = made;
  const cases: [string, RegExp][] = [
    [documentOf({ ...server, cert: gone }), /^admin\.tls\.cert: ENOENT.*gone\.pem/],
    [documentOf({ ...server, key: gone }), /^admin\.tls\.key: ENOENT.*gone\.pem/],
    [documentOf(server, gone), /^admin\.tls\.clientCa: ENOENT.*gone\.pem/],
    [documentOf({ ...server, key: client.key }), /^admin\.tls: .*server\.pem and .*client\.key do not go together: /],
    [documentOf({ ...server, cert: broken }), /^admin\.tls: .*broken\.pem and .*server\.key do not go together: /],
    [documentOf(server, broken), /^admin\.tls\.clientCa: .*broken\.pem holds no certificate in PEM$/],
    [documentOf(server, cut), /^admin\.tls\.clientCa: .*cut\.pem cannot be read: /],
    [documentOf(server, authority.key), /^admin\.tls\.clientCa: .*authority\.key holds no certificate in PEM$/],
  ];
  for (const [text, message] of cases) {
    await assert.rejects(startRouterWithApp(text), (error: Error) => {
      assert.ok(error instanceof StartRefused, error.message);
      assert.match(error.message, message);
      return true;
    });
  }
  await quiet();
});
