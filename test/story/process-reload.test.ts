/**
 * A router that watches its file: a good save is taken, a bad one changes nothing and says where, the next good one mends.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RouterWithApp, save, startRouterWithApp } from '../support/app.ts';
import { type HttpOrigin, startOrigin } from '../support/origin.ts';
import { metricOf } from '../support/process.ts';
import { connectRaw } from '../support/raw-client.ts';
import { until } from '../support/wait.ts';

const SUCCESSFUL = 'signalbox_config_last_reload_successful';
const SUCCESS_AT = 'signalbox_config_last_reload_success_timestamp_seconds';

function documentOf(port: number, path = '/a', rest = ''): string {
  return `listeners:
  internal: { address: 127.0.0.1:0 }
admin: { address: 127.0.0.1:0 }
upstreams:
  origin: { endpoints: [http://127.0.0.1:${port}] }
routes:
  all: { match: { path: ${path} }, upstream: origin }
${rest}`;
}

interface Stage {
  readonly router: RouterWithApp;
  readonly origin: HttpOrigin;
  ask(path: string): Promise<number>;
}

async function onStage(workers: number, body: (stage: Stage) => Promise<void>): Promise<void> {
  const origin = await startOrigin((request, response) => request.resume().on('end', () => response.end('ok')));
  const router = await startRouterWithApp(documentOf(origin.port), { workers, watch: true });
  const client = await connectRaw(router.port());
  try {
    await body({
      router,
      origin,
      ask: async (path) => (await client.ask(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)).status,
    });
  } finally {
    client.close();
    await router.stop();
    await origin.stop();
  }
}

for (const workers of [0, 2]) {
  test(`a bad save changes nothing, is told with its place, and the next good one mends it; ${workers} workers`, async () => {
    await onStage(workers, async ({ router, origin, ask }) => {
      const first = await metricOf(router.adminUrl, SUCCESS_AT);
      assert.equal(await metricOf(router.adminUrl, SUCCESSFUL), 1);
      await save(router.configPath, documentOf(origin.port, '/b').replace('upstream: origin', 'upstream: orign'));
      await until('the gauge to flip', async () => (await metricOf(router.adminUrl, SUCCESSFUL)) === 0);
      assert.equal(await ask('/a'), 200);
      assert.equal(await ask('/b'), 404);
      assert.equal(await metricOf(router.adminUrl, SUCCESS_AT), first);
      const told = router.logs.filter(({ level, pointer }) => level === 50 && pointer === '/routes/all/upstream');
      assert.equal(told.length, 1);
      assert.equal(told[0].line, 7);
      assert.match(String(told[0].msg), /routes\.yaml:7:\d+ error: .*orign.*did you mean "origin"/);
      const ready = await fetch(`${router.adminUrl}/readyz`);
      assert.equal(ready.status, 200, 'what runs serves on');
      const detail = (await ready.json()) as { lastReload: { problems: string[] } };
      assert.match(detail.lastReload.problems[0], /routes\.yaml:7:/);
      await save(router.configPath, documentOf(origin.port, '/b'));
      await until('the gauge to flip back', async () => (await metricOf(router.adminUrl, SUCCESSFUL)) === 1);
      assert.equal(await ask('/b'), 200);
      assert.equal(await ask('/a'), 404);
      assert.ok(((await metricOf(router.adminUrl, SUCCESS_AT)) ?? 0) > (first ?? 0));
    });
  });
}

test('the old good text saved over a bad one mends it, though it is the document that runs', async () => {
  await onStage(0, async ({ router, origin }) => {
    await save(router.configPath, 'listeners: [');
    await until('the gauge to flip', async () => (await metricOf(router.adminUrl, SUCCESSFUL)) === 0);
    await save(router.configPath, documentOf(origin.port));
    await until('the gauge to flip back', async () => (await metricOf(router.adminUrl, SUCCESSFUL)) === 1);
  });
});

test('a save that changes a cold key is refused as a whole, with the remedy', async () => {
  await onStage(2, async ({ router, origin, ask }) => {
    const outcome = await router.reload(documentOf(origin.port, '/b', 'workers: 3\n'));
    assert.equal(outcome.ok, true, 'the number of threads was given at start');
    const cold = documentOf(origin.port, '/c').replace('127.0.0.1:0 }\nadmin', '127.0.0.1:1 }\nadmin');
    const refused = await router.reload(cold);
    assert.equal(refused.ok, false);
    assert.match(refused.problems?.[0].reason ?? '', /listeners\.internal\.address was 127\.0\.0\.1:0 at start/);
    assert.match(refused.problems?.[0].advice ?? '', /restart/);
    assert.equal(await ask('/b'), 200);
    assert.equal(await ask('/c'), 404);
  });
});

test('asked to reload, it answers when every thread runs the document', async () => {
  await onStage(2, async ({ router, origin }) => {
    for (let i = 0; i < 10; i++) {
      const outcome = await router.reload(documentOf(origin.port, `/path-${i}`));
      assert.equal(outcome.ok, true);
      for (let n = 0; n < 8; n++) {
        const client = await connectRaw(router.port());
        assert.equal((await client.ask(`GET /path-${i} HTTP/1.1\r\nHost: a\r\n\r\n`)).status, 200);
        client.close();
      }
    }
  });
});
