/**
 * Thousands of random calls, documents and bodies: whatever is thrown at the admin API, only a call that says that it changed
 * something has changed anything, and the router fails over none of it.
 *
 * SEED=n draws the calls of that seed again, CALLS=n as many calls.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../src/admin/shapes/change.ts';
import { type AnyCall, anyCall, type Heard, KeptConnection } from '../support/any-call.ts';
import { refusedDocumentText } from '../support/any-document.ts';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { CONTRACT_DOCUMENT, TLS } from '../support/contract-document.ts';
import { compilerOf, type OpenApiDocument } from '../support/openapi-document.ts';

const SEED = Number(process.env.SEED ?? 271_828);
const CALLS = Number(process.env.CALLS ?? 10_000);
/** A hang, no measure of speed. */
const LIMIT = { timeout: 600_000 };

/** Addresses that a document names, as ones that the system chooses. */
function onFreePorts(text: string): string {
  return text.replaceAll(/(?:127\.0\.0\.1:(?:8080|9901)|0\.0\.0\.0:8443)/g, '127.0.0.1:0');
}

/** Every key there is, and no end to how often one may ask. */
const DOCUMENT = onFreePorts(CONTRACT_DOCUMENT.replace(TLS, '')).replace(
  /(?<=^admin: \{)/m,
  ' limits: { requests: 1000000 },',
);

interface Stage {
  readonly router: RouterWithApp;
  readonly document: OpenApiDocument;
  readonly isProblem: (value: unknown) => boolean;
  readonly connection: KeptConnection;
  readonly statuses: Map<number, number>;
  changes: number;
}

async function start(t: TestContext, workers: number): Promise<Stage> {
  // Names in random documents are asked of nobody.
  const router = await startRouterWithApp(DOCUMENT, { workers, dnsServers: ['127.0.0.1:9'] });
  t.after(() => router.stop());
  const connection = new KeptConnection(router.app.adminPort);
  t.after(() => connection.close());
  const document = (await (await fetch(`${router.adminUrl}/v1/openapi.json`)).json()) as OpenApiDocument;
  const isProblem = compilerOf(document)({ $ref: '#/components/schemas/Problem' });
  return {
    router,
    document,
    isProblem: (value) => isProblem(value) === true,
    connection,
    statuses: new Map(),
    changes: 0,
  };
}

/** Sends one call; what it did must be what it says, and then everything is as it was. */
async function throwAt(stage: Stage, call: AnyCall): Promise<Heard> {
  const { router, connection, statuses } = stage;
  const [revision, text] = standing(router);
  const heard = await connection.send(call, revision);
  statuses.set(heard.status, (statuses.get(heard.status) ?? 0) + 1);
  checkReply(stage, call, heard);
  const change = changeIn(heard);
  if (change === undefined || change.written === 'nowhere') {
    assert.deepEqual(standing(router), [revision, text], `${heard.status}, and something has changed`);
    return heard;
  }
  stage.changes += 1;
  assert.equal(standing(router)[0], change.revision);
  const back = await router.reload(DOCUMENT);
  assert.ok(back.ok, JSON.stringify(back.problems));
  return heard;
}

/** A random call whose document could be put in force here. */
function callOf({ document }: Stage): fc.Arbitrary<AnyCall> {
  return anyCall(document).map((call) => {
    if (typeof call.body?.payload !== 'string') return call;
    return { ...call, body: { ...call.body, payload: onFreePorts(call.body.payload) } };
  });
}

/** The running revision, and what the file says. */
function standing(router: RouterWithApp): [string, string] {
  return [router.app.view().running?.revision ?? '', readFileSync(router.configPath, 'utf8')];
}

function checkReply({ isProblem }: Stage, { method }: AnyCall, { status, type, text }: Heard): void {
  assert.ok(status >= 200 && status < 500, `${status}: ${text.slice(0, 500)}`);
  assert.doesNotMatch(text, /node_modules|^ {4}at |\.ts:\d+|the router itself failed/m);
  if (status < 400) return;
  assert.match(type, /^application\/problem\+json/);
  if (method !== 'HEAD') assert.ok(isProblem(JSON.parse(text)), text);
}

function changeIn({ status, text }: Heard): Change | undefined {
  if (status >= 300 || !text.startsWith('{"revision":')) return undefined;
  const body = JSON.parse(text) as Partial<Change>;
  return body.written === undefined ? undefined : (body as Change);
}

function unharmed(t: TestContext, { router, statuses, changes }: Stage): void {
  assert.deepEqual(
    router.logs.filter(({ msg }) => msg === 'a call of the API failed'),
    [],
  );
  const told = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} x ${status}`);
  t.diagnostic(`${told.join(', ')}; ${changes} changes`);
}

const shown = { seed: SEED, verbose: 0 } as const;

test(`${CALLS} random calls change nothing but what they say (seed ${SEED})`, LIMIT, async (t) => {
  const stage = await start(t, 0);
  const property = fc.asyncProperty(callOf(stage), async (call) => void (await throwAt(stage, call)));
  await fc.assert(property, { ...shown, numRuns: CALLS });
  unharmed(t, stage);
  const { statuses, changes } = stage;
  for (const status of [200, 201, 400, 404, 412, 415, 422]) assert.ok(statuses.has(status), `${status} never came`);
  assert.ok(changes > CALLS / 1000, `${changes} changes`);
});

const REFUSED = Math.ceil(CALLS / 5);

test(
  `${REFUSED} texts that are no document never come into force, whoever sends them (seed ${SEED})`,
  LIMIT,
  async (t) => {
    const stage = await start(t, 0);
    const [revision] = standing(stage.router);
    const way = fc.constantFrom('PUT /v1/config', 'PUT /v1/config?dryRun=true', 'POST /v1/config/check');
    const property = fc.asyncProperty(refusedDocumentText(), way, fc.boolean(), async (payload, line, asJson) => {
      const [method, target] = line.split(' ');
      const contentType = asJson && isJson(payload) ? 'application/json' : 'application/yaml';
      const { status, text } = await throwAt(stage, { method, target, headers: {}, body: { contentType, payload } });
      const refused = status === 200 ? (JSON.parse(text) as { valid?: boolean }).valid === false : status >= 400;
      assert.ok(refused, `${status}: ${text.slice(0, 300)}`);
      assert.equal(standing(stage.router)[0], revision);
    });
    await fc.assert(property, { ...shown, numRuns: REFUSED });
    assert.equal(stage.changes, 0);
    unharmed(t, stage);
  },
);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const THREADED = Math.ceil(CALLS / 20);

test(`${THREADED} random calls leave 2 data threads at one revision, serving (seed ${SEED})`, LIMIT, async (t) => {
  const stage = await start(t, 2);
  const property = fc.asyncProperty(callOf(stage), async (call) => void (await throwAt(stage, call)));
  await fc.assert(property, { ...shown, numRuns: THREADED });
  unharmed(t, stage);
  for (let i = 0; i < 8; i++) {
    const reply = await fetch(`http://127.0.0.1:${stage.router.port()}/nowhere`, { headers: { connection: 'close' } });
    assert.equal(reply.status, 404);
  }
  const ready = (await (await fetch(`${stage.router.adminUrl}/readyz`)).json()) as Record<string, unknown>;
  assert.deepEqual(ready.threads, { wanted: 2, running: 2, restarts: 0 });
});
