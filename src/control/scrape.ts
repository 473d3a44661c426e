/**
 * What a scrape asks of the control thread: counters and words, the view, and how lookups go.
 *
 * Rule: read when it is asked, nothing is kept. How it is written for Prometheus is telemetry's; what a word means for an
 * operator (is this member up, what is this circuit's state) is said here, in the light of the document that runs.
 */

import type { Clock } from '../core/clock.ts';
import type { BlockLedger } from '../core/ledger.ts';
import type { SharedLanes } from '../core/shared.ts';
import { MEMBER_WORDS, UPSTREAM_WORDS } from '../core/words.ts';
import { circuitStateOf } from '../policy/circuit-control.ts';
import type { DestinationSettings } from '../routing/route.ts';
import type { Membership } from '../upstream/members.ts';
import { reloadOf, type View } from './view.ts';

export interface ScrapeParts {
  readonly clock: Clock;
  readonly ledger: BlockLedger;
  readonly lanes: SharedLanes;
  readonly membership: Membership;
  view(): View;
  threads(): { readonly running: number; readonly restarts: number };
  droppedLines(): number;
}

/** The source of telemetry/metrics.ts. */
export function scrapeSource({ clock, ledger, lanes, membership, view, threads, droppedLines }: ScrapeParts) {
  const settings = (upstream: string) => view().running?.document.upstreams[upstream];
  return {
    shown: () => ledger.shown(),
    sum: (block: number, offset: number) => lanes.sum(block, offset),
    words: (block: number) => lanes.words.block(block),
    scraped: () => ledger.scraped(),
    up: (upstream: string, block: number) => isUp(lanes.words.block(block), settings(upstream)?.outliers !== 'off'),
    circuit: (block: number) => circuitStateOf(lanes.words.block(block), clock.now()).state,
    limit: (upstream: string, block: number) => limitOf(settings(upstream), lanes.words.block(block)),
    names: () => membership.names(),
    lastReload: () => reloadOf(view()),
    revision: () => view().running?.revision ?? '',
    threads,
    droppedLines,
  };
}

/** What checks and ejection say of a member, whether or not few others are left. */
export function isUp(words: Int32Array, ejects: boolean): boolean {
  if (Atomics.load(words, MEMBER_WORDS.health) !== 0) return false;
  return !ejects || Atomics.load(words, MEMBER_WORDS.ejection) === 0;
}

/** Attempts that may be under way at once; undefined where there is no limit, or none was found yet. */
export function limitOf(settings: DestinationSettings | undefined, words: Int32Array): number | undefined {
  const limits = settings?.limits ?? 'off';
  if (limits === 'off' || limits.concurrency === Number.POSITIVE_INFINITY) return undefined;
  if (limits.concurrency !== 'adaptive') return limits.concurrency;
  return Atomics.load(words, UPSTREAM_WORDS.limit) || undefined;
}
