/**
 * Documents that swap while members come and go by name and by lease, on several threads: whatever the order, each thread is
 * served by exactly those whom the document of its table makes members, and threads of one document agree on every key.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Lane } from '../../../src/core/lanes.ts';
import { memberKey } from '../../../src/core/ledger.ts';
import { NameSet } from '../../../src/core/names.ts';
import { Timers } from '../../../src/core/timers.ts';
import { AimedUpstream } from '../../../src/upstream/aim.ts';
import { UpstreamLedger } from '../../../src/upstream/build.ts';
import type { HttpLink } from '../../../src/upstream/link.ts';
import type { PooledMember } from '../../../src/upstream/member.ts';
import type { UpstreamSettings } from '../../../src/upstream/upstream.ts';
import { MemberLists } from '../../../src/worker/lists.ts';
import { seededDraw } from '../../support/draw.ts';
import { exchangeOf, factsOf } from '../../support/facts.ts';
import { bench, upstream } from './membership.ts';

const THREADS = 2;
const PLACES = 6;
const NAMES = new NameSet();
const HOSTS = ['one.internal', 'two.internal'] as const;
const KEYS = Array.from({ length: 8 }, (_, i) => exchangeOf(factsOf({ headers: { 'x-key': `key ${i}` } }, NAMES)));

const place = fc.nat(PLACES - 1);
const weight = fc.nat(3);
/** What a document says of `cart`: weights of addresses and of names; undefined: it does not have it. */
const DOCUMENT = fc.option(
  fc.record({
    written: fc.dictionary(place.map(String), weight, { maxKeys: 3 }),
    named: fc.dictionary(fc.constantFrom(...HOSTS), weight, { maxKeys: 2 }),
  }),
  { nil: undefined, freq: 8 },
);
type Document = { written: Record<string, number>; named: Record<string, number> } | undefined;

const CHANGE = fc.oneof(
  fc.record({ is: fc.constant('put' as const), instance: fc.nat(4), place, weight }),
  fc.record({ is: fc.constant('go' as const), instance: fc.nat(4) }),
  fc.record({
    is: fc.constant('say' as const),
    host: fc.constantFrom(...HOSTS),
    places: fc.uniqueArray(place, { minLength: 1, maxLength: 4 }),
  }),
);
const STEP = fc.oneof(
  { weight: 6, arbitrary: CHANGE },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant('document' as const),
      document: DOCUMENT,
      refused: fc.boolean(),
      /** A thread that dies once the first one has swapped. */
      dies: fc.option(fc.nat(THREADS - 1), { nil: undefined }),
      /** What happens while its names are looked up, before each thread compiles, and before each swaps. */
      meanwhile: fc.array(fc.option(CHANGE, { nil: undefined }), {
        minLength: 1 + 2 * THREADS,
        maxLength: 1 + 2 * THREADS,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('restart' as const), thread: fc.nat(THREADS - 1) }) },
);
type Change = typeof CHANGE extends fc.Arbitrary<infer T> ? T : never;
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;
type Proposal = Omit<Extract<Step, { is: 'document' }>, 'is'>;

const hostOf = (number: number) => `10.0.0.${number + 1}`;
const urlOf = (number: number) => `http://${hostOf(number)}:8080`;

function settingsOf(document: Document): Readonly<Record<string, UpstreamSettings>> {
  if (document === undefined) return {};
  const written = Object.entries(document.written).map(([number, own]) => `${urlOf(Number(number))}*${own}`);
  const named = Object.entries(document.named).map(([host, own]) => `http://${host}:8080*${own}`);
  return { cart: upstream([...written, ...named], { balance: { hash: { header: 'x-key' } } }) };
}

interface DataThread {
  ledger: UpstreamLedger;
  document: Document;
  upstream: AimedUpstream | undefined;
  coming: AimedUpstream | undefined;
}

class World {
  private readonly bench = bench();
  private readonly lists = new MemberLists();
  private readonly threads: DataThread[] = [];
  private running: Document = { written: {}, named: {} };
  private seen = 0;
  private readonly said = new Map<string, readonly number[]>(HOSTS.map((host) => [host, []]));
  /** By instance, the last to say anything new last. */
  private readonly leases = new Map<number, { readonly place: number; readonly weight: number }>();

  async begin(): Promise<void> {
    for (const host of HOSTS) await this.change({ is: 'say', host, places: [0] });
    await this.document({ document: this.running, refused: false, dies: undefined, meanwhile: [] });
    for (let i = 0; i < THREADS; i++) this.threads.push(this.thread());
  }

  async step(step: Step): Promise<void> {
    if (step.is === 'document') await this.document(step);
    else if (step.is === 'restart') this.threads[step.thread] = this.thread();
    else await this.change(step);
    this.agree(this.threads);
  }

  private async change(change: Change): Promise<void> {
    const { membership, alarms, say } = this.bench;
    if (change.is === 'say') {
      this.said.set(change.host, change.places);
      say(change.host, change.places.map(hostOf));
      await alarms.run(1_000);
    } else if (change.is === 'go') {
      void membership.leases.remove('cart', `i${change.instance}`, { wait: 0, author: '' });
      this.leases.delete(change.instance);
    } else {
      const { instance, place: number, weight: own } = change;
      const answer = membership.leases.put(
        'cart',
        `i${instance}`,
        { url: urlOf(number), weight: own, ttl: 3_600_000 },
        '',
      );
      const known = this.leases.get(instance);
      if (answer.ok && (known?.place !== number || known.weight !== own)) {
        this.leases.delete(instance);
        this.leases.set(instance, { place: number, weight: own });
      }
    }
    this.tell();
  }

  /** As the crew does it. */
  private tell(): void {
    const { told } = this.bench;
    for (; this.seen < told.length; this.seen++) {
      const { upstream: id, members } = told[this.seen];
      const change = this.lists.put(id, members);
      for (const { ledger } of this.threads) {
        if (ledger.change(change)) continue;
        const whole = this.lists.all().find((list) => list.upstream === id);
        ledger.join(id, whole?.members ?? [], whole?.number ?? 0);
      }
    }
  }

  /** As control and crew do it. */
  private async document({ document, refused, dies, meanwhile }: Proposal): Promise<void> {
    const { membership, ledger } = this.bench;
    const [looking, ...rest] = meanwhile;
    const between = async (index: number) => {
      const change = rest[index];
      if (change !== undefined) await this.change(change);
    };
    const settings = settingsOf(document);
    const claim = ledger.claim();
    this.claimed(settings, claim.block);
    const expected = membership.expect(settings);
    if (looking !== undefined) await this.change(looking);
    await expected;
    this.tell();
    for (const [i, thread] of this.threads.entries()) {
      await between(i);
      this.agree(this.threads);
      thread.coming = this.compile(thread.ledger, settings);
    }
    if (refused) {
      for (const { ledger: own, upstream: now } of this.threads) own.keepOnly(now === undefined ? [] : [now]);
      membership.keep();
      claim.drop();
    } else {
      await this.swap(document, dies, (index) => between(THREADS + index));
      membership.settle(claim.entries());
      claim.settle();
    }
    this.tell();
  }

  private async swap(
    document: Document,
    dies: number | undefined,
    between: (index: number) => Promise<void>,
  ): Promise<void> {
    this.running = document;
    this.lists.beginSwap();
    for (const [i, thread] of this.threads.entries()) {
      thread.upstream = thread.coming;
      thread.document = document;
      thread.ledger.keepOnly(thread.upstream === undefined ? [] : [thread.upstream]);
      this.agree(this.threads.slice(0, i + 1));
      if (dies !== undefined && i === 0) this.threads[dies] = this.thread();
      await between(i);
    }
    this.lists.endSwap();
  }

  private claimed(settings: Readonly<Record<string, UpstreamSettings>>, block: (key: string) => number): void {
    for (const [id, { endpoints }] of Object.entries(settings)) {
      block(`upstream:${id}`);
      for (const { url } of endpoints) if (/^http:..\d/.test(url)) block(memberKey(id, url));
    }
  }

  private compile(
    ledger: UpstreamLedger,
    { cart }: Readonly<Record<string, UpstreamSettings>>,
  ): AimedUpstream | undefined {
    for (const { upstream: id, members, number } of this.lists.all()) ledger.join(id, members, number);
    if (cart === undefined) return undefined;
    const blockOf = (key: string) => this.bench.ledger.blockOf(key) ?? -1;
    const endpoints = cart.endpoints.map(({ url }) => blockOf(memberKey('cart', url)));
    const made = ledger.upstream('cart', cart, { own: blockOf('upstream:cart'), endpoints }, NAMES);
    assert.ok(made instanceof AimedUpstream);
    return made;
  }

  private thread(): DataThread {
    const { clock, lanes } = this.bench;
    const lane = new Lane();
    const timers = new Timers(clock, false);
    const ledger = new UpstreamLedger({ clock, timers, draw: seededDraw(1), lane, words: lanes.words, tell: () => {} });
    const made = this.compile(ledger, settingsOf(this.running));
    ledger.keepOnly(made === undefined ? [] : [made]);
    return { ledger, document: this.running, upstream: made, coming: made };
  }

  private agree(threads: readonly DataThread[]): void {
    for (const { document, upstream: own } of threads) {
      const serving = own?.seats.filter((seat) => seat.weight > 0) ?? [];
      const have = serving.map(({ member, weight: of }) => `${member.id}*${of} ${member.authority}`).sort();
      assert.deepEqual(have, this.expected(document));
      for (const { member } of serving) assert.ok(pools(member), `${member.id} is retired`);
      const blocks = serving.map(({ member }) => member.block);
      const theirs = serving.map(({ member }) => this.bench.ledger.blockOf(memberKey('cart', member.id)));
      assert.deepEqual(blocks, theirs);
    }
    const [first, ...others] = threads;
    for (const other of others.filter(({ document }) => document === first.document)) {
      for (const key of KEYS) assert.equal(this.aimed(other, key), this.aimed(first, key));
    }
  }

  private aimed({ upstream: own }: DataThread, key: (typeof KEYS)[number]): string | undefined {
    return own?.aim(key, [], this.bench.clock.now())?.id;
  }

  /** Worked out anew from what was said last. */
  private expected(document: Document): string[] {
    if (document === undefined) return [];
    const members = new Map<number, { weight: number; authority: string }>();
    for (const [host, own] of Object.entries(document.named)) {
      for (const number of this.said.get(host) ?? []) {
        members.set(number, { weight: (members.get(number)?.weight ?? 0) + own, authority: `${host}:8080` });
      }
    }
    const found = new Set(members.keys());
    for (const { place: number, weight: own } of this.leases.values()) {
      if (!found.has(number)) members.set(number, { weight: own, authority: `${hostOf(number)}:8080` });
    }
    for (const [number, own] of Object.entries(document.written)) {
      members.set(Number(number), { weight: own, authority: `${hostOf(Number(number))}:8080` });
    }
    const serving = [...members].filter(([, member]) => member.weight > 0);
    return serving.map(([number, { weight: own, authority }]) => `${urlOf(number)}*${own} ${authority}`).sort();
  }
}

/** Whether a member still pools: what is brought back to a retired one is closed. */
function pools(member: PooledMember): boolean {
  let closed = false;
  // All that a pool asks of a connection; a real one would open a socket.
  const link = { destroy: () => (closed = true) } as unknown as HttpLink;
  member.keep(link);
  member.forget(link);
  return !closed;
}

test('whatever comes and goes while documents swap, a thread is served as the document of its table says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { maxLength: 25 }), async (steps) => {
      const world = new World();
      await world.begin();
      for (const step of steps) await world.step(step);
    }),
    { numRuns: 150 },
  );
});
