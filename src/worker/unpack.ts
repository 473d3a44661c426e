/**
 * A parcel as `compile` takes it, on a data thread.
 *
 * Rule: parts are read as it comes to them. Where the table in force came from a parcel with the same head and the same
 * upstreams, routes of parts that say the same are not read or compiled again but taken from it: of an edit of one route in
 * a thousand a thread is done in a third of the time, and makes a tenth of the garbage. Every so often all is made anew:
 * routes that were compiled one by one share no plans, and names that nobody asks for any more are still looked for.
 */

import { deserialize } from 'node:v8';
import type { CompiledRoute, DocumentParts, Site } from '../config/compile.ts';
import { Patterns } from '../routing/match-regex.ts';
import type { DestinationSettings, RouteSettings, Table } from '../routing/route.ts';
import { type Head, MOST_KEPT, type Part } from './parcel.ts';
import type { Parcel } from './protocol.ts';

/** Tables that are made each from the one before. */
const MOST_OFTEN = 50;

type Matches = readonly (readonly [id: string, match: RouteSettings['match']])[];

/** What stays of a parcel while its table is in force. */
export interface Unpacked {
  readonly parcel: Parcel;
  /** Of the routes of each part that was read. */
  readonly matches: ReadonlyMap<number, Matches>;
  readonly patterns: Patterns;
  /** How many tables were made from the one before since all of it was made. */
  readonly age: number;
}

/** The table in force and its parcel. */
export interface Before {
  readonly unpacked: Unpacked;
  readonly table: Table;
}

export interface Unpacking {
  readonly document: DocumentParts;
  readonly block: Site['block'];
  /** Complete once the document is compiled; undefined where it is too large to keep. */
  readonly unpacked: Unpacked | undefined;
}

export function unpack(parcel: Parcel, before?: Before): Unpacking {
  const head = read<Head>(parcel.head);
  const common = new Map(head.blocks);
  let near: ReadonlyMap<string, number> = common;
  const partOf = <T>(bytes: Uint8Array): Part<T>['entries'] => {
    const part = read<Part<T>>(bytes);
    near = new Map(part.blocks);
    return part.entries;
  };
  const block = (key: string): number => {
    const found = near.get(key) ?? common.get(key);
    if (found === undefined) throw new Error(`no block of counters was given for ${key}`);
    return found;
  };
  const from = before !== undefined && isBase(before.unpacked, parcel) ? before : undefined;
  const few = parcel.upstreams.length + parcel.routes.length <= MOST_KEPT;
  const matches = new Map<number, Matches>();
  const unpacked: Unpacked = {
    parcel,
    matches,
    patterns: from?.unpacked.patterns ?? new Patterns(),
    age: from === undefined ? 0 : from.unpacked.age + 1,
  };
  function* upstreams(): Generator<readonly [string, DestinationSettings]> {
    for (const bytes of parcel.upstreams) yield* partOf<DestinationSettings>(bytes);
  }
  function* routes(): Generator<readonly [string, RouteSettings | CompiledRoute]> {
    for (const [i, bytes] of parcel.routes.entries()) {
      const known = from === undefined ? undefined : compiledPart(from, i, bytes);
      const entries = known ?? partOf<RouteSettings>(bytes);
      if (few) matches.set(i, known === undefined ? entries.map(matchOf) : (from?.unpacked.matches.get(i) ?? []));
      yield* entries;
    }
  }
  const document = {
    head: head.settings,
    upstreams: upstreams(),
    routes: routes(),
    base: from?.table,
    patterns: unpacked.patterns,
  };
  return { document, block, unpacked: few ? unpacked : undefined };
}

function isBase({ parcel: { head, upstreams }, age }: Unpacked, next: Parcel): boolean {
  if (age >= MOST_OFTEN || !isSame(head, next.head) || upstreams.length !== next.upstreams.length) return false;
  return upstreams.every((bytes, i) => isSame(bytes, next.upstreams[i]));
}

/** The routes of a part as they are in the table; undefined where the part says something else. */
function compiledPart(
  { unpacked: { parcel, matches }, table }: Before,
  part: number,
  bytes: Uint8Array,
): (readonly [string, CompiledRoute])[] | undefined {
  const old = parcel.routes.at(part);
  if (old === undefined || !matches.has(part) || !isSame(old, bytes)) return undefined;
  const compiled: (readonly [string, CompiledRoute])[] = [];
  for (const [id, match] of matches.get(part) ?? []) {
    const route = table.routes.get(id);
    if (route === undefined) return undefined;
    compiled.push([id, { route, match }]);
  }
  return compiled;
}

function matchOf([id, { match }]: readonly [string, Pick<RouteSettings, 'match'>]): Matches[number] {
  return [id, match];
}

/** Both lie in memory that nobody writes any more. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function read<T>(bytes: Uint8Array): T {
  // Whoever reads a part knows what `pack` put there.
  return deserialize(bytes) as T;
}
