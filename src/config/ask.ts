/**
 * A request that is asked of a table and never sent: its facts, and where the release would send it.
 *
 * Rule: nothing is drawn. The release itself is asked once for every stretch of draws that no split of the route
 * divides, so the shares are exact, and version, sticky key and override count as they do for traffic. Examples
 * (rehearse.ts) and explanations (control/explain.ts) ask in this one way.
 */

import { Exchange, type RequestFacts } from '../core/exchange.ts';
import type { Fault } from '../core/fault.ts';
import type { NameSet } from '../core/names.ts';
import { headText, pathEnd } from '../core/target.ts';
import type { SourceSettings, WeightedSettings } from '../release/release.ts';
import { splitsOf } from '../release/sides.ts';
import { buildSource, sourcesInWords } from '../release/source.ts';
import type { ListenerTable, Route, Table } from '../routing/route.ts';

export interface Asked {
  readonly method: string;
  readonly target: string;
  /** Lower-case name -> value as it stands in a head; Host among them where there is one. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Reads `http://host:port/path?query`, or the same without scheme and host; the target stays as written. */
export function readUrl(text: string): { readonly authority: string; readonly target: string } | undefined {
  const parts = /^(?:https?:\/\/([^/?#\\]*))?([!-"$-~]*)$/i.exec(text);
  if (parts === null) return undefined;
  const [, authority = '', rest] = parts;
  if (rest === '*') return { authority, target: rest };
  if (rest === '' && authority === '') return undefined;
  const target = pathEnd(rest) === 0 ? `/${rest}` : rest;
  return target.startsWith('/') ? { authority, target } : undefined;
}

/** Headers as a head would have them. A Host among them wins over the URL's. */
export function fieldsOf(headers: Readonly<Record<string, string>>, authority: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [written, value] of Object.entries(headers)) {
    const name = written.toLowerCase();
    const before = fields.get(name);
    const text = headText(value.trim());
    fields.set(name, before === undefined ? text : `${before}, ${text}`);
  }
  if (!fields.has('host') && authority !== '') fields.set('host', authority);
  return fields;
}

export function factsOf({ method, target, fields }: Asked, names: NameSet): RequestFacts {
  const host = (fields.get('host') ?? '').toLowerCase().replace(/:\d*$/, '');
  return { method, target, host, minor: 1, field: (number) => fields.get(names.names[number]) };
}

export interface Shares {
  /** Upstream -> share of requests like this one, above 0; 1 in all. Empty where all are refused. */
  readonly shares: ReadonlyMap<string, number>;
  /** The client's version, where one was read and is served. */
  readonly version: string | undefined;
  readonly refusal: { readonly fault: Fault; readonly status: number } | undefined;
}

/** A narrower stretch of draws is a rounding error of the cuts beside it. */
const NEVER_DRAWN = 1e-14;

/** Where the release of a route sends such requests. `route` has upstreams. */
export function sharesOf(table: Table, route: Route, request: RequestFacts, listener: ListenerTable): Shares {
  const { release, settings, destinations } = route.plan;
  const shares = new Map<string, number>();
  let version: string | undefined;
  let refusal: Shares['refusal'];
  let from = 0;
  for (const cut of cutsOf(splitsOf(settings.release))) {
    if (cut - from < NEVER_DRAWN) continue;
    const exchange = exchangeOf(request, listener, table.revision, (from + cut) / 2);
    const choosing = release.choose(exchange, request, listener.internal);
    if ('fault' in choosing) refusal = choosing;
    else {
      const { id } = destinations[choosing.index].upstream;
      shares.set(id, (shares.get(id) ?? 0) + cut - from);
      version = choosing.version;
    }
    from = cut;
  }
  return { shares, version, refusal };
}

/** Where the draws of any split go over from one side to the next; the last is 1. */
function cutsOf(splits: readonly (readonly WeightedSettings[])[]): number[] {
  const cuts = splits.flatMap((split) => {
    const total = split.reduce((sum, { weight }) => sum + weight, 0);
    let before = 0;
    return split.map(({ weight }) => {
      before += weight;
      return total === 0 ? 1 : Math.min(1, before / total);
    });
  });
  return [...new Set(cuts).add(1)].sort((a, b) => a - b);
}

/** An exchange that nobody follows. */
export function exchangeOf(request: RequestFacts, listener: ListenerTable, revision: string, draw = 0.5): Exchange {
  return new Exchange(0, draw, request, listener.id, '', revision);
}

/** Where a key is read from, in words, and whether the exchange carries one; a client's address is nobody's here. */
export function keyOf(settings: SourceSettings, exchange: Exchange, names: NameSet) {
  const value = buildSource(settings, names)(exchange, exchange.request);
  return { source: sourcesInWords([settings]), present: value !== undefined };
}
