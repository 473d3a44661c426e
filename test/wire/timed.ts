/**
 * The stage of a test of time: a data thread whose clock stands still until the test moves it, between real clients and
 * real origins.
 *
 * Rule: `pass` moves time on tick by tick and lets what happened reach everyone; so a test can stand just below a limit
 * and just above it, and an hour costs nothing. The document is that of stage.ts. Whatever is left at the end fails: a
 * socket, a connection to an origin, a place before an upstream, one who waits for it.
 */

import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { compile, compileInSteps } from '../../src/config/compile.ts';
import { drySite } from '../../src/config/dry-site.ts';
import { readDocument } from '../../src/config/read.ts';
import type { PlaneEvent } from '../../src/core/events.ts';
import {
  CUTS,
  DENIAL_CAUSES,
  HEDGE_ENDS,
  Lane,
  LISTENER_BLOCK,
  OPENING_CAUSES,
  OUTCOMES,
  REFUSAL_CAUSES,
  RETRY_REASONS,
  UPSTREAM_BLOCK,
} from '../../src/core/lanes.ts';
import { BlockLedger } from '../../src/core/ledger.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { TICK, Timers } from '../../src/core/timers.ts';
import { UPSTREAM_WORDS } from '../../src/core/words.ts';
import { ProtectionLedger } from '../../src/policy/ledger.ts';
import { Plane } from '../../src/proxy/plane.ts';
import { UpstreamLedger } from '../../src/upstream/build.ts';
import { Packer } from '../../src/worker/parcel.ts';
import { Thread } from '../../src/worker/thread.ts';
import { FakeClock } from '../support/clock.ts';
import { seededDraw } from '../support/draw.ts';
import { watchHandles } from '../support/leaks.ts';
import { type ConnectOptions, connectRaw, type RawClient } from '../support/raw-client.ts';
import { type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts';
import { breathe, until } from '../support/wait.ts';
import { type Changes, documentFor } from './stage.ts';

/** A line of the operational log. */
export interface Said {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Longer than any connection may rest in a pool. */
const LONG_AFTER = 300_000;

/** The counters of an upstream by what they count, and from where. */
const COUNTERS: readonly [prefix: string, from: number, names: readonly string[]][] = [
  ['', UPSTREAM_BLOCK.outcomes, OUTCOMES],
  ['again: ', UPSTREAM_BLOCK.retries, RETRY_REASONS],
  ['opened: ', UPSTREAM_BLOCK.opened, OPENING_CAUSES],
  ['refused: ', UPSTREAM_BLOCK.refused, REFUSAL_CAUSES],
  ['denied: ', UPSTREAM_BLOCK.denied, DENIAL_CAUSES],
  ['hedge ', UPSTREAM_BLOCK.hedges, HEDGE_ENDS],
  ['', UPSTREAM_BLOCK.fallbacks, ['fallback']],
];

export class TimedStage {
  readonly clock = new FakeClock();
  readonly timers = new Timers(this.clock, false);
  readonly origin: RawOrigin;
  readonly origins: readonly RawOrigin[];
  /** What every draw gives from now on; undefined: seeded chance. */
  chance: number | undefined = undefined;
  readonly said: Said[] = [];
  readonly events: PlaneEvent[] = [];
  readonly ports = new Map<string, number>();
  readonly thread: Thread;
  private readonly upstreams: UpstreamLedger;
  private readonly shared = new SharedLanes(1);
  private readonly ledger = new BlockLedger(this.shared, this.clock);
  private readonly clients = new Set<RawClient>();
  private lines = '';

  constructor(origins: readonly RawOrigin[]) {
    this.origins = origins;
    this.origin = origins[0];
    const { clock, timers, shared } = this;
    const { words } = shared;
    const tell = (event: PlaneEvent) => void this.events.push(event);
    const lane = new Lane();
    const draw = seededDraw(1);
    const seeded = draw.chance;
    draw.chance = () => this.chance ?? seeded();
    const hear = (level: string, fields: Said['fields'], message: string) =>
      void this.said.push({ level, fields, message });
    this.upstreams = new UpstreamLedger({ clock, timers, draw, lane, words, tell, log: hear });
    this.thread = new Thread({
      clock,
      timers,
      lane,
      words,
      upstreams: this.upstreams,
      protections: new ProtectionLedger({ clock, timers, draw, lane, words, tell }),
      plane: (settled) =>
        new Plane({
          clock,
          draw,
          timers,
          lane,
          settled,
          log: hear,
          debug: (fields, message) => hear('debug', fields, message),
        }),
      compile: compileInSteps,
      breathe: () => setImmediate(),
      pid: 1,
      hostname: 'h',
      sink: (text) => {
        this.lines += text;
        return true;
      },
    });
  }

  /** Puts the document in force; the first call opens its listeners too. */
  async take(text: string): Promise<void> {
    const reading = readDocument(text, 'routes.yaml', {});
    assert.ok(reading.ok, JSON.stringify(reading));
    const { document, revision } = reading;
    const claim = this.ledger.claim();
    compile(document, revision, { ...drySite(), block: (key) => claim.block(key) });
    claim.settle();
    const parcel = new Packer().pack({ document, revision, blocks: claim.entries() });
    const memory = { lane: this.shared.segments(0), common: this.shared.commonSegments };
    const call = { revision, parcel, memory, members: [] };
    assert.deepEqual(await this.thread.prepare(call), { ok: true, value: undefined });
    assert.deepEqual(await this.thread.commit(revision), { ok: true, value: undefined });
    if (this.ports.size > 0) return;
    for (const listener of Object.keys(document.listeners)) {
      const answer = await this.thread.listen({ listener, host: '127.0.0.1', port: 0, reusePort: false });
      assert.ok(answer.ok);
      this.ports.set(listener, answer.value);
    }
  }

  async client(listener = 'internal', options?: ConnectOptions): Promise<RawClient> {
    const client = await connectRaw(this.ports.get(listener) ?? assert.fail(listener), options);
    this.clients.add(client);
    await breathe(4);
    return client;
  }

  /** So much time goes by, and everyone hears of what became due. */
  async pass(milliseconds: number): Promise<void> {
    await breathe(4);
    this.clock.run(this.timers, milliseconds);
    await breathe(8);
  }

  /** Time goes by up to just below `limit` (counted from now); what is due then has not happened yet. */
  passNearly(limit: number): Promise<void> {
    return this.pass(limit - TICK);
  }

  /** What was nearly due is due. */
  passRest(): Promise<void> {
    return this.pass(3 * TICK);
  }

  /** The access log's record of the one exchange with this path. */
  async logged(path: string): Promise<Record<string, unknown>> {
    return until(`the access log's line of ${path}`, () => {
      void this.thread.flush();
      const records = this.lines.split('\n').filter((line) => line !== '');
      const found = records.map((line) => JSON.parse(line) as Record<string, unknown>).filter((r) => r.path === path);
      assert.ok(found.length < 2, `${path} settled ${found.length} times`);
      return found[0];
    });
  }

  /** Client connections that ended without an exchange to tell of it, by reason. */
  get cuts(): Record<string, number> {
    const counted: Record<string, number> = {};
    for (const [key, block] of this.ledger.shown()) {
      if (!key.startsWith('listener:')) continue;
      for (const [i, reason] of CUTS.entries()) {
        const count = this.shared.sum(block, LISTENER_BLOCK.cuts + i);
        if (count > 0) counted[reason] = (counted[reason] ?? 0) + count;
      }
    }
    return counted;
  }

  /** The counters of an upstream that are not 0. */
  counts(upstream = 'main'): Record<string, number> {
    const block = this.blockOf(upstream);
    const counted = COUNTERS.flatMap(([prefix, from, names]) =>
      names.map((name, i): [string, number] => [prefix + name, this.shared.sum(block, from + i)]),
    );
    return Object.fromEntries(counted.filter(([, count]) => count !== 0));
  }

  /** Waits until an upstream's counter has come so far; no time goes by. */
  counted(name: string, count = 1, upstream = 'main'): Promise<unknown> {
    return until(`${count} x ${name} at ${upstream}`, () => (this.counts(upstream)[name] ?? 0) >= count);
  }

  /** Exchanges that wait for a place before an upstream. */
  waiting(upstream = 'main'): number {
    return this.shared.words.block(this.blockOf(upstream))[UPSTREAM_WORDS.queued];
  }

  /** Requests of this path that an origin read whole, of all origins. */
  asked(path: string): number {
    const all = this.origins.flatMap((origin) => origin.requests);
    return all.filter((request) => request.start.split(' ')[1] === path).length;
  }

  private blockOf(upstream: string): number {
    const found = this.ledger.shown().find(([key]) => key === `upstream:${upstream}`);
    return found?.[1] ?? assert.fail(`no upstream ${upstream}`);
  }

  /** What exchanges still hold of any upstream, as the process and as this thread count it. */
  private get held(): readonly string[] {
    return this.ledger.shown().flatMap(([key, block]) => {
      if (!key.startsWith('upstream:')) return [];
      const words = this.shared.words.block(block);
      const { inFlight, places, queued } = UPSTREAM_BLOCK;
      const counts = {
        places: words[UPSTREAM_WORDS.inFlight],
        waiting: words[UPSTREAM_WORDS.queued],
        ownTries: this.shared.sum(block, inFlight),
        ownPlaces: this.shared.sum(block, places),
        ownWaiting: this.shared.sum(block, queued),
      };
      return Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what} of ${key}`]));
    });
  }

  async connections(): Promise<number> {
    const answer = await this.thread.status();
    return answer.ok ? answer.value.connections : -1;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    await until('the thread to hold no connection', async () => (await this.connections()) === 0);
    assert.deepEqual(this.held, [], 'nobody is left to hold anything');
    // What rests in a pool closes in time; what nobody knows of any more would stay.
    this.clock.run(this.timers, LONG_AFTER);
    assert.equal(this.upstreams.connections, 0, 'connections to origins that nobody will use or close');
    await this.abandon();
  }

  async abandon(): Promise<void> {
    for (const client of this.clients) client.close();
    await this.thread.stop(0);
    for (const origin of this.origins) await origin.stop();
  }
}

/**
 * A test's body with a stage of its own. Of several scripts each is an origin; the upstream `main` has all of them as its
 * members, in this order, where `changes` (asked with their URLs) does not say otherwise.
 */
export function onTimedStage(
  script: Script | readonly Script[],
  body: (stage: TimedStage) => Promise<void>,
  changes: Changes | ((urls: readonly string[]) => Changes) = {},
): () => Promise<void> {
  return async () => {
    const handlesBack = watchHandles();
    const scripts = typeof script === 'function' ? [script] : script;
    const stage = new TimedStage(await Promise.all(scripts.map((one) => startRawOrigin(one))));
    try {
      const urls = stage.origins.map(({ port }) => `http://127.0.0.1:${port}`);
      const asked = typeof changes === 'function' ? changes(urls) : changes;
      const upstream = { endpoints: urls, ...asked.upstream };
      await stage.take(documentFor(stage.origin.port, { ...asked, upstream }));
      await body(stage);
    } catch (error) {
      await stage.abandon().catch(() => {});
      throw error;
    }
    await stage.close();
    await handlesBack();
  };
}
