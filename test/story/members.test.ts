/**
 * Members that come, go, fall ill and are held back while a running router serves: by name, by service, by checks and
 * by an operator, on one thread and on several.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { callers } from '../support/caller.ts';
import { DnsServer } from '../support/dns.ts';
import { metricOf } from '../support/process.ts';
import { connectRaw } from '../support/raw-client.ts';
import { startTwins, type Twins } from '../support/twins.ts';
import { until } from '../support/wait.ts';

/** Between two answers of a name lies a second, and a failed lookup takes up to three. */
const PATIENCE = 20_000;

interface Stage {
  readonly dns: DnsServer;
  readonly twins: Twins;
  readonly router: RouterWithApp;
  /** Asks on so many connections of their own, which spreads them over the threads; the bodies. */
  ask(times: number): Promise<string[]>;
  metric(series: string): Promise<number | undefined>;
}

function documentOf(endpoint: string, more = ''): string {
  return `listeners:
  internal: { address: 127.0.0.1:0 }
admin: { address: 127.0.0.1:0 }
drain: { notice: 0s, limit: 1s }
upstreams:
  cart: { endpoints: ${endpoint}, balance: round-robin${more} }
routes:
  cart: { match: { path: / }, upstream: cart }
`;
}

async function onStage(
  workers: number,
  documentFor: (port: number, dns: DnsServer) => string,
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  const dns = await DnsServer.start();
  const twins = await startTwins('127.0.0.1', '127.0.0.2', '127.0.0.3');
  const text = documentFor(twins.port, dns);
  const options = { workers, dnsServers: [dns.address], hostsFile: '/nowhere' };
  try {
    const router = await startRouterWithApp(text, options);
    const ask = async (times: number) => {
      const bodies: string[] = [];
      for (let i = 0; i < times; i++) {
        const client = await connectRaw(router.port());
        const { status, body: bytes } = await client.ask('GET /cart HTTP/1.1\r\nHost: a\r\n\r\n');
        client.close();
        bodies.push(status === 200 ? bytes.toString() : `${status} ${JSON.parse(bytes.toString()).code}`);
      }
      return bodies;
    };
    const metric = (series: string) => metricOf(router.adminUrl, series);
    try {
      await body({ dns, twins, router, ask, metric });
    } finally {
      await router.stop();
    }
  } finally {
    await twins.stop();
    await dns.stop();
  }
}

const all = (bodies: readonly string[], ...expected: readonly string[]) =>
  bodies.every((body) => expected.includes(body)) && expected.every((one) => bodies.includes(one));

for (const workers of [0, 2]) {
  test(`a name whose address changes moves traffic and closes pooled connections, with ${workers} workers`, () =>
    onStage(
      workers,
      (port, dns) => {
        dns.say('cart.internal', { a: ['127.0.0.1'], ttl: 1 });
        return documentOf(`[http://cart.internal:${port}]`);
      },
      async ({ dns, twins, router, ask, metric }) => {
        assert.deepEqual(new Set(await ask(12)), new Set(['127.0.0.1']), 'nobody meets an empty pool');
        dns.say('cart.internal', { a: ['127.0.0.2'], ttl: 1 });
        await until('traffic to move', async () => all(await ask(8), '127.0.0.2'), PATIENCE);
        await until('connections to the address that is gone to close', () => twins.all[0].open() === 0);
        assert.deepEqual(new Set(await ask(8)), new Set(['127.0.0.2']));
        const line = router.logs.find(({ joined }) => String(joined).includes('127.0.0.2'));
        assert.deepEqual(line?.left, [`http://127.0.0.1:${twins.port}`]);
        const member = (address: string) =>
          `signalbox_member_up{upstream="cart",member="http://${address}:${twins.port}"}`;
        await metric(member('127.0.0.1'));
        assert.equal(await metric(member('127.0.0.2')), 1);
        assert.equal(await metric(member('127.0.0.1')), undefined, 'its series go after one scrape');
      },
    ));
}

test('no request of one document meets a member of another, however long a document takes to come', () =>
  onStage(
    2,
    (port, dns) => {
      dns.say('one.internal', { a: ['127.0.0.1'], ttl: 60 });
      dns.say('two.internal', { a: ['127.0.0.2'], ttl: 60 });
      dns.say('slow.internal', { a: 'silent', aaaa: 'silent' });
      return documentOf(`[http://one.internal:${port}]`);
    },
    async ({ twins: { port }, router }) => {
      const slow = documentOf(`[http://two.internal:${port}, { url: http://one.internal:${port}, weight: 0 }]`);
      const texts = [
        slow.replace('routes:', '  tax: { endpoints: [http://slow.internal:80] }\nroutes:'),
        documentOf(`[http://one.internal:${port}]`),
        documentOf(`[http://127.0.0.3:${port}, { url: http://one.internal:${port}, weight: 0 }]`),
        documentOf(`[http://two.internal:${port}]`),
      ];
      let asked = 0;
      let over = false;
      const statuses = new Set<number>();
      const traffic = callers(router.port(), 12, (caller) => {
        if (over) return undefined;
        asked += 1;
        return caller.ask('GET', '/cart').then(({ status }) => statuses.add(status));
      });
      for (const text of [...texts, ...texts.slice(1), ...texts.slice(1)]) assert.ok((await router.reload(text)).ok);
      over = true;
      await traffic;
      assert.deepEqual([...statuses], [200]);
      const lines = await router.accessLog(asked);
      const members = Map.groupBy(lines, ({ revision }) => revision);
      for (const [revision, some] of members)
        assert.equal(new Set(some.map(({ member }) => member)).size, 1, `revision ${revision}`);
      assert.ok(members.size > 2, 'several documents served');
    },
  ));

test('lookups that fail in every way, over and over, never empty a pool', () =>
  onStage(
    2,
    (port, dns) => {
      dns.say('cart.internal', { a: ['127.0.0.1', '127.0.0.2'], ttl: 1 });
      return documentOf(`[http://cart.internal:${port}]`);
    },
    async ({ dns, router, ask, metric }) => {
      const failed = () => router.logs.filter(({ name, error }) => name === 'cart.internal' && error !== undefined);
      const known = () => router.logs.filter(({ msg }) => msg === 'a name can be looked up again');
      const bodies: string[] = [];
      const noticed = async (what: string, lines: () => readonly unknown[], count: number) => {
        await until(
          what,
          async () => {
            bodies.push(...(await ask(4)));
            return lines().length >= count;
          },
          PATIENCE,
        );
      };
      const trouble = [{ a: 'servfail', aaaa: 'servfail' }, undefined, {}, { a: 'silent', aaaa: 'silent' }] as const;
      for (const [i, records] of trouble.entries()) {
        dns.say('cart.internal', records);
        await noticed('the failure to be noticed', failed, i + 1);
        assert.equal(await metric('signalbox_dns_failing{name="cart.internal"}'), 1);
        dns.say('cart.internal', { a: ['127.0.0.1', '127.0.0.2'], ttl: 1 });
        await noticed('the name to be known again', known, i + 1);
      }
      assert.ok(all(bodies, '127.0.0.1', '127.0.0.2'), [...new Set(bodies)].join());
      assert.equal(failed().length, 4, 'each failure is said once');
    },
  ));

test('a service leads to the ports its records name, and moves with them', () =>
  onStage(
    2,
    (port, dns) => {
      dns.say('one.internal', { a: ['127.0.0.1'], ttl: 1 });
      dns.say('two.internal', { a: ['127.0.0.2'], ttl: 1 });
      const late = { target: 'two.internal', port, priority: 20, weight: 1 };
      dns.say('_http._tcp.cart.internal', { srv: [{ target: 'one.internal', port, priority: 10, weight: 1 }, late] });
      return documentOf('[srv://_http._tcp.cart.internal]');
    },
    async ({ dns, twins, ask }) => {
      assert.deepEqual(new Set(await ask(8)), new Set(['127.0.0.1']));
      const both = ['one.internal', 'two.internal'].map((target) => ({ target, port: twins.port, weight: 1 }));
      dns.say('_http._tcp.cart.internal', { srv: both });
      await until('traffic to reach both', async () => all(await ask(8), '127.0.0.1', '127.0.0.2'), PATIENCE);
    },
  ));

test('a name that nobody answers for holds a start up for two seconds, and its members come later', () =>
  onStage(
    2,
    (port, dns) => {
      dns.say('late.internal', { a: 'silent', aaaa: 'silent' });
      return documentOf(`[http://late.internal:${port}]`);
    },
    async ({ dns, ask }) => {
      assert.deepEqual(new Set(await ask(4)), new Set(['503 no_member']));
      dns.say('late.internal', { a: ['127.0.0.1'], ttl: 60 });
      await until('its member to come', async () => all(await ask(4), '127.0.0.1'), PATIENCE);
    },
  ));

test('a check that fails takes a member out of traffic on every thread, and one that goes well brings it back', () =>
  onStage(
    2,
    (port) => {
      const check = 'healthCheck: { path: /healthz, interval: 50ms, healthyAfter: 2, unhealthyAfter: 2 }';
      return documentOf(`[http://127.0.0.1:${port}, http://127.0.0.2:${port}, http://127.0.0.3:${port}]`, `, ${check}`);
    },
    async ({ twins, router, ask, metric }) => {
      const [, ill] = twins.all;
      const member = `http://${ill.address}:${twins.port}`;
      ill.health = 503;
      await until('the check to notice', () => router.logs.some(({ state }) => state === 'unhealthy'));
      // Words of another thread are seen from the next turn of the loop on.
      await ask(8);
      const before = ill.asked;
      assert.ok(all(await ask(24), '127.0.0.1', '127.0.0.3'));
      assert.equal(ill.asked, before);
      assert.equal(await metric(`signalbox_member_up{upstream="cart",member="${member}"}`), 0);
      const [event] = router.app.events.recent().map((told) => told.event);
      const cause = '2 checks in a row: status 503';
      assert.deepEqual(event, { is: 'member', upstream: 'cart', member, state: 'unhealthy', cause, until: undefined });
      ill.health = 200;
      await until('it to be back', () => router.logs.some(({ state }) => state === 'up'));
      await until('traffic to reach it', async () => (await ask(8)).includes(ill.address));
      assert.equal(await metric(`signalbox_member_up{upstream="cart",member="${member}"}`), 1);
    },
  ));

test('a circuit that an operator holds open refuses on every thread, and a reload does not let go of it', () =>
  onStage(
    2,
    (port) => documentOf(`[http://127.0.0.1:${port}]`),
    async ({ twins, router, ask, metric }) => {
      const state = (name: string) => metric(`signalbox_circuit_state{upstream="cart",state="${name}"}`);
      const order = { state: 'isolated', reason: 'the disk is full', author: 'ana', for: 600_000 } as const;
      const answer = await router.app.setCircuit('cart', order);
      assert.ok(answer.ok);
      await ask(8);
      assert.deepEqual(new Set(await ask(16)), new Set(['503 circuit_isolated']));
      assert.deepEqual([await state('isolated'), await state('closed')], [1, 0]);
      const reloaded = await router.reload(documentOf(`[http://127.0.0.1:${twins.port}]`, ', slowStart: 1s'));
      assert.ok(reloaded.ok);
      assert.deepEqual(new Set(await ask(16)), new Set(['503 circuit_isolated']));
      const line = router.logs.find((one) => one.state === 'isolated');
      assert.equal(line?.cause, 'held open by ana: the disk is full');
      assert.match(String(line?.until), /^\d{4}-\d\d-\d\dT/);
      await router.app.setCircuit('cart', { state: 'auto', reason: '', author: 'ana' });
      await until('traffic to flow', async () => all(await ask(8), '127.0.0.1'));
      assert.deepEqual([await state('isolated'), await state('closed')], [0, 1]);
      const unknown = await router.app.setCircuit('nobody', order);
      assert.deepEqual(unknown, { ok: false, reason: 'there is no upstream nobody in the running document' });
    },
  ));
