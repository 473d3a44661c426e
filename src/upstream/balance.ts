/**
 * Which member next: the balancers.
 *
 * Rule: a balancer reads weights and the attempts under way and allocates nothing. Members of weight 0 get nothing.
 * Sources: power of two choices, Mitzenmacher 2001; smooth weighted round-robin as nginx describes it.
 */

import type { Draw } from '../core/draw.ts';
import type { Balance, Member } from './upstream.ts';

/** Picks a member, another than `tried` where there is one. */
export type Pick = (tried: Member | undefined) => Member | undefined;

/** A member with its weight in one table: weights are the table's, members outlive it. */
export interface Candidate {
  readonly member: Member;
  readonly weight: number;
}

export function balancer(balance: Balance, candidates: readonly Candidate[], draw: Draw): Pick {
  const able = candidates.filter((candidate) => candidate.weight > 0);
  if (able.length < 2) return () => able[0]?.member;
  const pick = among(balance, able, draw);
  // A second try is rare, so that it may build its own short list. A rotation begun anew for each would send all of them
  // to the same member, so they are drawn.
  const again = balance === 'round-robin' ? 'random' : balance;
  return (tried) => {
    if (tried === undefined) return pick();
    const others = able.filter((candidate) => candidate.member !== tried);
    return others.length === 0 ? tried : among(again, others, draw)();
  };
}

function among(balance: Balance, candidates: readonly Candidate[], draw: Draw): () => Member | undefined {
  if (candidates.length < 2) return () => candidates[0]?.member;
  switch (balance) {
    case 'round-robin':
      return smoothRoundRobin(candidates);
    case 'least-request':
      return leastLoaded(candidates, draw);
    case 'random': {
      const drawOne = weightedRandom(candidates, draw);
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
  const drawOne = weightedRandom(candidates, draw);
  return () => {
    const first = drawOne();
    let best = first;
    for (let i = 1; i < candidates.length; i++) {
      const one = (first + i) % candidates.length;
      if (load(candidates[one]) < load(candidates[best])) best = one;
    }
    return candidates[best].member;
  };
}

/** One of two drawn by weight, the one with less to do for its weight. */
function twoChoices(candidates: readonly Candidate[], draw: Draw): () => Member {
  const drawOne = weightedRandom(candidates, draw);
  return () => {
    const first = drawOne();
    const again = drawOne();
    const second = again === first ? (first + 1) % candidates.length : again;
    return candidates[load(candidates[second]) < load(candidates[first]) ? second : first].member;
  };
}

/** Draws an index, in proportion to the weights. */
function weightedRandom(candidates: readonly Candidate[], draw: Draw): () => number {
  const total = candidates.reduce((sum, candidate) => sum + candidate.weight, 0);
  return () => {
    let left = draw.chance() * total;
    for (let i = 0; i < candidates.length; i++) {
      left -= candidates[i].weight;
      if (left < 0) return i;
    }
    return candidates.length - 1;
  };
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
