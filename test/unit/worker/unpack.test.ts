/**
 * A table made from the one before is the table that its document gives alone.
 *
 * Routes come, go and change, and with them the names, expressions and plans that a table has; requests of every kind are
 * asked of both. What did not change is the very same route.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compile, compileInSteps } from '../../../src/config/compile.ts';
import type { Document } from '../../../src/config/document.ts';
import type { RouteSettings, Table } from '../../../src/routing/route.ts';
import { Packer } from '../../../src/worker/parcel.ts';
import { type Before, unpack } from '../../../src/worker/unpack.ts';
import { factsOf, routeSettings } from '../../support/facts.ts';
import { type Chance, chanceOf, pick } from '../../support/styled.ts';
import { countingSite, documentOf, listenerSettings } from '../../support/tables.ts';

const UPSTREAMS = ['cart', 'tax', 'new'];
const PATHS = ['/a', '/a/b', '/a/b/c', '/x.+/[0-9]{1,3}', '/b', '/.*c'];
const LISTENERS = { internal: listenerSettings(), edge: listenerSettings({ zone: 'edge' }) };

function someRoute(chance: Chance): RouteSettings {
  const value = pick(chance, PATHS);
  const kind = /[.[]/.test(value) ? ('regex' as const) : pick(chance, ['prefix', 'exact'] as const);
  const header = `x-${pick(chance, ['tenant', 'team', 'v1', 'v2', 'v3'])}`;
  const match = {
    ...(chance() < 0.9 ? { path: { kind, value } } : {}),
    ...(chance() < 0.3 ? { host: pick(chance, ['shop.internal', '*.internal']) } : {}),
    ...(chance() < 0.2 ? { methods: ['GET', 'POST'] } : {}),
    headers: chance() < 0.3 ? { [header]: 'acme' } : {},
    query: chance() < 0.1 ? { v: '2' } : {},
  };
  const split = UPSTREAMS.filter(() => chance() < 0.5).map((upstream) => ({ upstream, weight: 1 }));
  return routeSettings(match, {
    release: { split: split.length === 0 ? [{ upstream: 'tax', weight: 1 }] : split, mode: 'proxy' },
    listeners: pick(chance, [['internal'], ['edge'], ['internal', 'edge']]),
    ...(chance() < 0.2 ? { fallback: { upstream: 'cart' } } : {}),
  });
}

function changed(document: Document, chance: Chance): Document {
  const routes = { ...document.routes };
  const ids = Object.keys(routes);
  const what = chance();
  if (what < 0.15) delete routes[pick(chance, ids)];
  else if (what < 0.3) routes[`new-${Math.floor(chance() * 1e6)}`] = someRoute(chance);
  else routes[pick(chance, ids)] = someRoute(chance);
  // An upstream that changes is another base.
  if (what < 0.95) return { ...document, routes };
  const upstreams = {
    ...document.upstreams,
    tax: { ...document.upstreams.tax, slowStart: Math.floor(chance() * 1e4) },
  };
  return { ...document, routes, upstreams };
}

/** Steps of both threads: packed once, compiled alone and from what is in force. */
function threads() {
  const packer = new Packer();
  const site = countingSite();
  let before: Before | undefined;
  let alone: Table | undefined;
  let number = 0;
  return {
    prepare(document: Document): { made: Table; alone: Table; commit: () => void } {
      number += 1;
      const revision = `r${number}`;
      const blocks = new Map<string, number>();
      const block = (key: string) => {
        const found = site.block(key);
        blocks.set(key, found);
        return found;
      };
      compile(document, revision, { ...countingSite(), block });
      const parcel = packer.pack({ document, revision, blocks: [...blocks] });
      const { document: parts, block: known, unpacked } = unpack(parcel, before);
      const made = all(compileInSteps(parts, revision, { ...countingSite(), block: known }));
      const { document: whole, block: given } = unpack(parcel);
      alone = all(compileInSteps(whole, revision, { ...countingSite(), block: given }));
      assert.ok(unpacked !== undefined);
      return {
        made,
        alone,
        commit: () => {
          before = { table: made, unpacked };
        },
      };
    },
  };
}

function all(steps: Generator<undefined, Table, undefined>): Table {
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

const REQUESTS = ['/a', '/a/b', '/a/b/c/d', '/xy/12', '/b/', '/zc', '/', '/a?v=2', '/none'].flatMap((target) =>
  ['shop.internal', 'tax.internal', 'other'].flatMap((host) =>
    [{}, { 'x-tenant': 'acme' }, { 'x-v1': 'acme', 'x-team': 'acme' }, { 'x-v3': 'other' }].flatMap((headers) =>
      ['GET', 'PUT'].map((method) => ({ target, host, headers, method })),
    ),
  ),
);

/** What a table says of every request, and what its routes are. */
function said({ listeners, routes, names, destinations }: Table): unknown {
  const answers = [...listeners.values()].map((listener) =>
    REQUESTS.map((request) => {
      const found = listener.match(factsOf(request, names));
      return found.is === 'route' ? found.route.id : found.is;
    }),
  );
  const plain = [...routes].map(([id, { block, firstBlock, otherBlocks, plan }]) => {
    const leadsTo = plan.destinations.map((destination) => {
      assert.equal(destinations.get(destination.upstream.id), destination);
      return [destination.upstream.id, destination.upstream.block, destination.upstream.settings];
    });
    return [id, block, firstBlock, otherBlocks, plan.settings, plan.fallback, leadsTo];
  });
  return { answers, plain, blocks: [...listeners].map(([id, { block }]) => [id, block]) };
}

function first(count: number, chance: Chance): Document {
  const routes = Array.from({ length: count }, (_, i) => [`route-${i}`, someRoute(chance)] as const);
  return documentOf(Object.fromEntries(routes), UPSTREAMS, { listeners: LISTENERS });
}

test('a table made from the one before says of every request what its document says alone', () => {
  let same = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const chance = chanceOf(seed);
      const { prepare } = threads();
      let document = first(20 + Math.floor(chance() * 200), chance);
      let last = prepare(document);
      last.commit();
      for (let i = 0; i < 12; i++) {
        document = changed(document, chance);
        const next = prepare(document);
        assert.deepEqual(said(next.made), said(next.alone));
        for (const [id, route] of next.made.routes) if (last.made.routes.get(id) === route) same += 1;
        // One that is given up leaves no trace in what comes after it.
        if (chance() < 0.8) {
          next.commit();
          last = next;
        }
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(same > 1000, `${same} routes were taken from the table before`);
});

test('the names of the table in force are its own, whatever the next one asks for', () => {
  const { prepare } = threads();
  const document = first(100, chanceOf(1));
  const last = prepare(document);
  last.commit();
  const before = [...last.made.names.names];
  const routes = { ...document.routes, more: routeSettings({ headers: { 'x-never-seen': '1' } }) };
  const next = prepare({ ...document, routes });
  assert.deepEqual(last.made.names.names, before);
  assert.deepEqual(next.made.names.names, [...before, 'x-never-seen']);
});

test('routes of an upstream that changed are made anew, and all of them after so many edits', () => {
  const { prepare } = threads();
  const chance = chanceOf(2);
  let document = first(100, chance);
  let last = prepare(document);
  last.commit();
  const shared = (one: Table, other: Table) =>
    [...one.routes].filter(([id, route]) => other.routes.get(id) === route).length;
  const tax = { ...document.upstreams.tax, slowStart: 7 };
  const moved = prepare({ ...document, upstreams: { ...document.upstreams, tax } });
  assert.equal(shared(moved.made, last.made), 0);
  let whole = 0;
  for (let i = 0; i < 60; i++) {
    document = { ...document, routes: { ...document.routes, 'route-7': someRoute(chance) } };
    const next = prepare(document);
    if (shared(next.made, last.made) === 0) whole += 1;
    next.commit();
    last = next;
  }
  assert.equal(whole, 1);
});
