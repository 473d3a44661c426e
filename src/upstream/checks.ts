/**
 * Active checks: every member of an upstream that asks for them is asked from time to time, once for the process.
 *
 * Rule: a member counts as well until checks say otherwise; what they say stands in shared words, so that every thread has
 * it at its next request. Starts are spread over an interval and intervals vary, so that no origin is asked by all at
 * once; at most MOST_AT_ONCE questions are open. What a question is, is left to check.ts.
 */

import type { Alarms } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneEvents } from '../core/events.ts';
import { memberKey } from '../core/ledger.ts';
import { MEMBER_WORDS, timeWord, UPSTREAM_WORDS } from '../core/words.ts';
import type { Probe, ProbeTarget } from './check.ts';
import type { HealthCheckSettings } from './upstream.ts';

const MOST_AT_ONCE = 64;
/** How far an interval varies, as a share of it, to either side. */
const JITTER = 0.1;

export interface ChecksNeeds {
  readonly probe: Probe;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly draw: Draw;
  readonly tell: PlaneEvents;
}

export interface Checked extends ProbeTarget {
  readonly id: string;
  readonly words: Int32Array;
}

/** Members of one upstream. */
export interface CheckedGroup {
  readonly upstream: string;
  readonly words: Int32Array;
  readonly settings: HealthCheckSettings;
  readonly members: readonly Checked[];
}

interface Patient {
  readonly group: CheckedGroup;
  readonly member: Checked;
  /** Answers in a row that speak against its present state. */
  streak: number;
  gone: boolean;
  cancel: () => void;
}

export class Checks {
  private readonly needs: ChecksNeeds;
  /** Upstream -> member's key -> member. */
  private readonly groups = new Map<string, Map<string, Patient>>();
  private readonly waiting: Patient[] = [];
  private open = 0;

  constructor(needs: ChecksNeeds) {
    this.needs = needs;
  }

  /** Who is to be checked of this upstream from now on. */
  keep(group: CheckedGroup): void {
    const { upstream, members } = group;
    const known = this.groups.get(upstream) ?? new Map<string, Patient>();
    const kept = new Map<string, Patient>();
    for (const member of members) {
      const key = memberKey(upstream, member.id);
      const patient = known.get(key);
      if (patient !== undefined && sameCheck(patient, group, member)) {
        kept.set(key, patient);
        known.delete(key);
      } else kept.set(key, this.begin(group, member));
    }
    for (const [key, patient] of known) end(patient, kept.has(key));
    if (kept.size === 0) this.groups.delete(upstream);
    else this.groups.set(upstream, kept);
  }

  /** Nobody of this upstream is checked any more: all count as well, which is told of those who were ill and are `staying`. */
  turnOff(upstream: string, staying: () => readonly { readonly id: string }[]): void {
    const { tell } = this.needs;
    const ill = this.end(upstream);
    if (ill.length === 0) return;
    const ids = new Set(staying().map(({ id }) => id));
    for (const member of ill.filter((id) => ids.has(id)))
      tell({ is: 'member', upstream, member, state: 'up', cause: 'it is checked no more', until: undefined });
  }

  /** The upstream is gone. */
  leave(upstream: string): void {
    this.end(upstream);
  }

  /** Who was ill until now. */
  private end(upstream: string): string[] {
    const known = [...(this.groups.get(upstream)?.values() ?? [])];
    this.groups.delete(upstream);
    return known.filter((patient) => end(patient, false)).map(({ member }) => member.id);
  }

  /** Upstreams with members under check. */
  get upstreams(): Iterable<string> {
    return this.groups.keys();
  }

  stop(): void {
    for (const known of this.groups.values()) {
      for (const patient of known.values()) {
        patient.gone = true;
        patient.cancel();
      }
    }
    this.groups.clear();
    this.waiting.length = 0;
  }

  private begin(group: CheckedGroup, member: Checked): Patient {
    const patient: Patient = { group, member, streak: 0, gone: false, cancel: () => {} };
    this.later(patient, this.needs.draw.chance() * group.settings.interval);
    return patient;
  }

  private later(patient: Patient, pause: number): void {
    patient.cancel = this.needs.alarms.after(pause, () => {
      this.waiting.push(patient);
      this.next();
    });
  }

  private next(): void {
    while (this.open < MOST_AT_ONCE) {
      const patient = this.waiting.shift();
      if (patient === undefined) return;
      if (!patient.gone) void this.ask(patient);
    }
  }

  private async ask(patient: Patient): Promise<void> {
    const { settings } = patient.group;
    this.open += 1;
    const question = this.needs.probe(patient.member, settings);
    patient.cancel = question.end;
    const trouble = await question.trouble;
    this.open -= 1;
    if (!patient.gone) {
      this.judge(patient, trouble);
      this.later(patient, settings.interval * (1 + JITTER * (2 * this.needs.draw.chance() - 1)));
    }
    this.next();
  }

  private judge(patient: Patient, trouble: string | undefined): void {
    const { group, member } = patient;
    const { healthyAfter, unhealthyAfter } = group.settings;
    const ill = Atomics.load(member.words, MEMBER_WORDS.health) === 1;
    if (ill === (trouble !== undefined)) {
      patient.streak = 0;
      return;
    }
    patient.streak += 1;
    if (patient.streak < (ill ? healthyAfter : unhealthyAfter)) return;
    patient.streak = 0;
    if (ill) healed(member.words, this.needs.clock.now());
    else Atomics.store(member.words, MEMBER_WORDS.health, 1);
    Atomics.add(group.words, UPSTREAM_WORDS.availability, 1);
    const cause = ill ? `${healthyAfter} checks in a row went well` : `${unhealthyAfter} checks in a row: ${trouble}`;
    const { upstream } = group;
    const state = ill ? 'up' : 'unhealthy';
    this.needs.tell({ is: 'member', upstream, member: member.id, state, cause, until: undefined });
  }
}

/** A member that is well again is tried like one that comes: out of its ejection, and slowly. */
function healed(words: Int32Array, now: number): void {
  Atomics.store(words, MEMBER_WORDS.since, timeWord(now));
  Atomics.store(words, MEMBER_WORDS.failures, 0);
  const ejection = Atomics.load(words, MEMBER_WORDS.ejection);
  // Where a thread changes it at the same time, what that one saw is newer.
  if (ejection !== 0) Atomics.compareExchange(words, MEMBER_WORDS.ejection, ejection, 0);
  Atomics.store(words, MEMBER_WORDS.health, 0);
}

/** What a check said holds no longer than the check; `goesOn`: another one takes its place. Whether the member was ill till now. */
function end(patient: Patient, goesOn: boolean): boolean {
  patient.gone = true;
  patient.cancel();
  if (goesOn) return false;
  const { group, member } = patient;
  if (Atomics.exchange(member.words, MEMBER_WORDS.health, 0) === 0) return false;
  Atomics.add(group.words, UPSTREAM_WORDS.availability, 1);
  return true;
}

function sameCheck(patient: Patient, { settings, words }: CheckedGroup, member: Checked): boolean {
  const { group, member: known } = patient;
  return (
    sameWords(known.words, member.words) &&
    sameWords(group.words, words) &&
    known.host === member.host &&
    known.port === member.port &&
    known.authority === member.authority &&
    JSON.stringify(group.settings) === JSON.stringify(settings)
  );
}

function sameWords(one: Int32Array, other: Int32Array): boolean {
  return one.buffer === other.buffer && one.byteOffset === other.byteOffset;
}
