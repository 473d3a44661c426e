/**
 * From blocks of counters to series of a scrape.
 *
 * Rule: labels come from keys of the ledger, thus from the document, never from a client. A histogram is kept in fine
 * buckets and shown in a coarse subset of the same bounds, so that what is shown and what is kept never disagree.
 */

import {
  BOUNDS,
  BUCKETS,
  CUTS,
  LISTENER_BLOCK,
  OUTCOMES,
  RETRY_REASONS,
  ROUTE_BLOCK,
  STATUS_LABELS,
  UPSTREAM_BLOCK,
} from '../core/lanes.ts';
import { type KeyFacts, readKey } from '../core/ledger.ts';

/** The counters as the control thread reads them: every shown key with its block, and one counter summed over lanes. */
export interface Counters {
  shown(): [key: string, block: number][];
  sum(block: number, offset: number): number;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Where it is not the metric's own name: parts of a histogram. */
  readonly metricName?: string;
}

/** Upper bounds that a scrape shows, in milliseconds; each is one of the fine bounds. */
const SHOWN_BOUNDS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000];
const SHOWN = SHOWN_BOUNDS.map((bound) => ({ le: String(bound / 1000), last: BOUNDS.indexOf(bound) }));

type Keyed<K extends KeyFacts['kind']> = { readonly facts: Extract<KeyFacts, { kind: K }>; readonly block: number };

/** The keys of a kind, with their facts. */
export function ofKind<K extends KeyFacts['kind']>(counters: Counters, kind: K): Keyed<K>[] {
  const found: Keyed<K>[] = [];
  for (const [key, block] of counters.shown()) {
    const facts = readKey(key);
    if (isKind(facts, kind)) found.push({ facts, block });
  }
  return found;
}

function isKind<K extends KeyFacts['kind']>(facts: KeyFacts, kind: K): facts is Extract<KeyFacts, { kind: K }> {
  return facts.kind === kind;
}

/** Exchanges by status. A status that was never sent has no series. */
export function requestSamples(counters: Counters): Sample[] {
  const samples: Sample[] = [];
  for (const { facts, block } of ofKind(counters, 'route')) {
    const { route, upstream } = facts;
    for (const [i, code] of STATUS_LABELS.entries()) {
      const value = counters.sum(block, ROUTE_BLOCK.statuses + i);
      if (value > 0) samples.push({ labels: { route, upstream, code }, value });
    }
  }
  return samples;
}

/** Durations in seconds, cumulative buckets. A route shows a series without upstream only once it has refused something. */
export function durationSamples(counters: Counters, name: string): Sample[] {
  const samples: Sample[] = [];
  for (const { facts, block } of ofKind(counters, 'route')) {
    const { route, upstream } = facts;
    const below = cumulative(counters, block);
    const count = below[BUCKETS - 1];
    if (count === 0 && upstream === '') continue;
    for (const { le, last } of SHOWN) {
      samples.push({ metricName: `${name}_bucket`, labels: { route, upstream, le }, value: below[last] });
    }
    samples.push({ metricName: `${name}_bucket`, labels: { route, upstream, le: '+Inf' }, value: count });
    const seconds = counters.sum(block, ROUTE_BLOCK.sum) / 1000;
    samples.push({ metricName: `${name}_sum`, labels: { route, upstream }, value: seconds });
    samples.push({ metricName: `${name}_count`, labels: { route, upstream }, value: count });
  }
  return samples;
}

function cumulative(counters: Counters, block: number): number[] {
  let total = 0;
  return Array.from({ length: BUCKETS }, (_, i) => {
    total += counters.sum(block, ROUTE_BLOCK.buckets + i);
    return total;
  });
}

export function attemptSamples(counters: Counters): Sample[] {
  return ofKind(counters, 'upstream').flatMap(({ facts: { upstream }, block }) =>
    OUTCOMES.map((outcome, i) => ({
      labels: { upstream, outcome },
      value: counters.sum(block, UPSTREAM_BLOCK.outcomes + i),
    })),
  );
}

export function retrySamples(counters: Counters): Sample[] {
  return ofKind(counters, 'upstream').flatMap(({ facts: { upstream }, block }) =>
    RETRY_REASONS.map((reason, i) => ({
      labels: { upstream, reason },
      value: counters.sum(block, UPSTREAM_BLOCK.retries + i),
    })),
  );
}

export function inFlightSamples(counters: Counters): Sample[] {
  return ofKind(counters, 'upstream').map(({ facts: { upstream }, block }) => ({
    labels: { upstream },
    value: counters.sum(block, UPSTREAM_BLOCK.inFlight),
  }));
}

export function connectionSamples(counters: Counters): Sample[] {
  return ofKind(counters, 'listener').map(({ facts: { listener }, block }) => ({
    labels: { listener },
    value: counters.sum(block, LISTENER_BLOCK.connections),
  }));
}

export function cutSamples(counters: Counters): Sample[] {
  return ofKind(counters, 'listener').flatMap(({ facts: { listener }, block }) =>
    CUTS.map((reason, i) => ({ labels: { listener, reason }, value: counters.sum(block, LISTENER_BLOCK.cuts + i) })),
  );
}
