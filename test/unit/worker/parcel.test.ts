/**
 * What comes out of a parcel is what went in, part by part, with the blocks of each part and no others.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, compileInSteps } from '../../../src/config/compile.ts';
import { NameSet } from '../../../src/core/names.ts';
import { Packer } from '../../../src/worker/parcel.ts';
import { unpack } from '../../../src/worker/unpack.ts';
import { factsOf, routeSettings } from '../../support/facts.ts';
import { countingSite, documentOf } from '../../support/tables.ts';

const UPSTREAMS = Array.from({ length: 200 }, (_, i) => `up-${i}`);
const ROUTES = Array.from({ length: 500 }, (_, i) => {
  const path = { kind: 'prefix', value: `/some/${i}` } as const;
  return [
    `route-${i}`,
    routeSettings({ path }, { release: { split: [{ upstream: `up-${i % 200}`, weight: 1 }], mode: 'proxy' } }),
  ] as const;
});
const DOCUMENT = documentOf(Object.fromEntries(ROUTES), UPSTREAMS);

function packed() {
  const site = countingSite();
  const table = compile(DOCUMENT, 'r1', site);
  return { table, site, parcel: new Packer().pack({ document: DOCUMENT, revision: 'r1', blocks: [...site.blocks] }) };
}

test('a packed document compiles to the same table, with the same blocks', () => {
  const { table, parcel } = packed();
  const { document, block } = unpack(parcel);
  const steps = compileInSteps(document, 'r1', { ...countingSite(), block });
  let count = 0;
  for (let step = steps.next(); ; step = steps.next()) {
    count += 1;
    if (step.done !== true) continue;
    const read = step.value;
    const plain = ({ routes, destinations }: typeof table) => [
      [...routes].map(([id, route]) => [id, route.block, route.firstBlock, route.otherBlocks, route.plan.settings]),
      [...destinations].map(([id, { upstream }]) => [id, upstream.block, upstream.settings]),
    ];
    assert.deepEqual(plain(read), plain(table));
    assert.equal(read.listeners.get('internal')?.block, table.listeners.get('internal')?.block);
    for (const [id] of ROUTES) {
      const request = factsOf({ target: `/some/${id.slice(6)}/x` }, new NameSet());
      const found = read.listeners.get('internal')?.match(request);
      assert.equal(found?.is === 'route' ? found.route.id : found?.is, id);
    }
    break;
  }
  assert.ok(count > ROUTES.length + UPSTREAMS.length, 'whoever serves requests may do so between any two routes');
});

test('a parcel comes in parts, read only as far as they are asked for', () => {
  const { parcel } = packed();
  assert.equal(parcel.routes.length, 8);
  const broken = { ...parcel, routes: [parcel.routes[0], new Uint8Array([1, 2, 3])] };
  const routes = unpack(broken).document.routes[Symbol.iterator]();
  for (let i = 0; i < 64; i++) assert.equal(routes.next().value?.[0], `route-${i}`);
  assert.throws(() => routes.next());
});

test('parts lie in memory that every thread may read', () => {
  const { head, routes, upstreams } = packed().parcel;
  for (const bytes of [head, ...routes, ...upstreams]) assert.ok(bytes.buffer instanceof SharedArrayBuffer);
});

test('a part that says what it said in the parcel before is the same memory, and any other is not', () => {
  const packer = new Packer();
  const site = countingSite();
  compile(DOCUMENT, 'r1', site);
  const blocks = [...site.blocks];
  const first = packer.pack({ document: DOCUMENT, revision: 'r1', blocks });
  const routes = { ...DOCUMENT.routes, 'route-70': routeSettings({ path: { kind: 'exact', value: '/other' } }) };
  const moved = blocks.map(([key, block]) => [key, key === 'route:route-200|' ? block + 1 : block] as const);
  const next = packer.pack({ document: { ...DOCUMENT, routes }, revision: 'r2', blocks: moved });
  const same = (one: readonly Uint8Array[], other: readonly Uint8Array[]) => one.map((bytes, i) => bytes === other[i]);
  assert.deepEqual(same(next.routes, first.routes), [true, false, true, false, true, true, true, true]);
  assert.deepEqual(same(next.upstreams, first.upstreams), [true, true, true, true]);
  assert.deepEqual(next, new Packer().pack({ document: { ...DOCUMENT, routes }, revision: 'r2', blocks: moved }));
});

test('a key without a block is said by its name', () => {
  const { block } = unpack(packed().parcel);
  assert.throws(() => block('route:other|'), /no block of counters was given for route:other\|/);
});
