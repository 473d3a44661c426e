/**
 * Members that stand in no document, as threads have them: the whole list of each upstream, and what changes in it.
 *
 * Rule: a list that says what was said before is not told again. Memory for who is new has grown before threads hear of
 * it; whoever comes to others begins slowly. Who they are is found out elsewhere (members.ts); a change is told in one line
 * of the log, with its causes where somebody knows them.
 */

import type { Clock } from '../core/clock.ts';
import type { PlaneEvents, PlaneLog } from '../core/events.ts';
import { type BlockLedger, memberKey } from '../core/ledger.ts';
import type { SharedLanes } from '../core/shared.ts';
import { MEMBER_WORDS, timeWord } from '../core/words.ts';
import type { Candidate } from './roster.ts';
import { sameTerms } from './terms.ts';
import type { MemberSettings } from './upstream.ts';

export interface JoinedNeeds {
  readonly clock: Clock;
  readonly ledger: BlockLedger;
  readonly lanes: SharedLanes;
  /** Tells all threads an upstream's whole list, in order of ids; of whom nothing has changed is the same object as before. */
  readonly join: (call: { readonly upstream: string; readonly members: readonly MemberSettings[] }) => Promise<void>;
  readonly tell: PlaneEvents;
  readonly log: PlaneLog;
}

/** Why members came or left, by their ids. */
export type Causes = ReadonlyMap<string, string>;

export interface Change {
  readonly came: readonly string[];
  readonly left: readonly MemberSettings[];
  /** All threads have the list. */
  readonly told: Promise<void>;
}

const NOBODY: readonly MemberSettings[] = Object.freeze([]);

export class Joined {
  private readonly needs: JoinedNeeds;
  /** Upstreams without such members are not in it. */
  private readonly lists = new Map<string, readonly MemberSettings[]>();

  constructor(needs: JoinedNeeds) {
    this.needs = needs;
  }

  of(upstream: string): readonly MemberSettings[] {
    return this.lists.get(upstream) ?? NOBODY;
  }

  upstreams(): Iterable<string> {
    return this.lists.keys();
  }

  /** These are the members from now on, in order of ids, beside so many `written` ones; undefined where they were before. */
  put(upstream: string, now: readonly Candidate[], written: number, causes: Causes): Change | undefined {
    const before = this.of(upstream);
    const first = before.length === 0 && written === 0;
    const { members, came, left } = compared(before, now, (id) => this.welcome(upstream, id, first));
    if (left.length === 0 && members.length === before.length && members.every((one, i) => one === before[i]))
      return undefined;
    if (members.length === 0) this.lists.delete(upstream);
    else this.lists.set(upstream, members);
    // Before they are told: memory for what is new has grown by now, and goes with the list.
    const told = this.needs.join({ upstream, members });
    for (const { id } of left) this.needs.ledger.letGo(memberKey(upstream, id));
    const gone = left.map(({ id }) => id);
    this.say(upstream, came, gone, members.length + written, causes);
    return { came, left, told };
  }

  /** Its block, as fresh as it is; those who come to others begin slowly. */
  private welcome(upstream: string, member: string, first: boolean): { block: number; since: number } {
    const { ledger } = this.needs;
    const key = memberKey(upstream, member);
    const block = ledger.hold(key);
    // The next document finds by name or lease what the one in force writes down: it goes on as it is.
    if (ledger.isWritten(key)) return { block, since: 0 };
    const since = first ? 0 : timeWord(this.needs.clock.now());
    const words = this.needs.lanes.words.block(block);
    // It may have been here a moment ago: what was held against it then is over.
    const { health, ejection, failures, ejections } = MEMBER_WORDS;
    for (const word of [health, ejection, failures, ejections]) Atomics.store(words, word, 0);
    Atomics.store(words, MEMBER_WORDS.since, since);
    return { block, since };
  }

  private say(
    upstream: string,
    joined: readonly string[],
    left: readonly string[],
    members: number,
    why: Causes,
  ): void {
    if (joined.length + left.length === 0) return;
    const known = [...joined, ...left].flatMap((id) => why.get(id) ?? []);
    const causes = known.length === 0 ? {} : { causes: known };
    const fields = { upstream, joined, left, members, ...causes };
    this.needs.log('info', fields, 'the members of an upstream have changed');
    const states = [...joined.map((id) => [id, 'joined'] as const), ...left.map((id) => [id, 'left'] as const)];
    for (const [member, state] of states) {
      const cause = why.get(member);
      const count = members === 1 ? '1 member now' : `${members} members now`;
      const told = { is: 'member', upstream, member, state, until: undefined } as const;
      this.needs.tell({ ...told, cause: cause === undefined ? count : `${cause}; ${count}` });
    }
  }
}

/** Both in order of ids. Of whom nothing has changed is the same object as before. */
function compared(
  before: readonly MemberSettings[],
  now: readonly Candidate[],
  welcome: (id: string) => { block: number; since: number },
) {
  const members: MemberSettings[] = [];
  const came: string[] = [];
  const left: MemberSettings[] = [];
  let at = 0;
  for (const candidate of now) {
    const { id } = candidate;
    while (at < before.length && before[at].id !== id && before[at].id < id) left.push(before[at++]);
    const known = before[at]?.id === id ? before[at++] : undefined;
    if (known === undefined) came.push(id);
    if (known !== undefined && same(candidate, known)) {
      members.push(known);
    } else {
      const { block, since } = known ?? welcome(id);
      members.push({ ...candidate, block, since });
    }
  }
  for (; at < before.length; at++) left.push(before[at]);
  return { members, came, left };
}

function same(one: Candidate, known: MemberSettings): boolean {
  const { id, host, port, next } = known;
  const place = one.id === id && one.host === host && one.port === port;
  return place && sameTerms(one, known) && sameTerms(one.next, next);
}
