/**
 * Places and those who wait for them, on one thread and on several that share words.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Fault } from '../../../src/core/fault.ts';
import { REFUSAL_CAUSES, type RefusalCause, UPSTREAM_BLOCK } from '../../../src/core/lanes.ts';
import { UPSTREAM_WORDS } from '../../../src/core/words.ts';
import { TableLimiter } from '../../../src/policy/limiter.ts';
import type { Places } from '../../../src/policy/places.ts';
import type { LimitsSettings, Waiter } from '../../../src/policy/policy.ts';
import { Threads } from '../../support/protect.ts';
import { breathe, until } from '../../support/wait.ts';

const LIMITS: LimitsSettings = { concurrency: 2, queue: 3, queueTimeout: 1_000 };

/** Waits, and writes down what became of it. */
class Waiting implements Waiter {
  ahead: Waiter | undefined = undefined;
  behind: Waiter | undefined = undefined;
  shed: Fault | undefined = undefined;
  placed = false;
  readonly name: string;
  private readonly order: string[];
  private readonly next: () => void;

  constructor(name: string, order: string[], next: () => void = () => {}) {
    this.name = name;
    this.order = order;
    this.next = next;
  }

  onPlace(): void {
    this.placed = true;
    this.order.push(this.name);
    this.next();
  }

  onShed(reason: Fault): void {
    this.shed = reason;
    this.order.push(`${this.name} shed`);
  }
}

class Crossing {
  readonly threads: Threads;
  readonly order: string[] = [];
  readonly places: Places[];
  readonly limiters: TableLimiter[];

  constructor(limits: Partial<LimitsSettings> = {}, count = 1) {
    this.threads = new Threads(count);
    this.places = Array.from({ length: count }, (_, thread) => this.threads.places(thread));
    this.limiters = this.places.map((places) => new TableLimiter(places, { ...LIMITS, ...limits }, 1));
  }

  get limiter(): TableLimiter {
    return this.limiters[0];
  }

  fill(limiter = this.limiter, places = 2): void {
    for (let i = 0; i < places; i++) assert.ok(limiter.enter(), `place ${i + 1}`);
    assert.ok(!limiter.enter(), 'and no further one');
  }

  wait(name: string, limiter = this.limiter, next?: () => void): Waiting {
    const waiting = new Waiting(name, this.order, next);
    assert.equal(limiter.wait(waiting, this.threads.now), undefined);
    return waiting;
  }

  leave(limiter = this.limiter): void {
    limiter.leave(this.threads.now, 1, false);
  }

  refused(cause: RefusalCause): number {
    return this.threads.counted(UPSTREAM_BLOCK.refused + REFUSAL_CAUSES.indexOf(cause));
  }

  /** What all threads hold, as words and as lanes say it. */
  held(): { taken: number; waiting: number } {
    const { words } = this.threads;
    const taken = words[UPSTREAM_WORDS.inFlight];
    const waiting = words[UPSTREAM_WORDS.queued];
    assert.equal(this.threads.counted(UPSTREAM_BLOCK.places), taken, 'lanes and words agree on places');
    assert.equal(this.threads.counted(UPSTREAM_BLOCK.queued), waiting, 'lanes and words agree on the queue');
    return { taken, waiting };
  }
}

test('so many attempts hold a place at once, on all threads together', () => {
  const crossing = new Crossing({ concurrency: 3 }, 2);
  const [one, other] = crossing.limiters;
  assert.deepEqual(
    [one.enter(), other.enter(), one.enter(), other.enter(), one.enter()],
    [true, true, true, false, false],
  );
  crossing.leave(one);
  assert.ok(other.enter());
  assert.deepEqual(crossing.held(), { taken: 3, waiting: 0 });
});

test('a place that comes free goes to who waited longest, and nobody overtakes', () => {
  const crossing = new Crossing();
  crossing.fill();
  crossing.wait('first');
  crossing.wait('second');
  crossing.leave();
  assert.deepEqual(crossing.order, ['first']);
  assert.ok(!crossing.limiter.enter());
  crossing.leave();
  assert.deepEqual(crossing.order, ['first', 'second']);
  assert.deepEqual(crossing.held(), { taken: 2, waiting: 0 });
});

test('a full queue refuses with the settings that made it full', () => {
  const crossing = new Crossing();
  crossing.fill();
  for (const name of ['a', 'b', 'c']) crossing.wait(name);
  const refusal = crossing.limiter.wait(new Waiting('d', crossing.order), crossing.threads.now);
  assert.equal(refusal?.kind.code, 'overloaded');
  assert.equal(
    refusal?.detail,
    'all 2 places of upstream cart (limits.concurrency) are taken, and 3 may wait (limits.queue)',
  );
  assert.equal(refusal?.retryAfter, 1);
  assert.equal(crossing.refused('queue_full'), 1);
  assert.deepEqual(crossing.held(), { taken: 2, waiting: 3 });
});

test('who may wait for ever is not told when to come again', () => {
  const crossing = new Crossing({ queueTimeout: Number.POSITIVE_INFINITY, queue: 0 });
  crossing.fill();
  const refusal = crossing.limiter.wait(new Waiting('a', crossing.order), crossing.threads.now);
  assert.deepEqual([refusal?.kind.code, refusal?.retryAfter], ['overloaded', undefined]);
});

test('without a queue nobody waits', () => {
  const crossing = new Crossing({ queue: 0 });
  crossing.fill();
  assert.equal(crossing.limiter.wait(new Waiting('a', crossing.order), crossing.threads.now)?.kind.code, 'overloaded');
  assert.deepEqual(crossing.held(), { taken: 2, waiting: 0 });
});

test('a queue that stood for 100 ms serves the newest and pushes out the oldest for a newcomer', async () => {
  const crossing = new Crossing();
  crossing.fill();
  const [a] = ['a', 'b', 'c'].map((name) => crossing.wait(name));
  crossing.threads.clock.advance(100);
  crossing.wait('d');
  assert.deepEqual(crossing.order, [], 'never from within the call of another');
  await setImmediate();
  assert.equal(a.shed?.kind.code, 'overloaded');
  assert.equal(crossing.refused('displaced'), 1);
  assert.deepEqual(crossing.held(), { taken: 2, waiting: 3 });
  crossing.leave();
  crossing.leave();
  assert.deepEqual(crossing.order, ['a shed', 'd', 'c']);
  crossing.leave();
  assert.deepEqual(crossing.order.at(-1), 'b');
  crossing.wait('e');
  crossing.wait('f');
  crossing.leave();
  assert.equal(crossing.order.at(-1), 'e', 'a queue that was empty is a new one');
});

test('who is pushed out and leaves, or is late, before it is told is told nothing any more', async () => {
  const crossing = new Crossing({ queue: 2 });
  crossing.fill();
  const [a, b] = ['a', 'b'].map((name) => crossing.wait(name));
  crossing.threads.clock.advance(100);
  crossing.wait('c');
  crossing.wait('d');
  assert.equal(crossing.limiter.withdraw(a, false), undefined);
  assert.match(String(crossing.limiter.withdraw(b, true)?.detail), /waited longest/);
  await setImmediate();
  assert.deepEqual([a.shed, b.shed], [undefined, undefined]);
  assert.deepEqual([crossing.refused('displaced'), crossing.refused('queue_timeout')], [2, 0]);
  assert.deepEqual(crossing.held(), { taken: 2, waiting: 2 });
});

test('who is late under an older document hears of the time that was its own', () => {
  const crossing = new Crossing();
  crossing.fill();
  const a = crossing.wait('a');
  const newer = new TableLimiter(crossing.places[0], { ...LIMITS, queueTimeout: 60_000 }, 2);
  newer.wait(new Waiting('b', crossing.order), crossing.threads.now);
  assert.match(String(crossing.limiter.withdraw(a, true)?.detail), /in 1000 ms \(limits.queueTimeout\)/);
});

test('who leaves the queue is no longer served, and one who is late hears why', () => {
  const crossing = new Crossing();
  crossing.fill();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => crossing.wait(name));
  assert.equal(crossing.limiter.withdraw(b, false), undefined);
  const late = crossing.limiter.withdraw(a, true);
  assert.equal(
    late?.detail,
    'no place for upstream cart came free in 1000 ms (limits.queueTimeout); all 2 places of upstream cart (limits.concurrency) are taken',
  );
  assert.equal(crossing.limiter.withdraw(a, true), undefined, 'once');
  assert.equal(crossing.refused('queue_timeout'), 1);
  crossing.leave();
  assert.deepEqual(crossing.order, ['c']);
  assert.equal(crossing.limiter.withdraw(c, true), undefined, 'it has its place');
  assert.deepEqual(crossing.held(), { taken: 2, waiting: 0 });
});

test('who is served may leave at once and wait again, thousands deep', () => {
  const crossing = new Crossing({ concurrency: 1, queue: 20_000 });
  crossing.fill(crossing.limiter, 1);
  let again = 5_000;
  const next = (): void => {
    crossing.leave();
    again -= 1;
    if (again > 0) crossing.wait(`again ${again}`, crossing.limiter, next);
  };
  for (let i = 0; i < 10_000; i++) crossing.wait(`w${i}`, crossing.limiter, () => crossing.leave());
  crossing.wait('first', crossing.limiter, next);
  crossing.leave();
  assert.equal(crossing.order.length, 10_000 + 5_000);
  assert.deepEqual(crossing.held(), { taken: 0, waiting: 0 });
});

test('whoever waits is not served before its wait has returned', async () => {
  const crossing = new Crossing();
  crossing.fill();
  // As another thread would in between: the place comes free before this one is seen to wait.
  Atomics.sub(crossing.threads.words, UPSTREAM_WORDS.inFlight, 1);
  const waiting = crossing.wait('a');
  assert.ok(!waiting.placed);
  await breathe();
  assert.ok(waiting.placed);
});

test('a place given back by one thread is heard by another that waits', async () => {
  const crossing = new Crossing({}, 2);
  const [one, other] = crossing.limiters;
  crossing.fill(one);
  const waiting = crossing.wait('other', other);
  crossing.leave(one);
  await until('the other thread to hear of the place', () => waiting.placed);
  assert.deepEqual(crossing.held(), { taken: 2, waiting: 0 });
});

test('while two threads wait, places go to both', async () => {
  const crossing = new Crossing({ concurrency: 2, queue: 20 }, 2);
  const [one, other] = crossing.limiters;
  crossing.fill(one);
  for (let i = 0; i < 5; i++) crossing.wait('own', one, () => setImmediate().then(() => crossing.leave(one)));
  for (let i = 0; i < 5; i++) crossing.wait('other', other, () => setImmediate().then(() => crossing.leave(other)));
  crossing.leave(one);
  crossing.leave(one);
  await until('all to be served', () => crossing.order.length === 10 && crossing.held().taken === 0);
  assert.ok(crossing.order.slice(0, 4).includes('own') && crossing.order.slice(0, 4).includes('other'));
  assert.deepEqual(crossing.held(), { taken: 0, waiting: 0 });
});

test('a waking that reaches a thread on which nobody waits any more is passed on', async () => {
  const crossing = new Crossing({ concurrency: 1 }, 3);
  const [one, gone, other] = crossing.limiters;
  crossing.fill(one, 1);
  const left = crossing.wait('left', gone);
  const stays = crossing.wait('stays', other);
  gone.withdraw(left, false);
  crossing.leave(one);
  await until('the one who stays to be served', () => stays.placed);
});

test('a place that nobody spoke of is found within 100 ms', () => {
  const crossing = new Crossing();
  crossing.fill();
  const waiting = crossing.wait('a');
  Atomics.sub(crossing.threads.words, UPSTREAM_WORDS.inFlight, 1);
  crossing.threads.clock.run(crossing.threads.timers, 80);
  assert.ok(!waiting.placed);
  crossing.threads.clock.run(crossing.threads.timers, 60);
  assert.ok(waiting.placed);
});

test('the limits of a new table count from its first exchange on, for those who wait too', async () => {
  const crossing = new Crossing();
  crossing.fill();
  const waiting = crossing.wait('a');
  const [places] = crossing.places;
  new TableLimiter(places, { ...LIMITS, concurrency: 100 }, 2);
  await breathe();
  assert.ok(!waiting.placed, 'a table that is only compiled changes nothing');
  const newer = new TableLimiter(places, { ...LIMITS, concurrency: 3 }, 3);
  assert.ok(!newer.enter(), 'nobody overtakes');
  await breathe();
  assert.ok(waiting.placed);
  assert.ok(!crossing.limiter.enter(), 'an exchange of the old table finds the new limits');
  crossing.leave();
  assert.ok(crossing.limiter.enter());
});

test('after a stop nobody is served any more', async () => {
  const crossing = new Crossing();
  crossing.fill();
  const waiting = crossing.wait('a');
  crossing.places[0].stop();
  Atomics.sub(crossing.threads.words, UPSTREAM_WORDS.inFlight, 1);
  crossing.threads.clock.run(crossing.threads.timers, 500);
  await breathe();
  assert.ok(!waiting.placed);
});
