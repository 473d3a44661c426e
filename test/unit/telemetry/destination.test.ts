/**
 * Where log bytes go: whole lines in order, and a disk that is full or a name that is wrong costs lines at most.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ring, ringMemory } from '../../../src/core/ring.ts';
import { openDestination } from '../../../src/telemetry/destination.ts';
import { FakeClock } from '../../support/clock.ts';
import { until } from '../../support/wait.ts';

const LINE = `${'x'.repeat(99)}\n`;

interface Bench {
  readonly path: string;
  readonly errors: string[];
  readonly clock: FakeClock;
  open(target: string): ReturnType<typeof openDestination>;
}

async function within(body: (bench: Bench) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-log-'));
  const errors: string[] = [];
  const clock = new FakeClock();
  const options = { now: () => clock.now(), onError: (error: Error) => void errors.push(error.message) };
  try {
    await body({
      path: join(directory, 'access.log'),
      errors,
      clock,
      open: (target) => openDestination(target, options),
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test('everything written is in the file in order once the end has come', async () => {
  await within(async ({ path, open }) => {
    const destination = open(path);
    let expected = '';
    for (let i = 0; i < 5000; i++) {
      const line = `${i} ${LINE}`;
      expected += line;
      destination.write(Buffer.from(line));
    }
    await destination.end();
    assert.equal(await readFile(path, 'utf8'), expected);
    assert.equal(destination.dropped, 0);
  });
});

test('a file that stands there is written on, not over', async () => {
  await within(async ({ path, open }) => {
    for (const word of ['one\n', 'two\n']) {
      const destination = open(path);
      destination.write(Buffer.from(word));
      await destination.end();
    }
    assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n');
  });
});

test('after a rotation and reopen, lines go to the new file, and none is lost', async () => {
  await within(async ({ path, open }) => {
    const destination = open(path);
    destination.write(Buffer.from('before\n'));
    await until('the first line', async () => (await readFile(path, 'utf8')) === 'before\n');
    await rename(path, `${path}.1`);
    destination.reopen();
    destination.write(Buffer.from('after\n'));
    await until('the new file', () =>
      readFile(path, 'utf8')
        .then((text) => text === 'after\n')
        .catch(() => false),
    );
    await destination.end();
    assert.equal(await readFile(`${path}.1`, 'utf8'), 'before\n');
  });
});

test('a rotation in the middle of a long text tears no line', async () => {
  await within(async ({ path, open }) => {
    const destination = open(path);
    const ring = new Ring(ringMemory(1 << 20));
    for (let n = 0; ring.write(Buffer.from(`${n} ${LINE}`)); n++);
    destination.pull(ring);
    destination.write(Buffer.from(LINE.repeat(10_000)));
    await rename(path, `${path}.1`);
    destination.reopen();
    destination.write(Buffer.from('after\n'));
    await destination.end();
    const [old, fresh] = await Promise.all([readFile(`${path}.1`, 'utf8'), readFile(path, 'utf8')]);
    for (const text of [old, fresh]) {
      assert.ok(text === '' || text.endsWith('\n'));
      for (const line of text.split('\n').slice(0, -1)) assert.match(line, /^(\d+ )?x{99}$|^after$/);
    }
    assert.ok(old.length > 0 && fresh.endsWith('after\n'));
  });
});

test('a name that cannot be opened is told at once, with the reason of the system', async () => {
  await within(async ({ path, open }) => {
    assert.throws(() => open(join(path, 'no', 'such', 'directory.log')), /ENOENT/);
  });
});

test('a full disk is told once in a while, lines are dropped and counted, and writing goes on when there is room', async () => {
  await within(async ({ path, errors, clock, open }) => {
    await symlink('/dev/full', path);
    const destination = open(path);
    const batch = Buffer.from(LINE.repeat(10_000));
    for (let i = 0; i < 40; i++) destination.write(Buffer.from(batch));
    await until('the trouble', () => errors.length > 0);
    assert.match(errors[0], /ENOSPC/);
    assert.ok(destination.dropped > 0 && destination.dropped < 400_000, `${destination.dropped} dropped`);
    assert.equal(errors.length, 1, 'the same trouble within a minute is not told again');
    clock.advance(61_000);
    await unlink(path);
    destination.reopen();
    await until('lines in the new file', () =>
      readFile(path, 'utf8')
        .then((text) => text.length > 0)
        .catch(() => false),
    );
    destination.write(Buffer.from('last\n'));
    await destination.end();
    const lines = (await readFile(path, 'utf8')).split('\n');
    assert.equal(lines.at(-2), 'last');
    assert.equal(lines.length - 2 + destination.dropped, 400_000, 'every line is either written or counted');
  });
});

test('lines of several sources and chunks come whole, each in its order, whatever wraps around', async () => {
  await within(async ({ path, open }) => {
    const destination = open(path);
    const rings = [0, 1].map(() => new Ring(ringMemory(1024)));
    const wrote = [0, 0, 0];
    for (let round = 0; round < 200; round++) {
      for (const [i, ring] of rings.entries()) {
        const line = `ring ${i} line ${wrote[i]} ${'x'.repeat(wrote[i] % 97)}\n`;
        if (ring.write(Buffer.from(line))) wrote[i]++;
        destination.pull(ring);
      }
      destination.write(Buffer.from(`ring 2 line ${wrote[2]++} chunk\n`));
      if (round % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await destination.end();
    const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
    for (const i of [0, 1, 2]) {
      const own = lines.filter((line) => line.startsWith(`ring ${i} `)).map((line) => Number(line.split(' ')[3]));
      assert.ok(own.length > 10);
      assert.deepEqual(
        own,
        Array.from({ length: wrote[i] }, (_, n) => n),
      );
    }
    assert.equal(lines.length, wrote[0] + wrote[1] + wrote[2]);
  });
});

test('a disk that stays full does not keep the process from ending', async () => {
  await within(async ({ path, errors, open }) => {
    await symlink('/dev/full', path);
    const destination = open(path);
    destination.write(Buffer.from(LINE));
    await until('the trouble', () => errors.length > 0);
    await destination.end();
  });
});
