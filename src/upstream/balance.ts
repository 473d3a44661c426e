/**
 * Which member next: the balancers.
 *
 * Rule: a balancer reads weights and the attempts under way and allocates nothing at a first try. Members of weight 0 get
 * nothing; none of those that were tried is picked while there is another. Who can serve at all is left to
 * availability.ts, hashing to ring.ts. Sources: power of two choices, Mitzenmacher 2001; smooth weighted round-robin as
 * nginx describes it; drawing by weight in two steps, Walker 1977, filled as Vose 1991 does.
 */

import type { Draw } from '../core/draw.ts';
import type { Exchange } from '../core/exchange.ts';
import type { Balance, Member } from './upstream.ts';

/** Picks a member, none of `tried` where there is another. `now`: monotonic. */
export type Pick = (exchange: Exchange, tried: readonly Member[], now: number) => Member | undefined;

/** Balances that look at members alone. */
export type PlainBalance = Extract<Balance, string>;

/** A member with its weight in one table: weights are the table's, members outlive it. */
export interface Candidate {
  readonly member: Member;
  readonly weight: number;
}

export function balancer(balance: PlainBalance, candidates: readonly Candidate[], draw: Draw): Pick {
  const able = candidates.filter((candidate) => candidate.weight > 0);
  if (able.length < 2) return () => able[0]?.member;
  const pick = among(balance, able, draw);
  // A second try is rare, so that it may build its own short list. A rotation begun anew for each would send all of them
  // to the same member, so they are drawn.
  const again = balance === 'round-robin' ? 'random' : balance;
  return (_exchange, tried) => {
    if (tried.length === 0) return pick();
    const others = able.filter((candidate) => !tried.includes(candidate.member));
    // All were tried: the one tried longest ago had the most time to get well, but which one is no better known than that.
    return others.length === 0 ? pick() : among(again, others, draw)();
  };
}

function among(balance: PlainBalance, candidates: readonly Candidate[], draw: Draw): () => Member | undefined {
  if (candidates.length < 2) return () => candidates[0]?.member;
  switch (balance) {
    case 'round-robin':
      return smoothRoundRobin(candidates);
    case 'least-request':
      return leastLoaded(candidates, draw);
    case 'random': {
      const drawOne = weightedDraw(candidates, draw);
      return () => candidates[drawOne()].member;
    }
    default:
      return twoChoices(candidates, draw);
  }
}

/** Idle members are alike whatever their weight: while little is asked, the weighted draw alone keeps the shares. */
function load(candidate: Candidate): number {
  return candidate.member.inFlight / candidate.weight;
}

/** The one with the least to do for its weight; of several, the first from a drawn one on. */
function leastLoaded(candidates: readonly Candidate[], draw: Draw): () => Member {
  const drawOne = weightedDraw(candidates, draw);
  return () => {
    const first = drawOne();
    let best = first;
    let least = load(candidates[first]);
    for (let i = 1; i < candidates.length && least > 0; i++) {
      const one = first + i < candidates.length ? first + i : first + i - candidates.length;
      const its = load(candidates[one]);
      if (its >= least) continue;
      best = one;
      least = its;
    }
    return candidates[best].member;
  };
}

/** One of two drawn by weight, the one with less to do for its weight. */
function twoChoices(candidates: readonly Candidate[], draw: Draw): () => Member {
  const drawOne = weightedDraw(candidates, draw);
  return () => {
    const first = drawOne();
    const again = drawOne();
    const second = again === first ? (first + 1) % candidates.length : again;
    return candidates[load(candidates[second]) < load(candidates[first]) ? second : first].member;
  };
}

/**
 * Draws an index, in proportion to the weights, in the same time however many there are: every index owns one slot, which
 * holds at most two of them, itself up to `limit` and `other` beyond.
 */
function weightedDraw(candidates: readonly Candidate[], draw: Draw): () => number {
  const count = candidates.length;
  if (candidates.every(({ weight }) => weight === candidates[0].weight)) {
    return () => Math.floor(draw.chance() * count);
  }
  const { limit, other } = slots(candidates);
  return () => {
    const at = draw.chance() * count;
    const slot = Math.floor(at);
    return at - slot < limit[slot] ? slot : other[slot];
  };
}

function slots(candidates: readonly Candidate[]): { readonly limit: Float64Array; readonly other: Int32Array } {
  const count = candidates.length;
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  const limit = Float64Array.from(candidates, ({ weight }) => (weight * count) / total);
  const other = Int32Array.from({ length: count }, (_, i) => i);
  const small: number[] = [];
  const large: number[] = [];
  for (const [i, share] of limit.entries()) (share < 1 ? small : large).push(i);
  while (small.length > 0 && large.length > 0) {
    const little = small.pop() as number;
    const much = large[large.length - 1];
    other[little] = much;
    limit[much] -= 1 - limit[little];
    if (limit[much] < 1) small.push(large.pop() as number);
  }
  // What is left holds a whole slot, but for the rounding.
  for (const i of [...small, ...large]) limit[i] = 1;
  return { limit, other };
}

function smoothRoundRobin(candidates: readonly Candidate[]): () => Member {
  const total = candidates.reduce((sum, candidate) => sum + candidate.weight, 0);
  const current = candidates.map(() => 0);
  return () => {
    let best = 0;
    for (let i = 0; i < candidates.length; i++) {
      current[i] += candidates[i].weight;
      if (current[i] > current[best]) best = i;
    }
    current[best] -= total;
    return candidates[best].member;
  };
}
