/**
 * Exchanges of a route that a reload removed: they get drain.limit from then on, whatever reloads follow, and go on where the
 * route comes back.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OriginConnection, ok, silent } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { plain } from './failing.ts';
import { assertProblem } from './refusing.ts';
import { documentFor, onStage } from './stage.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

const LIMIT = 1_000;

/** A document with these routes, by their ids and paths. */
function routed(
  stage: TimedStage,
  routes: Readonly<Record<string, string>>,
  more: Record<string, unknown> = {},
): string {
  const all = Object.entries(routes).map(([id, path]) => [id, { match: { path }, upstream: 'main' }]);
  return documentFor(stage.origin.port, { document: { routes: Object.fromEntries(all), ...more } });
}

async function underWay(stage: TimedStage, path: string) {
  const client = await stage.client();
  await client.send(plain('GET', path));
  const connection = await stage.origin.connection();
  await until('the head', () => connection.heads.length > 0);
  return { client, connection };
}

test(
  'a reload that brings a removed route back lets what was under way go on',
  onTimedStage(silent, async (stage) => {
    await stage.take(routed(stage, { a: '/a', b: '/b' }));
    const { client, connection } = await underWay(stage, '/a');
    await stage.take(routed(stage, { b: '/b' }));
    await stage.pass(LIMIT / 2);
    await stage.take(routed(stage, { a: '/a', b: '/b' }));
    await stage.pass(2 * LIMIT);
    connection.send(ok('late'));
    assert.equal((await client.reply()).body, 'late');
  }),
);

test(
  'reloads that follow do not put off the end of an exchange whose route is gone',
  onTimedStage(silent, async (stage) => {
    await stage.take(routed(stage, { a: '/a', b: '/b' }));
    const { client } = await underWay(stage, '/a');
    await stage.take(routed(stage, { b: '/b' }));
    await stage.pass(LIMIT / 2);
    await stage.take(routed(stage, { b: '/b', c: '/c' }));
    await stage.passNearly(LIMIT / 2);
    assert.equal(client.inbox.all, '');
    await stage.passRest();
    assertProblem(await client.reply(), 503, 'route_removed');
  }),
);

test(
  'of two routes removed one after the other the log names the one whose exchange was cut, on one connection too',
  onTimedStage(
    async (connection: OriginConnection) => {
      for (;;) if ((await connection.head()).includes('/a')) await until('the word', () => answer(connection));
    },
    async (stage) => {
      await stage.take(routed(stage, { a: '/a', b: '/b' }));
      const { client, connection } = await underWay(stage, '/a');
      await stage.take(routed(stage, { b: '/b' }));
      told.add(connection);
      assert.equal((await client.reply()).body, 'fine');
      await client.send(plain('GET', '/b'));
      await until('the second', () => connection.heads.length === 2);
      await stage.take(routed(stage, { c: '/c' }));
      await stage.pass(2 * LIMIT);
      assertProblem(await client.reply(), 503, 'route_removed');
      assert.match(String((await stage.logged('/b')).detail), /^route b was removed/);
    },
  ),
);

const told = new Set<OriginConnection>();

function answer(connection: OriginConnection): boolean {
  if (told.has(connection)) connection.send(ok('fine'));
  return told.has(connection);
}

const ROUTES = { a: { match: { path: '/a' }, upstream: 'main' }, b: { match: { path: '/b' }, upstream: 'main' } };

for (const [what, after] of [
  ['its route was removed', (port: number) => documentFor(port, { document: { routes: { b: ROUTES.b } } })],
  ['its upstream was renamed', (port: number) => documentFor(port, {}).replaceAll('"main"', '"other"')],
] as const) {
  test(
    `an exchange that ends after scrapes have passed since ${what} is counted for two more, and then no longer`,
    onStage(
      silent,
      async (stage) => {
        const client = await stage.client();
        await client.send(plain('GET', '/a'));
        const connection = await stage.origin.connection();
        await until('the head', () => connection.heads.length > 0);
        const outcome = await stage.router.reload(after(stage.origin.port));
        assert.ok(outcome.ok, JSON.stringify(outcome));
        const counted = async () => {
          const samples = await stage.metric('signalbox_requests_total');
          return samples['{route="a",upstream="main",code="200"}'];
        };
        assert.deepEqual([await counted(), await counted()], [undefined, undefined]);
        connection.send(ok('late'));
        assert.equal((await client.reply()).body, 'late');
        assert.deepEqual([await counted(), await counted(), await counted()], [1, 1, undefined]);
      },
      { document: { routes: ROUTES } },
    ),
  );
}
