/**
 * All data threads as one: every document reaches all or none, and one that dies is replaced by one that has the current
 * document and the same ports before it counts.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeavingMember, MemberSettings, MembersChange } from '../../../src/upstream/upstream.ts';
import { Crew } from '../../../src/worker/crew.ts';
import type { Pauses } from '../../../src/worker/pauses.ts';
import type {
  Answer,
  DataThread,
  EndableThread,
  MembersCall,
  Order,
  PrepareCall,
} from '../../../src/worker/protocol.ts';
import { countedIn, digestOf } from '../../support/digests.ts';
import { documentOf } from '../../support/tables.ts';
import { until } from '../../support/wait.ts';

type Question = keyof DataThread;

/** A thread that does as it is told and writes it down; a test may have it refuse, hang or die. */
class FakeThread implements EndableThread {
  readonly lane: number;
  readonly heard: string[] = [];
  /** Upstream -> number of the list that it has. */
  readonly lists = new Map<string, number>();
  /** What it compiled last came with these. */
  compiledWith: readonly MembersCall[] = [];
  readonly refuses = new Map<Question, string>();
  /** Questions that wait for this promise before they are answered. */
  readonly holds = new Map<Question, Promise<void>>();
  ended = false;
  readonly die: (cause: Error | undefined) => void;

  constructor(lane: number, onEnd: (cause: Error | undefined) => void) {
    this.lane = lane;
    this.die = (cause) => {
      this.ended = true;
      onEnd(cause);
    };
  }

  prepare = ({ revision, members }: PrepareCall) => {
    this.compiledWith = members;
    for (const { upstream, number } of members) this.lists.set(upstream, number);
    return this.answer('prepare', revision, undefined);
  };
  commit = (revision: string) => this.answer('commit', revision, undefined);
  members = ({ upstream, members, number }: MembersCall) => {
    this.lists.set(upstream, number);
    return this.answer('members', `${upstream}: ${members.map(({ id }) => id).join(' ')}`, undefined);
  };
  change = ({ upstream, from, to, put, gone }: MembersChange) => {
    const knows = (this.lists.get(upstream) ?? 0) === from;
    if (knows) this.lists.set(upstream, to);
    const what = [...put.map(({ id }) => `+${id}`), ...gone.map((id) => `-${id}`)].join(' ');
    return this.answer('change', `${upstream}: ${what}`, knows);
  };
  underWay = (members: readonly LeavingMember[]) =>
    this.answer('underWay', `${members.length}`, members.map(() => this.lane + 1) as readonly number[]);
  drop = (revision: string) => this.answer('drop', revision, undefined);
  listen = (call: { listener: string; port: number; reusePort: boolean }) =>
    this.answer('listen', `${call.listener}:${call.port}${call.reusePort ? ' shared' : ''}`, call.port || 4711);
  drain = () => this.answer('drain', '', undefined);
  stop = (limit: number) => this.answer('stop', `${limit}`, undefined);
  status = () => this.answer('status', '', { connections: 1, exchanges: 2, tunnels: 3 });
  flush = () => this.answer('flush', '', undefined);
  callers = (watch: boolean) =>
    this.answer('callers', `${watch}`, digestOf({ caller: `caller ${this.lane}`, block: 0, good: [1] }));

  async end(): Promise<void> {
    if (!this.ended) this.die(undefined);
  }

  private async answer<T>(question: Question, told: string, value: T): Promise<Answer<T>> {
    this.heard.push(`${question} ${told}`.trim());
    await this.holds.get(question);
    if (this.ended) return { ok: false, reason: 'the thread died' };
    const reason = this.refuses.get(question);
    return reason === undefined ? { ok: true, value } : { ok: false, reason };
  }
}

interface Bench {
  readonly crew: Crew;
  /** Every thread that was ever started, in order. */
  readonly threads: FakeThread[];
  readonly logged: string[];
  readonly resets: number[];
  /** How long each answer was waited for at most. */
  readonly limits: number[];
  /** Called for each thread as it starts. */
  born: (thread: FakeThread) => void;
  /** Starts again what waits to. */
  again(): void;
}

function bench(count: number): Bench {
  const threads: FakeThread[] = [];
  const logged: string[] = [];
  const resets: number[] = [];
  const limits: number[] = [];
  const waiting: (() => void)[] = [];
  const pauses: Pauses = {
    begun: () => {},
    after: (_lane, again) => {
      waiting.push(again);
      return 0;
    },
    within: (promise, limit) => {
      limits.push(limit);
      return promise;
    },
    stop: () => {
      waiting.length = 0;
    },
  };
  const made: Omit<Bench, 'crew'> = {
    threads,
    logged,
    resets,
    limits,
    born: () => {},
    again: () => {
      for (const start of waiting.splice(0)) start();
    },
  };
  const crew = new Crew({
    count,
    start: (lane, onEnd) => {
      const thread = new FakeThread(lane, onEnd);
      threads.push(thread);
      made.born(thread);
      return thread;
    },
    memory: () => ({ lane: [], common: [] }),
    resetGauges: (lane) => void resets.push(lane),
    log: (level, _fields, message) => void logged.push(`${level} ${message}`),
    pauses,
  });
  return Object.assign(made, { crew });
}

/** A document; only its revision matters here. */
function order(revision: string): Order {
  return { revision, blocks: [], document: documentOf({}) };
}

async function install(crew: Crew, revision: string): Promise<void> {
  assert.deepEqual(await crew.prepare(order(revision)), []);
  await crew.commit(order(revision));
}

/** A crew that serves revision r1 on one port. */
async function serving(count: number): Promise<Bench> {
  const made = bench(count);
  await install(made.crew, 'r1');
  await made.crew.listen({ listener: 'internal', host: '127.0.0.1', port: 0 });
  made.crew.serve();
  return made;
}

test('every thread is ready before any of them swaps', async () => {
  const { crew, threads } = bench(3);
  let release = () => {};
  threads[2].holds.set(
    'prepare',
    new Promise((resolve) => {
      release = resolve;
    }),
  );
  const prepared = crew.prepare(order('r1'));
  await until('the others to be ready', () => threads[1].heard.length > 0);
  assert.deepEqual(
    threads.map(({ heard }) => heard),
    [['prepare r1'], ['prepare r1'], ['prepare r1']],
  );
  release();
  assert.deepEqual(await prepared, []);
  await crew.commit(order('r1'));
  assert.ok(threads.every(({ heard }) => heard.at(-1) === 'commit r1'));
});

test('what one thread cannot prepare is dropped by all, with the reason', async () => {
  const { crew, threads } = bench(2);
  await install(crew, 'r1');
  crew.serve();
  threads[1].refuses.set('prepare', 'out of memory');
  assert.deepEqual(await crew.prepare(order('r2')), ['data thread 1: out of memory']);
  await crew.drop('r2');
  assert.deepEqual(threads[0].heard.slice(2), ['prepare r2', 'drop r2']);
  assert.equal(threads[1].heard.at(-1), 'drop r2', 'one that did not answer in time may still be at it');
  await crew.drop('r2');
  assert.equal(threads[0].heard.length, 4, 'nobody is told twice');
});

test('the first thread picks the port, and the others share it', async () => {
  const { crew, threads } = await serving(3);
  assert.equal(threads[0].heard.at(-1), 'listen internal:0 shared');
  assert.equal(threads[2].heard.at(-1), 'listen internal:4711 shared');
  assert.deepEqual(await crew.listen({ listener: 'edge', host: '0.0.0.0', port: 80 }), { ok: true, value: 80 });
  const alone = await serving(1);
  assert.equal(alone.threads[0].heard.at(-1), 'listen internal:0 shared', 'one thread has several sockets itself');
});

test('a port that one thread cannot open is the answer of all', async () => {
  const { crew, threads } = bench(2);
  await install(crew, 'r1');
  threads[1].refuses.set('listen', 'EADDRINUSE');
  assert.deepEqual(await crew.listen({ listener: 'internal', host: '127.0.0.1', port: 0 }), {
    ok: false,
    reason: 'EADDRINUSE',
  });
});

test('a thread that dies is replaced: current document, same port, then it counts again', async () => {
  const { crew, threads, resets, again, logged } = await serving(2);
  await install(crew, 'r2');
  threads[1].die(new Error('boom'));
  assert.equal(crew.running, 1);
  assert.deepEqual(resets, [1], 'what it held open counts no more');
  again();
  await until('the new thread to serve', () => crew.running === 2);
  assert.equal(threads[2].lane, 1);
  assert.deepEqual(threads[2].heard, ['prepare r2', 'commit r2', 'listen internal:4711 shared']);
  assert.equal(crew.restarts, 1);
  assert.match(logged.join('\n'), /error data thread died.*\ninfo data thread serves again/);
});

test('documents go on while a thread is missing, and it comes back with the newest', async () => {
  const made = await serving(2);
  const { crew, threads, again } = made;
  threads[1].die(new Error('boom'));
  await install(crew, 'r2');
  let release = () => {};
  made.born = (thread) => {
    thread.holds.set(
      'listen',
      new Promise((resolve) => {
        release = resolve;
      }),
    );
  };
  again();
  await until('the new thread to open its port', () => threads[2]?.heard.length === 3);
  await install(crew, 'r3');
  assert.equal(threads[2].heard.includes('prepare r3'), false, 'it is not up yet');
  release();
  await until('the new thread to serve', () => crew.running === 2);
  assert.deepEqual(threads[2].heard, [
    'prepare r2',
    'commit r2',
    'listen internal:4711 shared',
    'prepare r3',
    'commit r3',
  ]);
});

test('a thread that came up between the two phases gets both', async () => {
  const { crew, threads, again } = await serving(2);
  threads[1].die(new Error('boom'));
  assert.deepEqual(await crew.prepare(order('r2')), []);
  again();
  await until('the new thread to serve', () => crew.running === 2);
  await crew.commit(order('r2'));
  assert.deepEqual(threads[2].heard.slice(-2), ['prepare r2', 'commit r2']);
});

test('a thread that cannot come up is tried again', async () => {
  const made = await serving(1);
  const { crew, threads, again, logged } = made;
  made.born = (thread) => thread.refuses.set('listen', 'EADDRINUSE');
  threads[0].die(new Error('boom'));
  again();
  await until('it to give up', () => threads[1]?.ended === true);
  assert.equal(crew.running, 0);
  assert.match(logged.join('\n'), /error data thread could not start/);
  made.born = () => {};
  again();
  await until('the next one to serve', () => crew.running === 1);
});

test('a thread that cannot swap what all others run does not serve on with the old document', async () => {
  const { crew, threads, again } = await serving(2);
  assert.deepEqual(await crew.prepare(order('r2')), []);
  threads[1].refuses.set('commit', 'no answer within 15000 ms');
  await crew.commit(order('r2'));
  assert.equal(threads[1].ended, true);
  again();
  await until('a new one to serve', () => crew.running === 2);
  assert.ok(threads[2].heard.includes('commit r2'));
});

test('a thread that dies over a document has it refused', async () => {
  const { crew, threads } = await serving(2);
  threads[0].holds.set(
    'prepare',
    Promise.resolve().then(() => threads[0].die(new Error('out of memory'))),
  );
  assert.deepEqual(await crew.prepare(order('r2')), ['data thread 0: the thread died']);
});

test('a thread that dies before there is a document is not started again', async () => {
  const { crew, threads, again, logged } = bench(1);
  threads[0].die(new Error('cannot load'));
  again();
  assert.equal(threads.length, 1);
  assert.deepEqual(await crew.prepare(order('r1')), ['no data thread is running']);
  assert.deepEqual(logged, ['error data thread died at start']);
});

test('a thread that comes up while the router drains drains too', async () => {
  const { crew, threads, again } = await serving(2);
  await crew.drain();
  threads[1].die(new Error('boom'));
  again();
  await until('the new thread to serve', () => crew.running === 2);
  assert.equal(threads[2].heard.at(-1), 'drain');
});

test('stopping lets threads finish, ends them, and starts none again', async () => {
  const { crew, threads, again } = await serving(2);
  await crew.stop(300);
  assert.ok(threads.every(({ heard, ended }) => heard.at(-1) === 'stop 300' && ended));
  again();
  assert.equal(threads.length, 2);
  assert.equal(crew.running, 0);
});

test('what threads hold is added up; one that is gone adds nothing', async () => {
  const { crew, threads } = await serving(3);
  assert.deepEqual(await crew.status(), { connections: 3, exchanges: 6, tunnels: 9 });
  threads[0].die(new Error('boom'));
  assert.deepEqual(await crew.status(), { connections: 2, exchanges: 4, tunnels: 6 });
});

function joiner(id: string): MemberSettings {
  return { id, host: '10.0.0.1', port: 80, authority: 'cart', weight: 1, block: 1, since: 0 };
}

const [ONE, TWO, THREE] = ['a', 'b', 'c'].map(joiner);

test('of members that are in no document threads are told what has changed', async () => {
  const { crew, threads } = bench(2);
  await crew.join({ upstream: 'cart', members: [ONE, THREE] });
  await crew.join({ upstream: 'cart', members: [ONE, TWO, { ...THREE, weight: 2 }] });
  await crew.join({ upstream: 'cart', members: [TWO] });
  await crew.join({ upstream: 'cart', members: [] });
  await crew.join({ upstream: 'cart', members: [ONE] });
  const told = ['+a +c', '+b +c', '-a -c', '-b', '+a'].map((what) => `change cart: ${what}`);
  for (const { heard } of threads) assert.deepEqual(heard, told);
});

test('a thread that lacks the list which a change begins with gets the whole one, as it is by then', async () => {
  const { crew, threads } = bench(2);
  await crew.join({ upstream: 'cart', members: [ONE] });
  threads[1].lists.delete('cart');
  await Promise.all([
    crew.join({ upstream: 'cart', members: [ONE, TWO] }),
    crew.join({ upstream: 'cart', members: [ONE, TWO, THREE] }),
  ]);
  const changes = ['change cart: +a', 'change cart: +b', 'change cart: +c'];
  assert.deepEqual(threads[0].heard, changes);
  assert.deepEqual(threads[1].heard, [...changes, 'members cart: a b c', 'members cart: a b c']);
  await crew.join({ upstream: 'cart', members: [TWO, THREE] });
  for (const { heard } of threads) assert.equal(heard.at(-1), 'change cart: -a');
});

test('a thread that starts anew has the lists with its document, and takes changes from there on', async () => {
  const { crew, threads, again } = await serving(1);
  await crew.join({ upstream: 'cart', members: [ONE] });
  threads[0].die(new Error('out of memory'));
  again();
  await until('the new thread to serve', () => crew.running === 1);
  await crew.join({ upstream: 'cart', members: [ONE, TWO] });
  assert.equal(threads[1].heard.at(-1), 'change cart: +b');
});

test('a thread that came up between the two phases compiles with lists that still say who serves the document before', async () => {
  const { crew, threads, again } = await serving(2);
  const leaves = { ...ONE, next: { weight: 0, authority: ONE.authority } };
  await crew.join({ upstream: 'cart', members: [leaves] });
  threads[1].die(new Error('boom'));
  assert.deepEqual(await crew.prepare(order('r2')), []);
  again();
  await until('the new thread to serve', () => crew.running === 2);
  await crew.commit(order('r2'));
  // Until it swaps it serves r1, of which this one is a member.
  assert.deepEqual(threads[2].compiledWith, [{ upstream: 'cart', members: [leaves], number: 1 }]);
  assert.deepEqual(threads[2].heard.slice(-2), ['prepare r2', 'commit r2']);
});

test('what is under way at members that have left is added up, and unknown where a thread does not say', async () => {
  const { crew, threads, again } = await serving(3);
  const asked = ['a', 'b'].map((member) => ({ upstream: 'cart', member, cut: false }));
  assert.deepEqual(await crew.underWay(asked), [6, 6]);
  threads[0].die(new Error('boom'));
  assert.deepEqual(await crew.underWay(asked), [5, 5], 'what a dead thread carried is over');
  threads[1].refuses.set('underWay', 'no answer within 2000 ms');
  assert.equal(await crew.underWay(asked), undefined);
  again();
});

test('what threads counted by caller comes from each that answers; one that is gone, refuses or is late only lacks', async () => {
  const { crew, threads, limits } = await serving(4);
  const names = async () => (await crew.callers(true)).map((digest) => Object.keys(countedIn(digest)).join());
  assert.deepEqual(await names(), ['caller 0', 'caller 1', 'caller 2', 'caller 3']);
  assert.equal(threads[3].heard.at(-1), 'callers true');
  assert.ok(limits.at(-1) === 250, 'a thread that hangs is not waited for');
  threads[0].die(new Error('boom'));
  threads[1].refuses.set('callers', 'no answer within 250 ms');
  assert.deepEqual(await names(), ['caller 2', 'caller 3']);
  await crew.callers(false);
  assert.equal(threads[3].heard.at(-1), 'callers false');
});
