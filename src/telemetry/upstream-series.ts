/**
 * What a scrape says of upstreams and their members: state, what was refused, and what was done about failures.
 *
 * Rule: the same as for series.ts: labels come from keys of the ledger or from the document. Counters show every cause
 * from the start, at 0, so that the first time shows as an increase.
 */

import {
  DENIAL_CAUSES,
  EJECTION_CAUSES,
  HEDGE_ENDS,
  MEMBER_BLOCK,
  OPENING_CAUSES,
  REFUSAL_CAUSES,
  UPSTREAM_BLOCK,
} from '../core/lanes.ts';
import { MEMBER_WORDS, UPSTREAM_WORDS } from '../core/words.ts';
import { type Counters, ofKind, type Sample } from './series.ts';

export type CircuitStateName = 'closed' | 'open' | 'half-open' | 'isolated';
const STATES: readonly CircuitStateName[] = ['closed', 'open', 'half-open', 'isolated'];

export interface UpstreamSource extends Counters {
  /** The words of a block. */
  words(block: number): Int32Array;
  /** Whether a member takes traffic, as far as checks and ejection go. */
  up(upstream: string, block: number): boolean;
  circuit(block: number): CircuitStateName;
  /** undefined where there is none. */
  limit(upstream: string, block: number): number | undefined;
  /** How the lookups of each name of the document went. */
  names(): Iterable<{
    readonly name: string;
    readonly results: ReadonlyMap<string, number>;
    readonly failing: boolean;
  }>;
}

interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly read: (source: UpstreamSource) => Sample[];
}

export const UPSTREAM_METRICS: readonly Described[] = [
  {
    name: 'signalbox_member_up',
    help: '1 where the member takes traffic: its checks say nothing against it, and it is not ejected.',
    type: 'gauge',
    read: (source) =>
      ofKind(source, 'member').map(({ facts: { upstream, member }, block }) => {
        return { labels: { upstream, member }, value: source.up(upstream, block) ? 1 : 0 };
      }),
  },
  {
    name: 'signalbox_member_ejections_total',
    help: 'Ejections of a member for failed attempts, by cause.',
    type: 'counter',
    read: ejectionSamples,
  },
  {
    name: 'signalbox_circuit_state',
    help: '1 for the state the circuit is in, 0 for the others.',
    type: 'gauge',
    read: (source) =>
      ofKind(source, 'upstream').flatMap(({ facts: { upstream }, block }) => {
        const now = source.circuit(block);
        return STATES.map((state) => ({ labels: { upstream, state }, value: state === now ? 1 : 0 }));
      }),
  },
  {
    name: 'signalbox_circuit_opened_total',
    help: 'Openings of the circuit, by cause.',
    type: 'counter',
    read: (source) => byCause(source, 'cause', OPENING_CAUSES, UPSTREAM_BLOCK.opened),
  },
  {
    name: 'signalbox_upstream_queued',
    help: 'Exchanges that wait for a place.',
    type: 'gauge',
    read: (source) => eachUpstream(source, (block) => source.sum(block, UPSTREAM_BLOCK.queued)),
  },
  {
    name: 'signalbox_upstream_refused_total',
    help: 'Exchanges whose upstream was not asked, by cause.',
    type: 'counter',
    read: (source) => byCause(source, 'cause', REFUSAL_CAUSES, UPSTREAM_BLOCK.refused),
  },
  {
    name: 'signalbox_upstream_retries_denied_total',
    help: 'Failed attempts of a kind that is retried which got no further one, by cause.',
    type: 'counter',
    read: (source) => byCause(source, 'cause', DENIAL_CAUSES, UPSTREAM_BLOCK.denied),
  },
  {
    name: 'signalbox_upstream_hedges_total',
    help: 'Second requests sent before the first was answered, and those of them that answered first.',
    type: 'counter',
    read: (source) => byCause(source, 'end', HEDGE_ENDS, UPSTREAM_BLOCK.hedges),
  },
  {
    name: 'signalbox_upstream_fallbacks_total',
    help: 'Exchanges that took their fallback because this upstream could not serve.',
    type: 'counter',
    read: (source) => eachUpstream(source, (block) => source.sum(block, UPSTREAM_BLOCK.fallbacks)),
  },
  {
    name: 'signalbox_upstream_concurrency_limit',
    help: 'Attempts that may be under way at once, where there is a limit.',
    type: 'gauge',
    read: (source) =>
      ofKind(source, 'upstream').flatMap(({ facts: { upstream }, block }) => {
        const value = source.limit(upstream, block);
        return value === undefined ? [] : [{ labels: { upstream }, value }];
      }),
  },
  {
    name: 'signalbox_upstream_panic',
    help: '1 while so few members can serve that all of them are used.',
    type: 'gauge',
    read: (source) => eachUpstream(source, (block) => Atomics.load(source.words(block), UPSTREAM_WORDS.panic)),
  },
  {
    name: 'signalbox_dns_lookups_total',
    help: 'Lookups of names that endpoints have, by result.',
    type: 'counter',
    read: (source) =>
      Array.from(source.names()).flatMap(({ name, results }) =>
        Array.from(results, ([result, value]) => ({ labels: { name, result }, value })),
      ),
  },
  {
    name: 'signalbox_dns_failing',
    help: '1 where the last lookup of the name failed, and what was known of it stays in use.',
    type: 'gauge',
    read: (source) => Array.from(source.names(), ({ name, failing }) => ({ labels: { name }, value: failing ? 1 : 0 })),
  },
];

function eachUpstream(source: UpstreamSource, value: (block: number) => number): Sample[] {
  return ofKind(source, 'upstream').map(({ facts: { upstream }, block }) => ({
    labels: { upstream },
    value: value(block),
  }));
}

function byCause(source: UpstreamSource, label: string, causes: readonly string[], offset: number): Sample[] {
  return ofKind(source, 'upstream').flatMap(({ facts: { upstream }, block }) =>
    causes.map((cause, i) => ({ labels: { upstream, [label]: cause }, value: source.sum(block, offset + i) })),
  );
}

function ejectionSamples(source: UpstreamSource): Sample[] {
  return ofKind(source, 'member').flatMap(({ facts: { upstream, member }, block }) =>
    EJECTION_CAUSES.map((cause, i) => {
      // Success rates are compared on the control thread, which has no lane.
      const rated = cause === 'success_rate' ? Atomics.load(source.words(block), MEMBER_WORDS.rated) : 0;
      const value = source.sum(block, MEMBER_BLOCK.ejections + i) + rated;
      return { labels: { upstream, member, cause }, value };
    }),
  );
}
