/**
 * Too few descriptors: whoever is in is served on, newcomers hear why they are not let in, the log names the limit and
 * the remedy, and everything is well again when descriptors come free.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { save } from '../support/app.ts';
import { readMessage } from '../support/bytes.ts';
import { descriptorsOf, processorOf, scrape, sumOf } from '../support/chaos/books.ts';
import { metricOf, type Started, startProcess } from '../support/process.ts';
import { connectRaw, type RawClient } from '../support/raw-client.ts';
import { ok, type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts';
import { steady, until } from '../support/wait.ts';

/** Few enough to use up quickly, enough for two data threads. */
const LIMIT = 200;
const CEILING = 150;

function documentOf(origin: RawOrigin, ...paths: string[]) {
  const routes = Object.fromEntries(
    paths.map((path) => [path.slice(1), { match: { path }, upstream: 'main', listeners: ['internal'] }]),
  );
  return (port: number, adminPort: number): string =>
    JSON.stringify({
      listeners: { internal: { address: `127.0.0.1:${port}`, zone: 'internal', limits: { connections: 1_000 } } },
      admin: { address: `127.0.0.1:${adminPort}` },
      drain: { notice: '0s', limit: '1s' },
      upstreams: {
        main: { endpoints: [`http://127.0.0.1:${origin.port}`], timeout: { attempt: '20s', total: '30s' } },
      },
      routes,
    });
}

interface Stage {
  readonly router: Started;
  readonly origin: RawOrigin;
  client(): Promise<RawClient>;
}

async function onStage(script: Script, body: (stage: Stage) => Promise<void>): Promise<void> {
  const origin = await startRawOrigin(script);
  const clients: RawClient[] = [];
  const args = ['--workers', '2', '--log-level', 'info'];
  const router = await startProcess(documentOf(origin, '/a', '/hold'), { args, descriptors: LIMIT });
  try {
    await router.ready();
    await body({
      router,
      origin,
      client: async () => {
        const client = await connectRaw(router.port);
        clients.push(client);
        return client;
      },
    });
  } finally {
    for (const client of clients) client.close();
    await router.stop();
    await origin.stop();
  }
}

/** Lines of the operational log that say this. */
function told(router: Started, what: string): Record<string, unknown>[] {
  const lines = router.err().split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => String(msg).includes(what));
}

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';

/** Clients that do nothing, more than can be let in. Those that were. */
async function fill({ client }: Stage): Promise<RawClient[]> {
  const idle: RawClient[] = [];
  for (let i = 0; i < LIMIT; i++) idle.push(await client());
  // Whoever is turned away hears so without having asked.
  const turnedAway = () => idle.filter(({ inbox }) => inbox.ending !== undefined).length;
  await until('some to be turned away', () => turnedAway() > 0);
  await steady('the number of those turned away', turnedAway);
  return idle.filter(({ inbox }) => inbox.ending === undefined);
}

test('short of descriptors, clients that are in are served on and newcomers are told', async (context: TestContext) => {
  const script: Script = async (connection) => {
    for (;;) {
      await connection.request();
      connection.send(ok('fine'));
    }
  };
  await onStage(script, async (stage) => {
    const { router, client, origin } = stage;
    const { pid = 0 } = router.child;
    const inside = [await client(), await client(), await client(), await client()];
    for (const one of inside) assert.equal((await one.ask(GET)).status, 200);
    const idle = await fill(stage);
    context.diagnostic(`${idle.length} idle clients; open: ${JSON.stringify(descriptorsOf(pid))}`);

    const newcomer = await client();
    const refusal = await newcomer.reply();
    assert.equal(refusal.status, 503);
    assert.equal((JSON.parse(refusal.body) as { code: string }).code, 'overloaded');
    const series = 'signalbox_connections_cut_total{listener="internal",reason="descriptors"}';
    assert.equal(await metricOf(router.adminUrl, series), LIMIT - idle.length + 1, 'each of them is counted');

    const before = processorOf(pid);
    const until1s = performance.now() + 1_000;
    let rounds = 0;
    while (performance.now() < until1s) {
      for (const one of inside) assert.equal((await one.ask(GET)).status, 200);
      await new Promise((resolve) => setTimeout(resolve, 50));
      rounds += 1;
    }
    const used = processorOf(pid) - before;
    context.diagnostic(`${used} ms of processor time in 1 s with ${rounds * inside.length} requests`);
    assert.ok(used < 500, `${used} ms of processor time in a second of almost nothing`);

    const [line, ...others] = told(router, 'short of descriptors');
    assert.equal(line.limit, LIMIT);
    assert.equal(line.ceiling, CEILING);
    assert.match(String(line.msg), /200 open; .*ulimit -n/);
    assert.ok(others.length <= 1, 'each thread tells it once in a while');
    assert.equal(sumOf(await scrape(router.adminUrl), 'signalbox_threads'), 2, 'the admin port answers');

    const text = documentOf(origin, '/a', '/hold', '/new')(router.port, Number(new URL(router.adminUrl).port));
    await save(router.configPath, text);
    const asksNew = 'GET /new HTTP/1.1\r\nHost: a\r\n\r\n';
    await until('the document to be read', async () => (await inside[0].ask(asksNew)).status === 200, 10_000);

    for (const one of idle.slice(0, 20)) one.close();
    await until('newcomers to be let in again', async () => {
      const again = await client();
      await again.send(GET);
      const { status } = await again.reply();
      again.close();
      return status === 200;
    });
  });
});

test('out of descriptors, an exchange that gets no connection fails by itself, and a document waits', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const script: Script = async (connection) => {
    for (;;) {
      const { start } = await connection.request();
      if (start.includes('/hold')) await held;
      connection.send(ok('fine'));
    }
  };
  await onStage(script, async (stage) => {
    const { router, client, origin } = stage;
    const clients: RawClient[] = [];
    // All are let in; that each of them needs a connection to the upstream at once is more than there are descriptors for.
    for (let i = 0; i < 90; i++) clients.push(await client());
    await until('all to be let in', async () => {
      return sumOf(await scrape(router.adminUrl), 'signalbox_connections') === clients.length;
    });
    const refused = () => clients.filter(({ inbox }) => inbox.all.includes('503'));
    let asked = 0;
    const press = async () => {
      // Whoever was refused asks again, so that no descriptor stays free.
      for (const one of asked === 0 ? clients : refused()) {
        await one.send('GET /hold HTTP/1.1\r\nHost: a\r\n\r\n');
        asked += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await press();
    await until('some to be refused', () => refused().length > 0);
    const text = documentOf(origin, '/a', '/hold', '/new')(router.port, Number(new URL(router.adminUrl).port));
    await save(router.configPath, text);
    await until(
      'the log to say why the document is not read',
      async () => {
        await press();
        return told(router, 'EMFILE').length > 0;
      },
      10_000,
    );
    assert.equal(told(router, 'short of descriptors')[0].limit, LIMIT);

    release();
    const answers = () => clients.flatMap(({ inbox }) => [...inbox.all.matchAll(/HTTP\/1\.1 (\d+) /g)]).length;
    await until('every request to be answered', () => answers() === asked, 20_000);
    for (const { inbox } of clients) {
      while (inbox.unread !== '') {
        const { start, body } = await readMessage(inbox, 'reply');
        if (start.startsWith('HTTP/1.1 200')) assert.equal(body, 'fine');
        else assert.match(body, /"status":503,"detail":"\S+ was not asked, no descriptor is free.*"code":"overloaded"/);
      }
    }
    const asksNew = 'GET /new HTTP/1.1\r\nHost: a\r\n\r\n';
    await until(
      'the document to be read after all',
      async () => (await clients[0].ask(asksNew)).status === 200,
      10_000,
    );
    for (const one of clients) assert.equal((await one.ask(GET)).status, 200);
    const samples = await scrape(router.adminUrl);
    assert.equal(sumOf(samples, 'signalbox_upstream_in_flight'), 0);
    assert.equal(samples.get('signalbox_config_last_reload_successful'), 1);
  });
});
