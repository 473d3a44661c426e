/**
 * One scenario under one protection: load on the chain before, through and after its last service's trouble, and what came of it.
 *
 * Rule: figures are counted, never set. A run ends when the chain has been healthy for long, or when nobody would wait longer.
 */

import { Chain, HOPS } from './chain.ts';
import type { Capacity, Trouble } from './services.ts';

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly trouble: Trouble;
  /** Seconds of trouble. */
  readonly lasts: number;
}

export interface Pace {
  /** Requests a second that clients send to the first service. */
  readonly rate: number;
  /** Seconds of load before the trouble. */
  readonly before: number;
  /** Most seconds behind it. */
  readonly after: number;
  readonly capacity: Capacity;
  readonly seed: number;
}

/** A request is served that is answered well before its client gives up. */
const PATIENCE = 10_000;
/** The chain is well where so many seconds in a row at least so many of the requests were served. */
const CALM = 20;
const HEALTHY = 0.99;
/** Seconds after the trouble whose share of served requests is shown. */
export const AFTERMATH = 60;

/** What clients saw of the requests they sent in one second. */
interface Second {
  asked: number;
  served: number;
}

export interface Played {
  /** Requests that reached each of HOPS per request at the first service, while the trouble lasted. */
  readonly amplification: readonly number[];
  /** Shares of the clients' requests that were served. */
  readonly before: number;
  readonly during: number;
  readonly after: number;
  /** Seconds from the end of the trouble until all was well again; undefined: it never was, as long as the run took. */
  readonly healthyAfter: number | undefined;
  readonly openings: number;
  /** Requests that were answered in no way. */
  readonly unanswered: number;
  readonly chain: Chain;
}

export async function play(scenario: Scenario, defaults: string, pace: Pace): Promise<Played> {
  const chain = new Chain(defaults, pace.capacity, pace.seed);
  const seconds: Second[] = [];
  let answered = 0;
  const ask = (): void => {
    const second = seconds[seconds.length - 1];
    second.asked += 1;
    chain.ask((status, ms) => {
      answered += 1;
      if (status === 200 && ms <= PATIENCE) second.served += 1;
    });
  };
  const passSecond = async (): Promise<void> => {
    seconds.push({ asked: 0, served: 0 });
    await chain.time.pass(1_000);
  };
  const stop = chain.load(pace.rate, ask);
  const ends = pace.before + scenario.lasts;
  while (seconds.length < pace.before) await passSecond();
  chain.last.trouble = scenario.trouble;
  const reached = chain.hops.map((hop) => hop.reached);
  while (seconds.length < ends) await passSecond();
  const amplified = chain.hops.map((hop, i) => hop.reached - reached[i]);
  chain.last.trouble = 'none';
  while (seconds.length < ends + pace.after && !isOver(seconds, ends)) await passSecond();
  stop();
  // Whoever was still under way gives up by then.
  await chain.time.pass(HOPS.length * PATIENCE);
  chain.stop();
  const asked = seconds.slice(pace.before, ends).reduce((sum, second) => sum + second.asked, 0);
  return {
    amplification: amplified.map((count) => count / asked),
    before: served(seconds.slice(0, pace.before)),
    during: served(seconds.slice(pace.before, ends)),
    after: served(seconds.slice(ends, ends + AFTERMATH)),
    healthyAfter: wellFrom(seconds.slice(ends)),
    openings: chain.told.filter((event) => event.is === 'circuit' && event.state === 'open').length,
    unanswered: seconds.reduce((sum, second) => sum + second.asked, 0) - answered,
    chain,
  };
}

function served(seconds: readonly Second[]): number {
  const asked = seconds.reduce((sum, second) => sum + second.asked, 0);
  return seconds.reduce((sum, second) => sum + second.served, 0) / asked;
}

/** The first second behind which no unhealthy one came; undefined where the last CALM seconds were not well. */
function wellFrom(seconds: readonly Second[]): number | undefined {
  const ill = seconds.findLastIndex((second) => second.served < HEALTHY * second.asked);
  return seconds.length - (ill + 1) >= CALM ? ill + 1 : undefined;
}

/** Whether nothing more is to come: what was asked in the last seconds may still be served. */
function isOver(seconds: readonly Second[], ends: number): boolean {
  const known = seconds.slice(ends, Math.max(ends, seconds.length - PATIENCE / 1000));
  return known.length >= AFTERMATH && wellFrom(known) !== undefined;
}
