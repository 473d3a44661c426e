/**
 * Gathering access log lines: batches leave when they are full or old, and what finds no room is counted, line by line.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../../src/core/exchange.ts';
import { Lane, THREAD_BLOCK } from '../../../src/core/lanes.ts';
import { BlockLedger, THREAD_COUNTERS } from '../../../src/core/ledger.ts';
import { NameSet } from '../../../src/core/names.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { TICK, Timers } from '../../../src/core/timers.ts';
import { AccessLog, BATCH_BYTES, FLUSH_AFTER } from '../../../src/telemetry/access-log.ts';
import { FakeClock } from '../../support/clock.ts';
import { exchangeOf, factsOf } from '../../support/facts.ts';

interface Bench {
  readonly log: AccessLog;
  readonly clock: FakeClock;
  readonly timers: Timers;
  readonly batches: string[];
  /** Whether whoever takes the batches has room. */
  room: boolean;
  lines(): Record<string, unknown>[];
  dropped(): number;
}

function bench(): Bench {
  const clock = new FakeClock();
  const timers = new Timers(clock, false);
  const shared = new SharedLanes(1);
  new BlockLedger(shared, clock);
  const lane = new Lane();
  lane.grow(shared.segments(0));
  const batches: string[] = [];
  const made: Bench = {
    log: new AccessLog({ clock, timers, lane, pid: 1, hostname: 'h', sink: (lines) => take(lines) }),
    clock,
    timers,
    batches,
    room: true,
    lines: () =>
      batches
        .join('')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    dropped: () => shared.sum(THREAD_COUNTERS, THREAD_BLOCK.droppedLines),
  };
  const take = (lines: Buffer): boolean => {
    if (made.room) batches.push(lines.toString('latin1'));
    return made.room;
  };
  return made;
}

const names = new NameSet();
function exchange(target: string): Exchange {
  return exchangeOf(factsOf({ target, host: 'a' }, names));
}

test('a batch leaves a short while after its first line', () => {
  const { log, clock, timers, batches, lines } = bench();
  log.settled(exchange('/1'));
  clock.run(timers, FLUSH_AFTER / 2);
  log.settled(exchange('/2'));
  assert.equal(batches.length, 0);
  clock.run(timers, FLUSH_AFTER / 2 + 2 * TICK);
  assert.deepEqual(
    lines().map(({ path }) => path),
    ['/1', '/2'],
  );
});

test('a batch leaves at once when it is full, and the next one waits its own time', () => {
  const { log, clock, timers, batches, lines } = bench();
  let sent = 0;
  while (batches.length === 0) log.settled(exchange(`/${sent++}`));
  assert.ok(batches[0].length >= BATCH_BYTES && batches[0].length < BATCH_BYTES + 1000);
  log.settled(exchange('/last'));
  assert.equal(batches.length, 1);
  clock.run(timers, FLUSH_AFTER + 2 * TICK);
  assert.equal(lines().length, sent + 1);
});

test('a line longer than a batch is kept whole', () => {
  const { log, lines } = bench();
  const path = `/${'x'.repeat(3 * BATCH_BYTES)}`;
  log.settled(exchange(path));
  assert.deepEqual(
    lines().map((line) => line.path),
    [path],
  );
});

test('lines that find no room are dropped and counted, and written again once there is room', () => {
  const made = bench();
  const settle = (count: number) => {
    for (let i = 0; i < count; i++) made.log.settled(exchange('/'));
    made.log.flush();
  };
  settle(10);
  made.room = false;
  settle(300);
  assert.equal(made.lines().length, 10);
  assert.equal(made.dropped(), 300);
  made.room = true;
  settle(7);
  assert.equal(made.lines().length, 17);
  assert.equal(made.dropped(), 300);
});

test('context headers have the names of the revision an exchange boarded', () => {
  const { log, lines } = bench();
  log.learn('r1', ['x-old']);
  log.learn('r2', ['x-new']);
  const told = exchange('/');
  told.context = ['7'];
  log.settled(told);
  log.stop();
  assert.deepEqual(lines()[0].context, { 'x-old': '7' });
});

test('a revision that comes back after many others is not the next to be forgotten', () => {
  const { log, lines } = bench();
  log.learn('r1', ['x-old']);
  for (let i = 0; i < 255; i++) log.learn(`other-${i}`, []);
  log.learn('r1', ['x-old']);
  log.learn('next', []);
  const told = exchange('/');
  told.context = ['7'];
  log.settled(told);
  log.stop();
  assert.deepEqual(lines()[0].context, { 'x-old': '7' });
});

test('stopping hands on what is gathered and arms nothing more', () => {
  const { log, clock, timers, lines, batches } = bench();
  log.settled(exchange('/1'));
  log.stop();
  assert.equal(lines().length, 1);
  clock.run(timers, 1000);
  assert.equal(batches.length, 1);
});
