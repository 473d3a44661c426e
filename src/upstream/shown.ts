/**
 * The members of an upstream as status pages show them.
 *
 * Rule: put together when somebody asks; nothing is kept. An instance that registered with an address which also stands in
 * the document is shown with it, and so is one that leaves while the document brings its address back.
 */

import type { LeaseFacts } from './lease.ts';
import { type Candidate, idOf } from './roster.ts';

/** A member as status pages show it. */
export interface MemberView extends Partial<LeaseFacts> {
  readonly id: string;
  readonly from: 'file' | 'name' | 'lease';
  readonly weight: number;
  readonly block: number;
  /** It has left by lease, and what it was asked before is still under way. */
  readonly draining: boolean;
}

type Known = Candidate & { readonly block: number };

export interface ShownParts {
  /** Those of the document first. */
  readonly serving: readonly Known[];
  readonly written: number;
  /** Ids of those found by name. */
  readonly named: ReadonlySet<string>;
  readonly leaving: readonly Known[];
  readonly facts: ReadonlyMap<string, LeaseFacts>;
}

export function shownMembers({ serving, written, named, leaving, facts }: ShownParts): MemberView[] {
  const view = (member: Known, from: MemberView['from'], draining: boolean): MemberView => {
    const { id, host, port, weight, block } = member;
    return { id, from, weight, block, ...facts.get(idOf(host, port)), draining };
  };
  const there = new Set(serving.map(({ host, port }) => idOf(host, port)));
  const left = leaving.filter(({ host, port }) => !there.has(idOf(host, port)));
  return [
    ...serving.map((one, i) => view(one, i < written ? 'file' : named.has(one.id) ? 'name' : 'lease', false)),
    ...left.map((one) => view(one, 'lease', true)),
  ];
}
