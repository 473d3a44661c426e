/**
 * An explanation against real traffic: whatever is asked, the router does what was said of it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Explanation, explain } from '../../src/control/explain.ts';
import type { ExplainRequest } from '../../src/control/explain-request.ts';
import { DryTable } from '../../src/control/explain-table.ts';
import { systemAlarms } from '../../src/core/alarm.ts';
import { startRouter } from '../support/app.ts';
import { startOrigin } from '../support/origin.ts';
import { connectRaw, only } from '../support/raw-client.ts';
import { documentIn } from '../support/reading.ts';

const documentOf = (url: string) => `
listeners:
  internal: { address: 127.0.0.1:0, limits: { target: 200B, headers: 6, body: 20B } }
admin: { address: 127.0.0.1:0 }
upstreams: { a: { endpoints: [${url}] }, b: { endpoints: [${url}] }, c: { endpoints: [${url}] }, none: { endpoints: [] } }
routes:
  shop: { match: { host: shop.internal, path: /shop }, split: { a: 1, b: 1 }, sticky: { header: x-user-id }, override: { header: x-side } }
  wild: { match: { host: "*.internal", path: /shop }, upstream: c }
  item: { match: { path: { exact: /shop/item }, methods: [GET, PUT], query: { v: "1" } }, upstream: b }
  id: { match: { path: { regex: "/shop/[0-9]+" } }, upstream: c }
  game:
    match: { path: /game }
    versions: { from: [{ header: x-version }, { query: v }], serve: [{ range: ">=2", upstream: a }, { range: ">=1 <2", split: { b: 1, c: 1 } }] }
  ask: { match: { path: /ask }, upstream: a, mode: redirect }
  gone: { match: { path: /gone }, redirect: { status: 301, replacePrefix: /here } }
  nobody: { match: { path: /nobody }, upstream: none }
  spare: { match: { path: /spare }, upstream: none, fallback: { status: 202, body: later } }
`;

const piece = fc.constantFrom(
  'shop',
  'item',
  '7',
  'game',
  'ask',
  'gone',
  'nobody',
  'spare',
  '%73hop',
  '..',
  '.',
  '',
  '%2F',
  'x'.repeat(200),
);
/** Lines that the wire itself acts on. */
const ACTED = [
  ['X_Version', '1.5'],
  ['Connection', 'x-version'],
  ['Connection', 'keep-alive, X-User-Id'],
  ['Connection', 'host'],
  ['Max-Forwards', '0'],
  ['Max-Forwards', '1'],
  ['Max-Forwards', 'x'],
  ['X-Signalbox-Deadline-Ms', '0'],
  ['X-Signalbox-Deadline-Ms', '5000'],
  ['Content-Length', '21'],
  ['Content-Length', '+1'],
  ['Content_Length', '0'],
] as const;
/** One of them on its way to each kind of route. */
const EXAMPLES: [ExplainRequest][] = ACTED.flatMap(([name, value]) =>
  ['/shop', '/game', '/ask', '/gone', '/none', '/nobody', '/spare'].map((path): [ExplainRequest] => [
    { method: 'OPTIONS', url: `http://shop.internal${path}?v=2`, headers: { 'x-version': '1.5', [name]: value } },
  ]),
);
EXAMPLES.push([{ method: 'GET', url: 'http://x.example/game', headers: { 'x-version': '0.1' } }]);
const anyRequest: fc.Arbitrary<ExplainRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'),
    host: fc.constantFrom(
      'shop.internal',
      'SHOP.internal:8080',
      'tax.internal',
      'x.example',
      'shop.internal.',
      'x:99999',
    ),
    path: fc.array(piece, { minLength: 1, maxLength: 3 }),
    query: fc.constantFrom('', '?v=1', '?v=2.0', '?v=9x&v=1'),
    headers: fc.record(
      {
        'X-User-Id': fc.constantFrom('ann', 'bob', ''),
        'x-side': fc.constantFrom('a', 'b', 'zzz'),
        'x-version': fc.constantFrom('1.5', 'v2', '0.1', 'x'),
        'x-one': fc.constant('1'),
        'x-two': fc.constant('2'),
        'x-three': fc.constant('3'),
        'x-many': fc.constantFrom<string | string[]>('1', ['1', '2'], ['1', '1', '1'], ['', '', '', '', '']),
        'X-Many': fc.constant('0'),
      },
      { requiredKeys: [] },
    ),
    acted: fc.option(fc.constantFrom(...ACTED), { nil: undefined }),
  })
  .map(({ method, host, path, query, headers, acted }) => ({
    method,
    url: `http://${host}/${path.join('/')}${query}`,
    headers: { ...headers, ...(acted === undefined ? {} : { [acted[0]]: acted[1] }) },
  }));

function headOf({ method = 'GET', url, headers = {} }: ExplainRequest): string {
  const [, host, target] = /^http:\/\/([^/]*)(.*)$/.exec(url) ?? [];
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}\r\n`),
  );
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}\r\n`;
}

test('the router does with a request what an explanation says of it', async () => {
  const origin = await startOrigin((request, response) => request.resume().on('end', () => response.end('ok')));
  const text = documentOf(origin.url);
  const running = { document: documentIn(text), revision: 'r1' };
  const table = new DryTable(systemAlarms);
  const members = (id: string) => ({ members: id === 'none' ? 0 : 1, up: id === 'none' ? 0 : 1, leased: 0 });
  const parts = {
    table,
    running: () => running,
    circuit: () => ({ state: 'closed', reason: '', until: undefined }),
    members,
  };
  const router = await startRouter(text);
  const ends = new Set<string>();
  let asked = 0;
  try {
    const property = fc.asyncProperty(anyRequest, async (request) => {
      const explained = explain(parts, request);
      if ('problem' in explained) assert.fail(explained.problem.reason);
      const client = await connectRaw(router.port());
      const { status, fields, body } = await client.ask(headOf(request));
      client.close();
      asked++;
      assert.equal(status, explained.status ?? 200);
      const { code, route, upstream } = (await router.accessLog(asked))[asked - 1];
      assert.equal(code, explained.code);
      assert.equal(route, explained.route);
      ends.add(`${explained.outcome} ${status}`);
      if (explained.outcome === 'proxied') assertServed(explained, String(upstream));
      if (explained.outcome === 'redirected')
        assert.ok(explained.words.at(-1)?.endsWith(only(fields, 'location') ?? '-'));
      if (code !== undefined && status !== 202)
        assert.ok(explained.words.join('\n').includes(JSON.parse(body).detail) || code === 'no_member');
    });
    await fc.assert(property, { numRuns: 600, examples: EXAMPLES });
    assert.deepEqual([...ends].sort(), [
      'proxied 200',
      'redirected 301',
      'redirected 307',
      'refused 200',
      'refused 202',
      'refused 400',
      'refused 404',
      'refused 413',
      'refused 414',
      'refused 426',
      'refused 431',
      'refused 503',
      'refused 504',
    ]);
  } finally {
    table.stop();
    await router.stop();
    await origin.stop();
  }
});

function assertServed({ upstreams }: Explanation, upstream: string): void {
  assert.ok(
    upstreams.some(({ id }) => id === upstream),
    `${upstream} served it`,
  );
}

test('an explanation goes by the members that are asked, those that registered among them', async () => {
  const text = `
listeners: { internal: { address: 127.0.0.1:0 } }
admin: { address: 127.0.0.1:0 }
upstreams:
  sole: { endpoints: ["http://LOCALHOST:80/"] }
  joined: { endpoints: [http://127.0.0.1:7001] }
  weightless: {}
routes:
  sole: { match: { path: /sole }, upstream: sole, mode: redirect }
  joined: { match: { path: /joined }, upstream: joined, mode: redirect }
  weightless: { match: { path: /weightless }, upstream: weightless }
  either: { match: { path: /either }, split: { sole: 1, weightless: 1 }, mode: redirect }
`;
  const router = await startRouter(text);
  const put = (path: string, body: object, method = 'PUT') =>
    fetch(`${router.adminUrl}/v1/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const told = async (path: string) => {
    const answer = await put('explain', { url: `http://x/${path}` }, 'POST');
    return (await answer.json()) as Explanation;
  };
  const location = async (path: string) => {
    const client = await connectRaw(router.port());
    const { status, fields } = await client.ask(`GET /${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    client.close();
    return `${status} ${only(fields, 'location') ?? ''}`;
  };
  try {
    await put('upstreams/joined/leases/one', { url: 'http://127.0.0.1:7002' });
    await put('upstreams/weightless/leases/one', { url: 'http://127.0.0.1:7003', weight: 0 });
    assert.equal(await location('sole'), '307 http://localhost/sole');
    assert.ok((await told('sole')).words.at(-1)?.endsWith('307 with Location: http://localhost/sole'));
    assert.ok((await told('joined')).words.at(-1)?.endsWith('Location: http://(a member of joined)/joined'));
    assert.equal(await location('weightless'), '503 ');
    const { outcome, code, upstreams } = await told('weightless');
    assert.deepEqual([outcome, code, upstreams[0].members], ['refused', 'no_member', 0]);
    assert.deepEqual((await told('either')).words.slice(-2), [
      'the client is sent to sole itself: 307 with Location: http://localhost/either',
      'weightless has no member that takes requests: requests to it are refused with 503 no_member',
    ]);
  } finally {
    await router.stop();
  }
});
