/**
 * Taking back whom outliers had ejected, where a document turns them off.
 *
 * Rule: nobody stays out by a rule that holds no longer, neither to who listens to events nor to the next document that turns
 * outliers on. A probe under way says nothing any more. Whoever checks call ill stays so.
 */

import type { PlaneEvents } from '../core/events.ts';
import { MEMBER_WORDS, timeWord, UPSTREAM_WORDS } from '../core/words.ts';
import type { Ejectable } from './ejection.ts';
import type { UpstreamSettings } from './upstream.ts';

type Upstreams = Readonly<Record<string, UpstreamSettings>>;

/** Upstreams that had outliers in one document and have none in the next. */
export function outliersOff(before: Upstreams, after: Upstreams): string[] {
  return Object.keys(after).filter(
    (id) => after[id].outliers === 'off' && Object.hasOwn(before, id) && before[id].outliers !== 'off',
  );
}

/** `words`: the upstream's; `now`: monotonic. */
export function readmit(
  upstream: string,
  words: Int32Array,
  members: readonly Ejectable[],
  tell: PlaneEvents,
  now: number,
): void {
  for (const { id, words: its } of members) {
    if (Atomics.load(its, MEMBER_WORDS.ejection) === 0) continue;
    // Before the state: a probe under way, or about to begin, finds its mark gone.
    Atomics.store(its, MEMBER_WORDS.until, timeWord(now));
    Atomics.store(its, MEMBER_WORDS.failures, 0);
    Atomics.store(its, MEMBER_WORDS.since, timeWord(now));
    Atomics.store(its, MEMBER_WORDS.ejection, 0);
    Atomics.add(words, UPSTREAM_WORDS.availability, 1);
    if (Atomics.load(its, MEMBER_WORDS.health) === 0)
      tell({ is: 'member', upstream, member: id, state: 'up', cause: 'outliers are off', until: undefined });
  }
}
