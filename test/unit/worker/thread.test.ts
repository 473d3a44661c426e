/**
 * A data thread takes documents in two phases: nothing it prepares is noticed before it is told to swap, and what it drops
 * leaves nothing behind.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, compileInSteps } from '../../../src/config/compile.ts';
import type { Settled } from '../../../src/core/events.ts';
import { bucketOf, Lane, ROUTE_BLOCK } from '../../../src/core/lanes.ts';
import { BlockLedger } from '../../../src/core/ledger.ts';
import { NameSet } from '../../../src/core/names.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { Timers } from '../../../src/core/timers.ts';
import { Words } from '../../../src/core/words.ts';
import type { MemberSettings, MembersChange, Upstream, UpstreamBlocks } from '../../../src/upstream/upstream.ts';
import { Packer } from '../../../src/worker/parcel.ts';
import type { Document, Order } from '../../../src/worker/protocol.ts';
import { Thread } from '../../../src/worker/thread.ts';
import { FakeClock } from '../../support/clock.ts';
import { countedIn } from '../../support/digests.ts';
import { exchangeOf, factsOf, routeSettings } from '../../support/facts.ts';
import { countingSite, documentOf } from '../../support/tables.ts';
import { breathe } from '../../support/wait.ts';

interface Bench {
  readonly thread: Thread;
  /** What was done to plane and upstreams, in order. */
  readonly done: string[];
  /** An exchange is over: tells whoever listens. */
  readonly settled: Settled;
  readonly lines: string[];
  /** The call that prepares a document; `change` does something to the order before it is packed. */
  order(document: Document, revision: string, change?: Partial<Order>): Parameters<Thread['prepare']>[0];
  /** From now on time goes by while the thread compiles, and it waits before it goes on until `inhale` is called. */
  slow(): void;
  /** How often it has stopped to see to its requests. */
  breaths(): number;
  inhale(): void;
  blockOf(key: string): number;
  sum(key: string, offset: number): number;
}

/** Keeps time standing still, and nobody waiting, unless told otherwise. */
function bench(): Bench {
  let pace = 0;
  const waiting: (() => void)[] = [];
  let breaths = 0;
  const clock = new FakeClock();
  const shared = new SharedLanes(1);
  const ledger = new BlockLedger(shared, clock);
  const done: string[] = [];
  let settled: readonly Settled[] = [];
  const lines: string[] = [];
  const plane = (listeners: Settled[]) => {
    settled = listeners;
    return {
      swap: ({ revision }: { revision: string }) => void done.push(`swap ${revision}`),
      listen: async (id: string, host: string, port: number) => {
        if (port === 1) throw new Error('EACCES');
        done.push(`listen ${id} ${host}:${port}`);
        return port === 0 ? 4711 : port;
      },
      drain: () => void done.push('drain'),
      abandon: () => void done.push('abandon'),
      stop: async (limit: number) => void done.push(`stop ${limit}`),
      status: () => ({ connections: 3, exchanges: 2, tunnels: 1 }),
    };
  };
  const upstreams = {
    upstream: (id: string, settings: Upstream['settings'], { own }: UpstreamBlocks): Upstream => ({
      id,
      settings,
      block: own,
      members: [],
      aim: () => undefined,
    }),
    join: (id: string, members: readonly MemberSettings[]) => void done.push(`join ${id} ${members.length}`),
    change: ({ upstream, from }: MembersChange) => {
      done.push(`change ${upstream} from ${from}`);
      return from > 0;
    },
    underWay: (members: readonly unknown[]) => members.map(() => 0),
    keepOnly: (kept: Iterable<Upstream>) => void done.push(`keep ${[...kept].map(({ id }) => id).join(' ')}`),
    stop: () => void done.push('upstreams stop'),
  };
  const protections = {
    protection: countingSite().protection,
    keepOnly: () => {},
    stop: () => void done.push('protections stop'),
  };
  const sink = (text: Buffer) => lines.push(text.toString('latin1')) > 0;
  const parts = {
    clock,
    timers: new Timers(clock, false),
    lane: new Lane(),
    words: new Words(),
    upstreams,
    protections,
    plane,
    *compile(...work: Parameters<typeof compileInSteps>) {
      const steps = compileInSteps(...work);
      for (let step = steps.next(); ; step = steps.next()) {
        clock.advance(pace);
        if (step.done === true) return step.value;
        yield;
      }
    },
    breathe: () => {
      breaths += 1;
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
  const thread = new Thread({ ...parts, pid: 1, hostname: 'h', sink });
  const blockOf = (key: string) => ledger.shown().find(([shown]) => shown === key)?.[1] ?? assert.fail(key);
  return {
    thread,
    done,
    settled: (exchange) => {
      for (const listener of settled) listener(exchange);
    },
    lines,
    blockOf,
    sum: (key, offset) => shared.sum(blockOf(key), offset),
    slow: () => {
      pace = 5;
    },
    breaths: () => breaths,
    inhale: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
    order: (document, revision, change = {}) => {
      const claim = ledger.claim();
      compile(document, revision, { ...countingSite(), block: (key) => claim.block(key) });
      claim.settle();
      const order = { document, revision, blocks: claim.entries(), ...change };
      return {
        revision,
        parcel: new Packer().pack(order),
        memory: { lane: shared.segments(0), common: shared.commonSegments },
        members: [],
      };
    },
  };
}

const DOCUMENT = documentOf({ cart: routeSettings({}) });
const TWO = documentOf({ cart: routeSettings({}) }, ['cart', 'tax']);

test('a document is noticed only when it is committed', async () => {
  const { thread, done, order } = bench();
  assert.deepEqual(await thread.prepare(order(DOCUMENT, 'r1')), { ok: true, value: undefined });
  assert.deepEqual(done, []);
  assert.deepEqual(await thread.commit('r1'), { ok: true, value: undefined });
  assert.deepEqual(done, ['swap r1', 'keep cart']);
});

test('what was not prepared cannot be committed, nor twice', async () => {
  const { thread, done, order } = bench();
  assert.equal((await thread.commit('r1')).ok, false);
  await thread.prepare(order(DOCUMENT, 'r1'));
  assert.equal((await thread.commit('r2')).ok, false);
  await thread.commit('r1');
  const again = await thread.commit('r1');
  assert.ok(!again.ok && /r1 was not prepared/.test(again.reason));
  assert.deepEqual(done, ['swap r1', 'keep cart']);
});

test('a dropped document takes its upstreams with it, those of the running one stay', async () => {
  const { thread, done, order } = bench();
  await thread.prepare(order(DOCUMENT, 'r1'));
  await thread.commit('r1');
  await thread.prepare(order(TWO, 'r2'));
  await thread.drop('r2');
  assert.deepEqual(done.slice(2), ['keep cart']);
  assert.equal((await thread.commit('r2')).ok, false);
});

test('a document that does not compile is an answer, not the end of the thread', async () => {
  const { thread, done, order } = bench();
  await thread.prepare(order(DOCUMENT, 'r1'));
  await thread.commit('r1');
  const answer = await thread.prepare(order(TWO, 'r2', { blocks: [] }));
  assert.ok(!answer.ok && /no block of counters was given for/.test(answer.reason));
  assert.deepEqual(done.slice(2), ['keep cart']);
});

/** A bench whose thread runs r1, is compiling r2, and has stopped in the middle of it. */
async function midway(): Promise<Bench & { readonly prepared: ReturnType<Thread['prepare']> }> {
  const made = bench();
  await made.thread.prepare(made.order(DOCUMENT, 'r1'));
  await made.thread.commit('r1');
  made.done.length = 0;
  made.slow();
  const prepared = made.thread.prepare(made.order(TWO, 'r2'));
  assert.equal(made.breaths(), 1, 'it stops once its slice of time is over');
  return { ...made, prepared };
}

test('a document is compiled in slices, and put in force only when it is complete', async () => {
  const { thread, done, breaths, inhale, prepared } = await midway();
  assert.equal((await thread.commit('r2')).ok, false, 'it is not ready');
  let answered = false;
  void prepared.then(() => {
    answered = true;
  });
  while (!answered) {
    inhale();
    await breathe();
  }
  assert.ok(breaths() > 2, `${breaths()} stops`);
  assert.deepEqual(done, [], 'nothing is noticed yet');
  assert.equal((await thread.commit('r2')).ok, true);
  assert.deepEqual(done, ['swap r2', 'keep cart tax']);
});

test('a document that is dropped while it is compiled ends there, and the running one keeps its upstreams', async () => {
  const { thread, done, breaths, inhale, prepared } = await midway();
  await thread.drop('r2');
  assert.deepEqual(done, ['keep cart']);
  inhale();
  const answer = await prepared;
  assert.ok(!answer.ok && /r2 was given up/.test(answer.reason));
  assert.equal(breaths(), 1, 'nothing more was compiled');
  assert.equal((await thread.commit('r2')).ok, false);
  assert.deepEqual(done, ['keep cart']);
});

test('a later document takes the place of the one that is being compiled, and keeps what it has asked for', async () => {
  const { thread, order, done, inhale, prepared } = await midway();
  const next = thread.prepare(order(DOCUMENT, 'r3'));
  let ready = false;
  void next.then(() => {
    ready = true;
  });
  while (!ready) {
    inhale();
    await breathe();
  }
  assert.equal((await prepared).ok, false);
  assert.deepEqual(done, [], 'no upstream was taken away meanwhile');
  assert.equal((await thread.commit('r2')).ok, false);
  assert.equal((await thread.commit('r3')).ok, true);
  assert.deepEqual(done, ['swap r3', 'keep cart']);
});

test('a thread that stops compiles no further', async () => {
  const { thread, inhale, prepared, done } = await midway();
  await thread.stop(0);
  inhale();
  assert.equal((await prepared).ok, false);
  assert.deepEqual(done, ['stop 0', 'upstreams stop', 'protections stop']);
});

test('a change of members is taken, or refused where it begins with a list that is not here', async () => {
  const { thread, done } = bench();
  const memory = { lane: [], common: [] };
  const change = { upstream: 'cart', from: 0, to: 2, put: [], gone: [] };
  assert.deepEqual(await thread.change(change, memory), { ok: true, value: false });
  assert.deepEqual(await thread.change({ ...change, from: 1 }, memory), { ok: true, value: true });
  assert.deepEqual(done, ['change cart from 0', 'change cart from 1']);
});

test('a listener that cannot open is an answer with the reason', async () => {
  const { thread } = bench();
  const call = { listener: 'internal', host: '127.0.0.1', reusePort: false };
  assert.deepEqual(await thread.listen({ ...call, port: 0 }), { ok: true, value: 4711 });
  assert.deepEqual(await thread.listen({ ...call, port: 1 }), { ok: false, reason: 'EACCES' });
});

test('finished exchanges are counted in the lane and written with the context names of their revision', async () => {
  const { thread, settled, lines, order, sum, blockOf } = bench();
  const correlation = { header: 'x-correlation-id', context: ['x-user-id'], caller: undefined };
  await thread.prepare(order(documentOf({ cart: routeSettings({}) }, ['cart'], { correlation }), 'r1'));
  await thread.commit('r1');
  const exchange = exchangeOf(factsOf({}, new NameSet()));
  exchange.block = blockOf('route:cart|cart');
  exchange.status = 200;
  exchange.context = ['u7'];
  settled(exchange);
  await thread.flush();
  assert.match(lines.join(''), /"context":\{"x-user-id":"u7"\}/);
  assert.equal(
    [...Array(68).keys()].reduce((total, i) => total + sum('route:cart|cart', i), 0),
    1,
  );
});

test('stopping ends the plane first, then upstreams, and hands on the last lines', async () => {
  const { thread, settled, lines, done, order } = bench();
  await thread.prepare(order(DOCUMENT, 'r1'));
  await thread.commit('r1');
  const exchange = exchangeOf(factsOf({}, new NameSet()));
  settled(exchange);
  await thread.drain();
  await thread.stop(500);
  assert.deepEqual(done.slice(2), ['drain', 'stop 500', 'upstreams stop', 'protections stop']);
  assert.equal(lines.length, 1);
});

test('the last words of a dying thread end what is under way and hand on the lines', async () => {
  const { thread, settled, lines, done, order } = bench();
  await thread.prepare(order(DOCUMENT, 'r1'));
  await thread.commit('r1');
  const exchange = exchangeOf(factsOf({}, new NameSet()));
  settled(exchange);
  thread.lastWords();
  assert.deepEqual(done.slice(2), ['abandon']);
  assert.equal(lines.length, 1);
});

test('exchanges are counted by caller from the first question on, until somebody says that nobody watches', async () => {
  const { thread, settled, order, sum, blockOf } = bench();
  await thread.prepare(order(DOCUMENT, 'r1'));
  await thread.commit('r1');
  const block = blockOf('route:cart|cart');
  const settle = () =>
    settled(Object.assign(exchangeOf(factsOf({}, new NameSet())), { block, status: 200, caller: 'web', totalTime: 1 }));
  const counted = async (watch: boolean) => {
    const answer = await thread.callers(watch);
    return answer.ok ? countedIn(answer.value) : assert.fail(answer.reason);
  };
  settle();
  assert.deepEqual(await counted(true), {}, 'nobody watched');
  settle();
  settle();
  assert.deepEqual(await counted(true), { web: { count: 2, errors: 0, to: { [block]: [2, 0] } } });
  settle();
  assert.deepEqual(await counted(false), { web: { count: 1, errors: 0, to: { [block]: [1, 0] } } });
  settle();
  assert.deepEqual(await counted(false), {});
  assert.deepEqual(await counted(true), {});
  assert.equal(sum('route:cart|cart', ROUTE_BLOCK.buckets + bucketOf(1)), 5, 'the lane counts all of them');
});
