/**
 * Documents of a thousand routes, put in force under load: every thread compiles all of it while it serves, and no request
 * fails.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { save } from '../support/app.ts';
import { startOrigin } from '../support/origin.ts';
import { startProcess } from '../support/process.ts';
import { connectRaw } from '../support/raw-client.ts';
import { until } from '../support/wait.ts';

const ROUTES = 1_000;
const CLIENTS = 8;
const RELOADS = 3;

/** Each document has all routes, and in each of them they set another header. */
function documentOf(origin: number, n: number) {
  const set = { 'x-document': `${n}` };
  const routeOf = (i: number) => ({
    match: { path: `/some/${i}` },
    upstream: 'main',
    rewrite: { headers: { request: { set } } },
  });
  return (port: number, adminPort: number): string =>
    JSON.stringify({
      listeners: { internal: { address: `127.0.0.1:${port}`, zone: 'internal' } },
      admin: { address: `127.0.0.1:${adminPort}` },
      drain: { notice: '0s', limit: '1s' },
      upstreams: { main: { endpoints: [`http://127.0.0.1:${origin}`] } },
      routes: Object.fromEntries(Array.from({ length: ROUTES }, (_, i) => [`route-${i}`, routeOf(i)])),
    });
}

/** Asks for one route after the other until told to stop. */
class Asking {
  /** Of each reply the document it came under. */
  readonly documents: number[] = [];
  stopped = false;

  async run(port: number, first: number): Promise<void> {
    const client = await connectRaw(port);
    for (let i = first; !this.stopped; i += 7) {
      const path = `/some/${i % ROUTES}`;
      const { status, body } = await client.ask(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(status, 200);
      assert.ok(body.endsWith(` ${path}`), `${path} was answered with ${body}`);
      this.documents.push(Number.parseInt(body, 10));
    }
    client.close();
  }
}

test(`${RELOADS} documents of ${ROUTES} routes, put in force under load, fail no request`, async (context) => {
  const origin = await startOrigin((request, response) => {
    request.resume().on('end', () => response.end(`${request.headers['x-document']} ${request.url}`));
  });
  const args = ['--workers', '2', '--access-log', 'off'];
  const router = await startProcess(documentOf(origin.port, 0), { args });
  try {
    await router.ready();
    const adminPort = Number(new URL(router.adminUrl).port);
    const askings = Array.from({ length: CLIENTS }, () => new Asking());
    const over = Promise.all(askings.map((asking, i) => asking.run(router.port, i * 31)));
    const changes = async () => {
      for (let n = 1; n <= RELOADS; n++) {
        await save(router.configPath, documentOf(origin.port, n)(router.port, adminPort));
        await until(
          `document ${n} on every connection`,
          () => askings.every(({ documents }) => documents.at(-1) === n),
          60_000,
        );
      }
    };
    // Whatever fails first is told.
    await Promise.race([over, changes()]);
    for (const asking of askings) asking.stopped = true;
    await over;
    for (const { documents } of askings) {
      const inOrder = documents.every((document, i) => i === 0 || document >= documents[i - 1]);
      assert.ok(inOrder, 'a connection never goes back to an older document');
    }
    const requests = askings.reduce((sum, { documents }) => sum + documents.length, 0);
    context.diagnostic(`${requests} requests during ${RELOADS} reloads`);
  } finally {
    await router.stop();
    await origin.stop();
  }
});
