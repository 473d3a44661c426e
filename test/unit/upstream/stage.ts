/**
 * The stage of tests of who can serve: data threads of one process, each with its ledger of upstreams, that share words.
 *
 * Rule: no sockets, and time stands still until the test moves it. Blocks are numbered by key, the same for all threads.
 */

import type { PlaneEvent } from '../../../src/core/events.ts';
import type { Exchange } from '../../../src/core/exchange.ts';
import { Lane } from '../../../src/core/lanes.ts';
import { NameSet } from '../../../src/core/names.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { Timers } from '../../../src/core/timers.ts';
import { UPSTREAM_WORDS } from '../../../src/core/words.ts';
import { UpstreamLedger } from '../../../src/upstream/build.ts';
import type {
  Member,
  MemberSettings,
  OutlierSettings,
  Upstream,
  UpstreamBlocks,
  UpstreamSettings,
} from '../../../src/upstream/upstream.ts';
import { FakeClock } from '../../support/clock.ts';
import { seededDraw } from '../../support/draw.ts';
import { exchangeOf, factsOf } from '../../support/facts.ts';

const THREADS = 2;
const BLOCKS = 4000;

export const OUTLIERS: OutlierSettings = {
  consecutiveFailures: 5,
  successRate: 'off',
  ejectFor: 30_000,
  maxEjectFor: 300_000,
  maxEjectedPercent: 50,
};

export function endpoint(number: number): string {
  return `http://127.0.0.1:${7000 + number}`;
}

/** Endpoints by URL with their weights, or so many of weight 1. */
export function settingsOf(
  endpoints: Readonly<Record<string, number>> | number,
  rest: Partial<UpstreamSettings> = {},
): UpstreamSettings {
  const weights =
    typeof endpoints === 'number'
      ? Object.fromEntries(Array.from({ length: endpoints }, (_, i) => [endpoint(i + 1), 1]))
      : endpoints;
  return {
    endpoints: Object.entries(weights).map(([url, weight]) => ({ url, weight })),
    balance: 'round-robin',
    timeout: { connect: 1_000, attempt: 3_000, total: 10_000, idle: 60_000 },
    slowStart: 0,
    panicPercent: 50,
    healthCheck: 'off',
    outliers: 'off',
    ...rest,
  };
}

const NAMES = new NameSet();

export function exchangeBy(method = 'GET', headers: Readonly<Record<string, string>> = {}): Exchange {
  return exchangeOf(factsOf({ method, headers }, NAMES));
}

export const GET = exchangeBy();
export const POST = exchangeBy('POST');

export class UpstreamStage {
  readonly clock = new FakeClock();
  readonly shared = new SharedLanes(THREADS);
  readonly events: PlaneEvent[] = [];
  private readonly numbers = new Map<string, number>();

  constructor() {
    this.shared.grow(BLOCKS);
  }

  thread(lane = 0, seed = 1): UpstreamLedger {
    const own = new Lane();
    own.grow(this.shared.segments(lane));
    const { clock, events, shared } = this;
    const timers = new Timers(clock, false);
    const tell = (event: PlaneEvent) => void events.push(event);
    return new UpstreamLedger({ clock, timers, draw: seededDraw(seed), lane: own, words: shared.words, tell });
  }

  block(key: string): number {
    const known = this.numbers.get(key) ?? this.numbers.size;
    this.numbers.set(key, known);
    return known;
  }

  /** An upstream of a new table of this thread. */
  table(ledger: UpstreamLedger, settings: UpstreamSettings, id = 'cart', names = NAMES): Upstream {
    const blocks: UpstreamBlocks = {
      own: this.block(id),
      endpoints: settings.endpoints.map(({ url }) => (/\d/.test(url) ? this.block(`${id}|${url}`) : -1)),
    };
    return ledger.upstream(id, settings, blocks, names);
  }

  /** A member that was found by name. */
  found(number: number, rest: Partial<MemberSettings> = {}, upstream = 'cart'): MemberSettings {
    const id = endpoint(number);
    const port = 7000 + number;
    const block = this.block(`${upstream}|${id}`);
    return { id, host: '127.0.0.1', port, authority: 'cart.internal', weight: 1, block, since: 0, ...rest };
  }

  /** What the control thread writes of a member, or anyone reads. */
  words(number: number, upstream = 'cart'): Int32Array {
    return this.shared.words.block(this.block(`${upstream}|${endpoint(number)}`));
  }

  upstreamWords(upstream = 'cart'): Int32Array {
    return this.shared.words.block(this.block(upstream));
  }

  /** Says that the words of a member have changed. */
  bump(upstream = 'cart'): void {
    Atomics.add(this.upstreamWords(upstream), UPSTREAM_WORDS.availability, 1);
  }

  /** What was told since the last time, in short. */
  heard(): string[] {
    return this.events.splice(0).map((event) => {
      if (event.is === 'panic') return `panic ${event.on ? 'on' : 'off'}: ${event.cause}`;
      if (event.is === 'member') return `${event.member.slice(-1)} ${event.state}: ${event.cause}`;
      return event.is;
    });
  }

  aim(upstream: Upstream, exchange = GET, tried: readonly Member[] = []): Member | undefined {
    return upstream.aim(exchange, tried, this.clock.now());
  }

  /** The last digit of whom each of so many aims reaches, in order; `-` for nobody. */
  aims(upstream: Upstream, count: number, exchange = GET): string {
    return Array.from({ length: count }, () => this.aim(upstream, exchange)?.id.slice(-1) ?? '-').join('');
  }

  /** Who is reached at all. */
  reached(upstream: Upstream, rounds = 200): string {
    return [...new Set(this.aims(upstream, rounds))].sort().join('');
  }

  fail(upstream: Upstream, number: number, times = 1): void {
    const member = upstream.members.find(({ id }) => id === endpoint(number));
    for (let i = 0; i < times; i++) member?.judge(true, this.clock.now());
  }
}
