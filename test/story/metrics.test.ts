/**
 * Metrics of a running router, as the real Prometheus sees them: scraped over HTTP, kept, and asked for by name.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Router, startRouter } from '../support/app.ts';
import { type HttpOrigin, startOrigin } from '../support/origin.ts';
import { metricOf } from '../support/process.ts';
import { PROMETHEUS_LIMIT, type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { connectRaw } from '../support/raw-client.ts';
import { until } from '../support/wait.ts';

function documentOf(port: number, routes = ['cart', 'tax']): string {
  return `listeners:
  internal: { address: 127.0.0.1:0 }
admin: { address: 127.0.0.1:0 }
upstreams:
${routes.map((id) => `  ${id}: { endpoints: [http://127.0.0.1:${port}] }`).join('\n')}
routes:
${routes.map((id) => `  ${id}: { match: { path: /${id} }, upstream: ${id} }`).join('\n')}
`;
}

async function onStage(workers: number, body: (router: Router, origin: HttpOrigin) => Promise<void>): Promise<void> {
  const origin = await startOrigin((request, response) => request.resume().on('end', () => response.end('ok')));
  const router = await startRouter(documentOf(origin.port), { workers });
  try {
    await body(router, origin);
  } finally {
    await router.stop();
    await origin.stop();
  }
}

async function ask(router: Router, path: string, times: number): Promise<void> {
  const client = await connectRaw(router.port());
  for (let i = 0; i < times; i++) await client.ask(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  client.close();
}

/** A Prometheus that scrapes one target every 200 ms. */
function scraping(target: string): Promise<Prometheus> {
  const targets = `[{ targets: ['${target.replace('http://', '')}'] }]`;
  return startPrometheus({
    'prometheus.yml': `global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
  - { job_name: signalbox, static_configs: ${targets} }
`,
  });
}

test('a real Prometheus scrapes the router and answers for its series', async () => {
  await onStage(2, async (router) => {
    await ask(router, '/cart/1', 30);
    await ask(router, '/tax', 5);
    await ask(router, '/nowhere', 2);
    const prometheus = await scraping(router.adminUrl);
    try {
      const value = async (expression: string) => (await prometheus.query(expression))[0]?.value;
      await until('a scrape', async () => (await value('signalbox_threads')) === 2, PROMETHEUS_LIMIT);
      assert.equal(await value('up{job="signalbox"}'), 1);
      assert.equal(await value('signalbox_requests_total{route="cart",upstream="cart",code="200"}'), 30);
      assert.equal(await value('signalbox_requests_total{route="_none",upstream="",code="404"}'), 2);
      assert.equal(await value('sum(signalbox_requests_total)'), 37);
      assert.equal(await value('signalbox_upstream_attempts_total{upstream="tax",outcome="success"}'), 5);
      assert.equal(await value('signalbox_request_duration_seconds_count{route="cart",upstream="cart"}'), 30);
      const quantile = await value(
        'histogram_quantile(0.99, sum by (le) (signalbox_request_duration_seconds_bucket{route="cart"}))',
      );
      assert.ok(quantile !== undefined && quantile > 0 && quantile < 60, `${quantile} s`);
      const members = await prometheus.query('signalbox_member_up == 1');
      assert.deepEqual(members.map(({ labels }) => labels.upstream).toSorted(), ['cart', 'tax']);
      assert.equal(await value('signalbox_config_last_reload_successful'), 1);
      assert.ok(((await value('process_start_time_seconds')) ?? 0) > 0);
    } finally {
      await prometheus.stop();
    }
  });
});

test('a route that goes takes its series with it after one scrape, and one that comes brings its own', async () => {
  await onStage(0, async (router, origin) => {
    const requests = (route: string) => `signalbox_requests_total{route="${route}",upstream="${route}",code="200"}`;
    await ask(router, '/cart', 3);
    await ask(router, '/tax', 4);
    await router.reload(documentOf(origin.port, ['cart', 'orders']));
    await ask(router, '/orders', 5);
    await ask(router, '/cart', 1);
    const scrape = async (route: string) => metricOf(router.adminUrl, requests(route));
    const { status, headers } = await fetch(`${router.adminUrl}/metrics`, { method: 'HEAD' });
    assert.deepEqual([status, headers.get('content-type')?.split(';')[0]], [200, 'text/plain']);
    assert.equal(await scrape('tax'), 4, 'its last counts are seen once more, by somebody');
    assert.equal(await scrape('tax'), undefined);
    assert.equal(await scrape('orders'), 5);
    assert.equal(await scrape('cart'), 4, 'an unchanged route counts on');
    await router.reload(documentOf(origin.port, ['cart', 'tax']));
    await ask(router, '/tax', 1);
    assert.equal(await scrape('tax'), 1, 'who comes back begins anew');
  });
});

test('gauges come back to zero when everybody has left', async () => {
  await onStage(2, async (router) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => connectRaw(router.port())));
    await Promise.all(clients.map((client) => client.ask('GET /cart HTTP/1.1\r\nHost: a\r\n\r\n')));
    const connections = () => metricOf(router.adminUrl, 'signalbox_connections{listener="internal"}');
    assert.equal(await connections(), 20);
    for (const client of clients) client.close();
    await until('the connections to be gone', async () => (await connections()) === 0);
    assert.equal(await metricOf(router.adminUrl, 'signalbox_upstream_in_flight{upstream="cart"}'), 0);
  });
});

test('no client can make a series: hosts, paths and methods of its own leave no trace', async () => {
  await onStage(0, async (router) => {
    const client = await connectRaw(router.port());
    for (let i = 0; i < 50; i++)
      await client.ask(`GET /odd-${i} HTTP/1.1\r\nHost: odd-${i}\r\nX-Odd: odd-${i}\r\n\r\n`);
    await client.ask('ODD /cart HTTP/1.1\r\nHost: a\r\n\r\n');
    client.close();
    const text = await (await fetch(`${router.adminUrl}/metrics`)).text();
    assert.equal(/odd/i.test(text), false);
    assert.match(text, /signalbox_requests_total\{route="_none",upstream="",code="404"\} 50\n/);
  });
});
