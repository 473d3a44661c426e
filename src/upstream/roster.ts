/**
 * Which members an upstream has that are not in the document as addresses: what its names lead to now, and who registered.
 *
 * Rule: pure; the same endpoints, answers and leases give the same list. What leads to one address is one member: the
 * document's own address wins, then what its names lead to, their weights added, then a lease.
 */

import { isIPv6 } from 'node:net';
import { type Endpoint, readEndpoint } from './endpoint.ts';
import type { Place, Wanted } from './lookup.ts';
import { keyOf } from './resolver.ts';
import type { EndpointSettings, MemberSettings, UpstreamSettings } from './upstream.ts';

/** A member before it has a block of counters. */
export type Candidate = Omit<MemberSettings, 'block' | 'since'>;

/** An endpoint that stands for what its name leads to. */
export interface Named {
  readonly wanted: Wanted;
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly weight: number;
}

/** The endpoints of an upstream, read. */
export interface Sources {
  readonly fixed: readonly Candidate[];
  readonly named: readonly Named[];
}

/** Settings are the same object as long as their document lives. */
const read = new WeakMap<UpstreamSettings, Sources>();

/** What the endpoints of an upstream lead to, read once. */
export function sourcesOf(settings: UpstreamSettings): Sources {
  const known = read.get(settings) ?? readSources(settings.endpoints);
  read.set(settings, known);
  return known;
}

function readSources(endpoints: readonly EndpointSettings[]): Sources {
  const fixed: Candidate[] = [];
  const named: Named[] = [];
  for (const { url, weight } of endpoints) {
    const endpoint = readEndpoint(url);
    const { is, host, port, authority } = endpoint;
    if (is === 'address') {
      fixed.push({ id: url, host, port, authority, weight });
    } else {
      const wanted: Wanted = { is, host };
      named.push({ wanted, key: keyOf(wanted), endpoint, weight });
    }
  }
  return { fixed, named };
}

/** Members by name and by lease, in order of their ids as those by lease are. */
export function gathered(
  sources: Sources,
  places: (key: string) => readonly Place[],
  leased: readonly Candidate[],
): readonly Candidate[] {
  const members = found(sources, places);
  const known = new Set([...sources.fixed.map(({ host, port }) => idOf(host, port)), ...members.map(({ id }) => id)]);
  const others = known.size === 0 ? leased : leased.filter(({ id }) => !known.has(id));
  return members.length === 0 ? others : [...members, ...others].sort(byId);
}

export function found({ fixed, named }: Sources, places: (key: string) => readonly Place[]): Candidate[] {
  const written = new Set(fixed.map(({ host, port }) => idOf(host, port)));
  const members = new Map<string, Candidate>();
  for (const { key, endpoint, weight } of named) {
    for (const place of places(key)) {
      const port = endpoint.is === 'service' ? place.port : endpoint.port;
      const id = idOf(place.host, port);
      if (written.has(id)) continue;
      const { host } = place;
      const { authority } = endpoint;
      const more = (members.get(id)?.weight ?? 0) + weight * place.weight;
      members.set(id, { id, host, port, authority, weight: more });
    }
  }
  return [...members.values()].sort(byId);
}

export function byId(one: Candidate, other: Candidate): number {
  return one.id < other.id ? -1 : 1;
}

/** A member found by name, or by lease, is called by where it is. */
export function idOf(host: string, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
