/**
 * Taking out a member that fails, and bringing it back through a probe: over words that all threads share.
 *
 * Rules, in plain words: so many failures in a row, or a success rate far below the others', take a member out for a
 * while, longer each time in a row; at most a share of the members is out, and the last one that can serve never is. When
 * its time is over one request tries it. Everything here runs on any thread: time, chance and members come in.
 *
 * Words of a member: `ejection` 0 in, 1 out until `until`, 2 on probation by whoever wrote `until`, the end of its lease.
 */

import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneEvent, PlaneEvents } from '../core/events.ts';
import { ago, elapsed, LONGEST, MEMBER_WORDS, timeWord, UPSTREAM_WORDS } from '../core/words.ts';
import type { OutlierSettings } from './upstream.ts';

/** A member as ejecting sees it. */
export interface Ejectable {
  readonly id: string;
  readonly words: Int32Array;
}

/** Those among whom a member is ejected. */
export interface Company {
  readonly upstream: string;
  /** The upstream's words. */
  readonly words: Int32Array;
  /** All that have a weight, those that are out too. */
  readonly members: readonly Ejectable[];
  readonly settings: OutlierSettings;
  readonly clock: Clock;
  readonly draw: Pick<Draw, 'chance'>;
  readonly tell: PlaneEvents;
}

/** Several that were ejected together come back one after the other: up to a tenth later. */
const JITTER = 0.1;
const MOMENT = 1_000;

/** Pickers made before this are out of date. */
export function changed(words: Int32Array): void {
  Atomics.add(words, UPSTREAM_WORDS.availability, 1);
}

/**
 * Ejects a member, `why` in words with numbers. False where it is out already, or must not be: whoever asks again later
 * may have more luck.
 */
export function eject(company: Company, member: Ejectable, why: string, now: number): boolean {
  const { words } = member;
  if (words[MEMBER_WORDS.ejection] !== 0 || !bearable(company, member, 1)) return false;
  const times = timesInARow(company.settings, words, now) + 1;
  const duration = durationOf(company, times);
  // Before the state, or others would take it for one whose time is over.
  Atomics.store(words, MEMBER_WORDS.until, timeWord(now + duration));
  if (Atomics.compareExchange(words, MEMBER_WORDS.ejection, 0, 1) !== 0) return false;
  // Two threads may have seen room for one more each: then both of them take back.
  if (!bearable(company, member, 0)) {
    Atomics.compareExchange(words, MEMBER_WORDS.ejection, 1, 0);
    changed(company.words);
    return false;
  }
  Atomics.store(words, MEMBER_WORDS.ejections, times);
  changed(company.words);
  tellOut(company, member, why, duration);
  return true;
}

/** Whether so many `more` may be out than are, and somebody but `member` serves. */
function bearable({ members, settings }: Company, member: Ejectable, more: number): boolean {
  let out = 0;
  let others = 0;
  let known = false;
  for (const one of members) {
    if (one === member) known = true;
    if (one.words[MEMBER_WORDS.ejection] !== 0) out += 1;
    else if (one !== member && one.words[MEMBER_WORDS.health] === 0) others += 1;
  }
  const share = Math.floor((members.length * settings.maxEjectedPercent) / 100);
  const most = settings.maxEjectedPercent === 0 ? 0 : Math.max(1, share);
  return known && others > 0 && out + more <= most;
}

/** Ejections in a row so far; as long in peace as the last one took, and they are forgotten. */
function timesInARow(settings: OutlierSettings, words: Int32Array, now: number): number {
  const times = Atomics.load(words, MEMBER_WORDS.ejections);
  const since = Atomics.load(words, MEMBER_WORDS.since);
  const peace = ago(since, timeWord(now));
  return since !== 0 && (peace < 0 || peace >= span(settings, times)) ? 0 : times;
}

function span({ ejectFor, maxEjectFor }: OutlierSettings, times: number): number {
  return Math.min(ejectFor * times, maxEjectFor, LONGEST);
}

function durationOf({ settings, draw }: Company, times: number): number {
  return Math.ceil(span(settings, times) * (1 + JITTER * draw.chance()));
}

function tellOut(company: Company, member: Ejectable, cause: string, duration: number): void {
  tellOf(company, member, 'ejected', cause, company.clock.wall() + duration);
}

function tellOf(
  { upstream, tell }: Company,
  member: Ejectable,
  state: Extract<PlaneEvent, { is: 'member' }>['state'],
  cause: string,
  until: number | undefined,
): void {
  tell({ is: 'member', upstream, member: member.id, state, cause, until });
}

/** Whether a member that is out, or whose probe counts as lost, may be tried. */
export function isDue(words: Int32Array, now: number): boolean {
  return words[MEMBER_WORDS.ejection] !== 0 && elapsed(words[MEMBER_WORDS.until], timeWord(now)) >= 0;
}

/**
 * Takes the probe of a member that is due, for `lease` milliseconds. The answer marks the probe as the caller's, 0 where
 * another took it first: whoever moves `until` on has it, so that no state in between can be misread.
 */
export function takeProbe(company: Company, member: Ejectable, lease: number, now: number): number {
  const { words } = member;
  const until = Atomics.load(words, MEMBER_WORDS.until);
  const mark = timeWord(now + lease);
  if (Atomics.load(words, MEMBER_WORDS.ejection) === 0 || elapsed(until, timeWord(now)) < 0) return 0;
  if (Atomics.compareExchange(words, MEMBER_WORDS.until, until, mark) !== until) return 0;
  Atomics.store(words, MEMBER_WORDS.ejection, 2);
  changed(company.words);
  tellOf(company, member, 'probation', 'its ejection is over; one request tries it', company.clock.wall() + lease);
  return mark;
}

/** What a probe says. False where it was taken for lost, and is another's now: then it says nothing any more. */
export function endProbe(company: Company, member: Ejectable, mark: number, failed: boolean, now: number): boolean {
  const { words } = member;
  if (!failed) {
    // A moment ahead, so that nobody takes it for one whose probe was lost before the next lines are done.
    const ahead = timeWord(now + MOMENT);
    if (Atomics.compareExchange(words, MEMBER_WORDS.until, mark, ahead) !== mark) return false;
    Atomics.store(words, MEMBER_WORDS.failures, 0);
    Atomics.store(words, MEMBER_WORDS.since, timeWord(now));
    Atomics.store(words, MEMBER_WORDS.ejection, 0);
    changed(company.words);
    tellOf(company, member, 'up', 'its probe ended well', undefined);
    return true;
  }
  const times = Atomics.load(words, MEMBER_WORDS.ejections) + 1;
  const duration = durationOf(company, times);
  const next = timeWord(now + duration);
  if (Atomics.compareExchange(words, MEMBER_WORDS.until, mark, next) !== mark) return false;
  Atomics.store(words, MEMBER_WORDS.ejections, times);
  Atomics.store(words, MEMBER_WORDS.ejection, 1);
  changed(company.words);
  tellOut(company, member, 'its probe failed', duration);
  return true;
}

/** The probe said nothing: the next request takes it. */
export function returnProbe(company: Company, { words }: Ejectable, mark: number, now: number): void {
  if (Atomics.compareExchange(words, MEMBER_WORDS.until, mark, timeWord(now)) === mark) changed(company.words);
}

/**
 * `since` says nothing any more, neither of a slow start nor of ejections in a row: it goes before words of time wrap round
 * and make it look new.
 */
export function forgetPast(words: Int32Array, since: number): void {
  if (Atomics.compareExchange(words, MEMBER_WORDS.since, since, 0) !== since) return;
  if (Atomics.load(words, MEMBER_WORDS.ejection) === 0) Atomics.store(words, MEMBER_WORDS.ejections, 0);
}

/**
 * Takes so many out of the upstream's row of failures, of which its circuit judges: what led to an ejection was one member's
 * affair. Two members that die at the same moment would else open the circuit before the others had answered anybody.
 */
export function takeFromRow(words: Int32Array, count: number): void {
  for (;;) {
    const row = Atomics.load(words, UPSTREAM_WORDS.failures);
    const left = Math.max(0, row - count);
    if (Atomics.compareExchange(words, UPSTREAM_WORDS.failures, row, left) === row) return;
  }
}
