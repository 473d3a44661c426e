/**
 * The admin API is what its own document says: a client that knows nothing but GET /v1/openapi.json calls every operation
 * well and badly. A call that is new fails here until it has its line in WELL.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { type Call, OpenApiClient } from '../support/openapi-client.ts';
import { flawsOf, type OpenApiDocument, operationsOf } from '../support/openapi-document.ts';

const TOKEN = 'a token of the test';
const HASH = createHash('sha256').update('another').digest('hex');

/** With what is hard to describe: secrets, and the environment where a number or a choice belongs. */
const DOCUMENT = `listeners: { internal: { address: 127.0.0.1:0, limits: { body: "\${BODY}", target: 16KiB } } }
admin: { address: 127.0.0.1:0, token: "${TOKEN}", tokens: { ci: { role: operator, sha256: ${HASH} } } }
workers: "\${THREADS:-0}"
upstreams:
  cart: { endpoints: [ http://127.0.0.1:9, { url: "http://127.0.0.1:8", weight: "\${WEIGHT}" } ], retry: "\${RETRY}" }
  tax: { endpoints: [ http://127.0.0.1:9 ], timeout: { attempt: "\${TIME}", total: off } }
routes:
  cart: { match: { path: { exact: /cart } }, split: { cart: 95, tax: "\${SHARE}" } }
  tax: { match: { path: /tax, methods: [GET], headers: { x-a: b } }, upstream: tax }
rollouts: { r1: { route: cart, to: tax, steps: [ { weight: 1, for: 2m }, { weight: 100 } ] } }
invariants: { i1: { ratio: { of: tax, to: cart }, equals: 1, tolerance: 0.05, window: 30s } }
`;
const ENV = { BODY: '1MiB', WEIGHT: '2', RETRY: 'off', TIME: '3s', SHARE: '5' };

let router: RouterWithApp;
let client: OpenApiClient;
before(async () => {
  router = await startRouterWithApp(DOCUMENT, { env: ENV });
  client = await OpenApiClient.of(router.adminUrl, TOKEN);
});
after(() => router.stop());

const revision = () => router.app.view().running?.revision ?? '';
const written = { 'x-author': 'ada', 'x-reason': 'a test' };
const yaml = { type: 'application/yaml' };
const LEASE = { url: 'http://127.0.0.1:7', weight: 2, version: '1.2.3', zone: 'a', ttl: '1m' };
let first = '';

/** Every operation in the order of a story, called well; `status` where it is not 200. */
const WELL: readonly { id: string; call?: () => Call; status?: number }[] = [
  { id: 'getOpenapiJson' },
  { id: 'getStatus' },
  { id: 'getConfig' },
  { id: 'getConfig', call: () => ({ accept: 'application/yaml' }) },
  { id: 'postConfigCheck', call: () => ({ text: DOCUMENT, ...yaml }) },
  { id: 'postConfigCheck', call: () => ({ body: { routes: { x: { upstream: 'nobody' } } } }) },
  ...['Routes', 'Upstreams', 'Rollouts', 'Invariants'].map((kind) => ({
    id: `get${kind}`,
    call: (): Call => ({ params: { limit: 1 } }),
  })),
  { id: 'getRoutes', call: () => ({ params: { after: 'cart' } }) },
  ...part('Routes', 'cart', 'new', { match: { path: '/new' }, split: { cart: '${SHARE}' } }),
  ...part('Upstreams', 'cart', 'new', { endpoints: ['http://127.0.0.1:7'], retry: '${RETRY}' }),
  ...part('Rollouts', 'r1', 'new', { route: 'cart', to: 'tax', steps: [{ weight: 100 }] }),
  ...part('Invariants', 'i1', 'new', { count: { route: 'cart', status: '2xx' }, atLeast: 1, window: '5m' }),
  { id: 'putUpstreamsIdLeasesInstance', call: () => lease({ body: LEASE }), status: 201 },
  { id: 'putUpstreamsIdLeasesInstance', call: () => lease({ body: LEASE }) },
  { id: 'getUpstreamsIdLeases', call: () => ({ params: { id: 'cart', limit: 10 } }) },
  { id: 'postLeasesRenew', call: () => ({ body: { leases: [{ upstream: 'cart', instance: 'nobody' }] } }) },
  { id: 'putUpstreamsIdCircuit', call: () => circuit({ state: 'isolated', reason: 'maintenance', for: '5m' }) },
  { id: 'getUpstreamsIdStatus', call: () => ({ params: { id: 'cart' } }) },
  { id: 'getStatus' },
  { id: 'putUpstreamsIdCircuit', call: () => circuit({ state: 'auto' }) },
  { id: 'deleteUpstreamsIdLeasesInstance', call: () => lease({ params: { wait: '1s' } }) },
  { id: 'getEvents', call: () => ({ params: { limit: 2 } }) },
  { id: 'postExplain', call: () => ({ body: { url: 'http://a/cart', method: 'GET', headers: { 'x-a': 'b' } } }) },
  { id: 'postExplain', call: () => ({ body: { url: 'http://a/nowhere' } }) },
  {
    id: 'putConfig',
    call: () => ({ text: `# a word\n${DOCUMENT}\ndrain: { limit: 7s }\n`, params: ifMatch(), ...yaml }),
  },
  { id: 'getRevisions', call: () => ({ params: { limit: 3 } }) },
  { id: 'getRevisionsRev', call: () => ({ params: { rev: first } }) },
  { id: 'getRevisionsRevConfig', call: () => ({ params: { rev: first } }) },
  { id: 'postRevisionsRevRestore', call: () => ({ params: { rev: first, ...ifMatch() } }) },
];

/** The calls of one kind of part: read, foreseen, added, replaced and removed. */
function part(kind: string, known: string, id: string, body: object): (typeof WELL)[number][] {
  return [
    { id: `get${kind}Id`, call: () => ({ params: { id: known } }) },
    { id: `put${kind}Id`, call: () => ({ params: { id, dryRun: true }, body }) },
    { id: `put${kind}Id`, call: () => ({ params: { id, ...written }, body }), status: 201 },
    { id: `put${kind}Id`, call: () => ({ params: { id, ...ifMatch() }, body }) },
    { id: `delete${kind}Id`, call: () => ({ params: { id, ...ifMatch() } }) },
  ];
}

function ifMatch() {
  return { 'if-match': `"${revision()}"`, ...written };
}

function lease({ params, ...rest }: Call): Call {
  return { params: { id: 'cart', instance: 'cart-1', 'x-author': 'ada', ...params }, ...rest };
}

function circuit(body: object): Call {
  return { params: { id: 'cart', ...written }, body };
}

test('the document of the API is OpenAPI 3.1 without a flaw', () => {
  assert.deepEqual(flawsOf(client.document), []);
  assert.ok(client.ids.length >= 33, `it has ${client.ids.length} operations`);
});

test('each kind of flaw in a document would be found', () => {
  type Loose = { [key: string]: Loose };
  const spoilt: [RegExp, (document: Loose) => void][] = [
    [/not 3\.1/, (document) => Object.assign(document, { openapi: '3.0.3' })],
    [/stands there twice/, (document) => Object.assign(document.paths['/v1/status'].get, { operationId: 'getConfig' })],
    [/\{id\} is not declared/, (document) => Object.assign(document.paths['/v1/routes/{id}'].get, { parameters: [] })],
    [/leads nowhere/, (document) => delete document.components.schemas.Route],
    [/no summary/, (document) => delete document.paths['/v1/status'].get.summary],
    [/0 tags/, (document) => Object.assign(document.paths['/v1/status'].get, { tags: [] })],
    [/is no Problem/, (document) => delete document.paths['/v1/status'].get.responses.default],
    [/how to show who asks/, (document) => delete document.security],
    [/token is not declared/, (document) => delete document.components.securitySchemes],
    [/schema is not valid/, (document) => Object.assign(document.components.schemas.Problem, { type: 'objekt' })],
    [/schema is not valid/, (document) => Object.assign(document.components.schemas.Problem, { propertys: {} })],
    [/no description, content/, (document) => delete document.paths['/v1/status'].get.responses['200'].content],
  ];
  for (const [flaw, spoil] of spoilt) {
    const document = structuredClone(client.document) as unknown as Loose;
    const few = ['/v1/status', '/v1/config', '/v1/routes/{id}'];
    document.paths = Object.fromEntries(few.map((path) => [path, document.paths[path]]));
    spoil(document);
    assert.match(flawsOf(document as unknown as OpenApiDocument).join('\n'), flaw);
  }
});

test('every operation, called as it is described, answers as it is described', async () => {
  first = revision();
  for (const { id, call = () => ({}), status = 200 } of WELL) {
    const answered = await client.call(id, call());
    assert.equal(answered.status, status, `${id}: ${JSON.stringify(answered.body)}`);
  }
  const frames = await client.events('getLive', 2);
  assert.equal(frames.length, 2);
  assert.deepEqual(
    client.ids.filter((id) => !client.good.has(id)),
    [],
    'give each of these a line in WELL',
  );
  assert.equal(revision(), first, 'the story ends where it began');
});

/** A good call of an operation, to be spoilt. */
function wellCalled(id: string): Call {
  return WELL.find((step) => step.id === id)?.call?.() ?? {};
}

test('whoever shows no token is refused by every operation, and told so', async () => {
  for (const id of client.ids) {
    const { status, code } = await client.refused(id, { ...wellCalled(id), token: '' });
    assert.deepEqual([id, status, code], [id, 401, 'unauthorized']);
  }
});

test('a query parameter that an operation does not know is refused by every one', async () => {
  for (const id of client.ids) {
    const { status, code, detail } = await client.refused(id, { ...wellCalled(id), query: 'nonsense=1' });
    assert.deepEqual([id, status, code], [id, 400, 'bad_request']);
    assert.match(detail, /nonsense/);
  }
});

/** What a value of this schema cannot be; undefined where it can be any text. */
function misfit(schema: Readonly<Record<string, unknown>> = {}): string | undefined {
  if (schema.type !== 'string') return 'x';
  if (schema.pattern !== undefined) return '-?-';
  return schema.maxLength === undefined ? undefined : 'x'.repeat(Number(schema.maxLength) + 1);
}

test('a parameter in the path or query that does not fit is refused, and so is a revision that is none', async () => {
  let tried = 0;
  for (const { operation } of operationsOf(client.document)) {
    const { operationId: id = '', parameters = [] } = operation;
    for (const { name, schema } of parameters) {
      const value = name === 'if-match' ? 'not a revision' : misfit(schema);
      if (value === undefined) continue;
      const call = wellCalled(id);
      const { status, code } = await client.refused(id, { ...call, params: { ...call.params, [name]: value } });
      assert.deepEqual([id, name, status, code], [id, name, 400, 'bad_request']);
      tried += 1;
    }
  }
  assert.ok(tried > 50, `${tried} tried`);
});

test('what is not there is not found, except where a call would make it', async () => {
  for (const { operation } of operationsOf(client.document)) {
    const { operationId: id = '', parameters = [] } = operation;
    const [name] = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
    if (name === undefined || /^put(?:Routes|Upstreams|Rollouts|Invariants)Id$/.test(id)) continue;
    const call = wellCalled(id);
    const { 'if-match': _, ...params } = { ...call.params };
    const unknown = name === 'rev' ? '0123456789ab' : 'nobody';
    const { status, code } = await client.refused(id, { ...call, params: { ...params, [name]: unknown } });
    assert.deepEqual([id, status, code], [id, 404, 'not_found']);
  }
});

test('a body that is missing, of another type, broken, too deep or of another kind is refused', async () => {
  const wrong: [Partial<Call>, readonly number[]][] = [
    [{}, [400]],
    [{ text: '{}', type: 'text/plain' }, [415]],
    [{ text: 'a=b', type: 'application/x-www-form-urlencoded' }, [415]],
    [{ text: '{"a":' }, [400]],
    [{ text: '{"__proto__": {}}' }, [400]],
    [{ text: `${'['.repeat(30_000)}${']'.repeat(30_000)}` }, [400]],
    [{ body: 'a text' }, [400, 422]],
    [{ body: [1] }, [400, 422]],
    [{ body: { nonsense: 1 } }, [400, 422]],
  ];
  for (const { operation } of operationsOf(client.document)) {
    const { operationId: id = '', requestBody } = operation;
    if (requestBody === undefined) continue;
    const { params = {} } = wellCalled(id);
    for (const [call, statuses] of wrong) {
      // What is wrong with a document is what this one call answers.
      if (id === 'postConfigCheck' && 'body' in call && !Array.isArray(call.body) && typeof call.body === 'object')
        continue;
      const { status, detail } = await client.refused(id, { params, ...call });
      assert.ok(statuses.includes(status), `${id} ${JSON.stringify(call).slice(0, 60)}: ${status} ${detail}`);
    }
    if (Object.keys(requestBody.content ?? {}).length > 1) continue;
    assert.equal((await client.refused(id, { params, text: 'a: 1', ...yaml })).status, 415, `${id} takes no YAML`);
  }
});

test('every operation was called well and badly, nothing was changed by it, and the router failed over none of it', () => {
  assert.deepEqual(
    client.ids.filter((id) => !client.good.has(id) || !client.bad.has(id)),
    [],
  );
  assert.equal(revision(), first);
  assert.deepEqual(
    router.logs.filter(({ msg }) => msg === 'a call of the API failed'),
    [],
  );
});
