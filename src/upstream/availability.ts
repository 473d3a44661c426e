/**
 * Who can serve now, read from the words of an upstream's members.
 *
 * Rule: a member is out while its active checks say it is ill, and from its ejection until its probe ended well. Where
 * fewer than `panicPercent` of the members can serve, their state says more about the network or the checks than about
 * them, and all are used. What is found holds until a word changes or a time comes, which is told with it.
 */

import { ago, elapsed, LONGEST, MEMBER_WORDS, timeWord } from '../core/words.ts';
import type { Candidate } from './balance.ts';
import { forgetPast, isDue } from './ejection.ts';
import type { PooledMember } from './member.ts';
import type { UpstreamSettings } from './upstream.ts';

/** A member of an upstream, with its weight in one table. */
export interface Seat {
  readonly member: PooledMember;
  readonly weight: number;
}

export interface Standing {
  /** Those to pick from, with their weights of this moment. */
  readonly serving: readonly Candidate[];
  /** Out, and to be tried by the next request that may. */
  readonly due: readonly PooledMember[];
  /** How many of how many can serve. */
  readonly able: number;
  readonly all: number;
  /** So few can serve that all of them are used. */
  readonly panic: boolean;
  /** When it is to be read again though no word changed, monotonic. */
  readonly until: number;
}

export type AvailabilitySettings = Pick<UpstreamSettings, 'slowStart' | 'panicPercent' | 'outliers'>;

/** Growing shares change in so many steps. */
const STEPS = 20;
const LEAST_SHARE = 0.1;

export function standingOf(seats: readonly Seat[], settings: AvailabilitySettings, now: number): Standing {
  const all = seats.filter(({ weight }) => weight > 0);
  const ejects = settings.outliers !== 'off';
  const able = all.filter(({ member: { words } }) => !isOut(words, ejects));
  const panic = able.length * 100 < settings.panicPercent * all.length;
  const times = new Times(now);
  const due: PooledMember[] = [];
  for (const { member } of ejects ? all : []) {
    const { words } = member;
    if (words[MEMBER_WORDS.ejection] === 0 || words[MEMBER_WORDS.health] !== 0) continue;
    if (isDue(words, now)) due.push(member);
    else times.wake(words[MEMBER_WORDS.until]);
  }
  const serving = warmed(panic ? all : able, settings, times);
  return { serving, due, able: able.length, all: all.length, panic, until: times.next };
}

function isOut(words: Int32Array, ejects: boolean): boolean {
  return words[MEMBER_WORDS.health] !== 0 || (ejects && words[MEMBER_WORDS.ejection] !== 0);
}

/** The next time that something changes by itself. */
class Times {
  readonly word: number;
  next = Number.POSITIVE_INFINITY;
  private readonly now: number;

  constructor(now: number) {
    this.now = Math.trunc(now);
    this.word = timeWord(now);
  }

  /** Something comes at this time, a word. */
  wake(time: number): void {
    this.next = Math.min(this.next, this.now + Math.max(0, elapsed(this.word, time)));
  }
}

/** Weights during slow starts. Where all members are new there is nobody who could take more meanwhile. */
function warmed(seats: readonly Seat[], settings: AvailabilitySettings, times: Times): readonly Candidate[] {
  const shares = seats.map(({ member }) => shareOf(member, settings, times));
  if (shares.every((share) => share === 1) || shares.every((share) => share < 1)) return seats;
  return seats.map(({ member, weight }, i) => ({ member, weight: weight * shares[i] }));
}

/** The part of its weight that a member gets: it grows in a straight line from when it came, or came back. */
function shareOf(member: PooledMember, { slowStart, outliers }: AvailabilitySettings, times: Times): number {
  const back = member.words[MEMBER_WORDS.since];
  const since = back === 0 ? member.since : back;
  if (since === 0) return 1;
  const age = ago(since, times.word);
  const remembered = Math.min(LONGEST, outliers === 'off' ? slowStart : Math.max(slowStart, outliers.maxEjectFor));
  if (age < 0 || age >= remembered) {
    if (back !== 0) forgetPast(member.words, back);
    member.since = 0;
    return 1;
  }
  if (age >= slowStart) {
    times.wake(since + remembered);
    return 1;
  }
  const step = Math.floor((age * STEPS) / slowStart);
  times.wake(since + Math.ceil(((step + 1) * slowStart) / STEPS));
  return Math.max(LEAST_SHARE, step / STEPS);
}
