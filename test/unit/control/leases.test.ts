/**
 * Leases over a restart: what stands in the file, when it is written, and what becomes of a file that cannot be read.
 */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LeaseKeeper } from '../../../src/control/lease-keeping.ts';
import { leaseStore } from '../../../src/control/lease-store.ts';
import type { StoredLease } from '../../../src/upstream/lease.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';

const LEASE: StoredLease = {
  upstream: 'cart',
  instance: 'cart-7',
  url: 'http://10.0.0.7:8080',
  weight: 1,
  version: undefined,
  zone: 'b',
  ttl: 30_000,
  author: 'ana',
  registeredAt: 1_700_000_000_000,
  left: 12_345,
};

async function stored(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-leases-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const logged: string[] = [];
  const store = leaseStore(join(folder, 'state'), (level, _fields, message) => void logged.push(`${level} ${message}`));
  return { folder, path: join(folder, 'state', 'leases.json'), logged, store };
}

test('what was saved is loaded again, from a file that only this user reads, and nothing else is left', async (t) => {
  const { store, path, folder, logged } = await stored(t);
  assert.deepEqual(await store.load(), []);
  await store.save([LEASE, { ...LEASE, instance: 'cart-8', version: '2' }]);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(folder, 'state')), ['leases.json']);
  const [one, two] = await store.load();
  assert.deepEqual({ ...one, version: undefined }, LEASE);
  assert.equal(two.version, '2');
  assert.deepEqual(logged, []);
});

test('saves that overlap end with the last one', async (t) => {
  const { store } = await stored(t);
  await Promise.all([1, 2, 3].map((left) => store.save([{ ...LEASE, left }])));
  assert.equal((await store.load())[0].left, 3);
});

for (const [what, text] of [
  ['torn', '{"layout":1,"leases":[{"upstream":"cart","inst'],
  ['of another layout', '{"layout":2,"leases":[]}'],
  ['of something else', '[1,2,3]'],
  ['without a number where one belongs', JSON.stringify({ layout: 1, leases: [{ ...LEASE, left: 'x' }] })],
  ['with a time that no date has', JSON.stringify({ layout: 1, leases: [{ ...LEASE, registeredAt: 1e16 }] })],
  ['with a time before all others', JSON.stringify({ layout: 1, leases: [{ ...LEASE, registeredAt: -1 }] })],
  ['with a list that is none', '{"layout":1,"leases":{}}'],
  ['empty', ''],
] as const) {
  test(`a file that is ${what} is said and passed over, and the next save replaces it`, async (t) => {
    const { store, path, logged } = await stored(t);
    await store.save([]);
    await writeFile(path, text);
    assert.deepEqual(await store.load(), []);
    assert.deepEqual(logged, ['warn this is no list of leases: the router starts without']);
    await store.save([LEASE]);
    assert.equal((await store.load()).length, 1);
  });
}

test('a folder that cannot be written is said once, and once more when it can', async (t) => {
  const { store, folder, logged } = await stored(t);
  // A file stands where the folder should.
  await writeFile(join(folder, 'state'), '');
  await store.save([LEASE]);
  await store.save([LEASE]);
  assert.deepEqual(logged, ['warn leases cannot be saved: a restart will not know them']);
  await rm(join(folder, 'state'));
  await store.save([LEASE]);
  assert.deepEqual(logged.slice(1), ['info leases can be saved again']);
});

test('a save that fails leaves what was saved before', async (t) => {
  const { store, path } = await stored(t);
  await store.save([LEASE]);
  const before = await readFile(path, 'utf8');
  // The file that is written aside cannot be opened where a folder has its name.
  await mkdir(`${path}.tmp`);
  await store.save([]);
  assert.equal(await readFile(path, 'utf8'), before);
});

/** A keeper of leases that a test touches. */
async function keeping(loaded: readonly StoredLease[] = []) {
  const clock = new FakeClock();
  const alarms = new FakeAlarms(clock);
  const saves: number[] = [];
  const restored: StoredLease[] = [];
  let touch: (what: 'changed' | 'renewed') => void = () => {};
  const leases = {
    restore: (list: readonly StoredLease[]) => void restored.push(...list),
    stored: () => [LEASE],
    onTouch: (heard: typeof touch) => {
      touch = heard;
    },
  };
  const store = {
    load: async () => [...loaded],
    save: async () => void saves.push(clock.now() - 1_000),
  };
  const keeper = new LeaseKeeper({ leases, store, clock, alarms });
  await keeper.begin();
  return { keeper, alarms, saves, restored, touch: (what: 'changed' | 'renewed') => touch(what) };
}

test('a registration is saved at once, and those of the same second after it', async () => {
  const { touch, alarms, saves } = await keeping();
  touch('changed');
  await alarms.run(100);
  assert.deepEqual(saves, [0]);
  for (let i = 0; i < 30; i++) {
    touch('changed');
    await alarms.run(100);
  }
  assert.deepEqual(saves, [0, 1_000, 2_000, 3_000]);
});

test('renewals are saved every ten seconds, and do not hold a registration up', async () => {
  const { touch, alarms, saves } = await keeping();
  for (let i = 0; i < 250; i++) {
    touch('renewed');
    await alarms.run(100);
  }
  assert.deepEqual(saves, [1_000, 11_000, 21_000]);
  touch('changed');
  await alarms.run(10);
  assert.deepEqual(saves.slice(3), [25_000]);
});

test('the end is saved, and nothing behind it', async () => {
  const { keeper, touch, alarms, saves } = await keeping();
  touch('renewed');
  await keeper.stop();
  assert.equal(saves.length, 1);
  touch('changed');
  await alarms.run(60_000);
  assert.equal(saves.length, 1);
});

test('a router at which nobody registered writes nothing', async () => {
  const { keeper, alarms, saves } = await keeping();
  await alarms.run(60_000);
  await keeper.stop();
  assert.deepEqual(saves, []);
});

test('what was loaded is taken up, and saved again soon, since its time goes on', async () => {
  const { restored, alarms, saves } = await keeping([LEASE]);
  assert.deepEqual(restored, [LEASE]);
  await alarms.run(2_000);
  assert.deepEqual(saves, [1_000]);
});
