/**
 * A document on its way to the data threads: packed once, in parts that each take little time to read (unpack.ts).
 *
 * Rule: what a document has few of comes at once, what it may have thousands of (upstreams, routes) a few dozen at a
 * time, each part with the blocks of counters of its keys, so that a thread reads between requests and holds nothing it
 * has read already. The parts lie in shared memory: threads do not copy them. A part that says what one of the parcel before
 * said is the same memory. Nothing is compiled here.
 */

import { serialize } from 'node:v8';
import type { DocumentParts } from '../config/compile.ts';
import { readKey } from '../core/ledger.ts';
import type { Order, Parcel } from './protocol.ts';

/** How many upstreams or routes make a part. Reading a part of plain routes takes about half a millisecond. */
const PART = 64;
/** Parts that stay in memory for the next parcel; of plain routes they are five megabytes. */
export const MOST_KEPT = 256;

export type Blocks = readonly (readonly [key: string, block: number])[];

export interface Head {
  readonly settings: DocumentParts['head'];
  readonly blocks: Blocks;
}

export interface Part<T> {
  readonly entries: readonly (readonly [id: string, settings: T])[];
  readonly blocks: Blocks;
}

interface Packed {
  readonly part: Part<object>;
  readonly bytes: Uint8Array;
}

export class Packer {
  private upstreams: readonly Packed[] = [];
  private routes: readonly Packed[] = [];

  pack({ document, blocks }: Order): Parcel {
    const { correlation, listeners, drain } = document;
    const byOwner = blocksByOwner(blocks);
    const upstreams = packed(document.upstreams, (id) => taken(byOwner, `upstream:${id}`), this.upstreams);
    const routes = packed(document.routes, (id) => taken(byOwner, `route:${id}`), this.routes);
    const head: Head = { settings: { correlation, listeners, drain }, blocks: [...byOwner.values()].flat() };
    const few = upstreams.length + routes.length <= MOST_KEPT;
    this.upstreams = few ? upstreams : [];
    this.routes = few ? routes : [];
    const bytesOf = (parts: readonly Packed[]) => parts.map(({ bytes }) => bytes);
    return { head: share(serialize(head)), upstreams: bytesOf(upstreams), routes: bytesOf(routes) };
  }
}

function blocksByOwner(blocks: Blocks): Map<string, [string, number][]> {
  const byOwner = new Map<string, [string, number][]>();
  for (const [key, block] of blocks) {
    const owner = ownerOf(key);
    const owned = byOwner.get(owner);
    if (owned === undefined) byOwner.set(owner, [[key, block]]);
    else owned.push([key, block]);
  }
  return byOwner;
}

function packed(
  settings: Readonly<Record<string, object>>,
  blocksOf: (id: string) => Blocks,
  before: readonly Packed[],
): Packed[] {
  const entries = Object.entries(settings);
  const parts: Packed[] = [];
  for (let from = 0; from < entries.length; from += PART) {
    const some = entries.slice(from, from + PART);
    const part: Part<object> = { entries: some, blocks: some.flatMap(([id]) => blocksOf(id)) };
    const old = before.at(parts.length);
    parts.push(old !== undefined && isSame(old.part, part) ? old : { part, bytes: share(serialize(part)) });
  }
  return parts;
}

/** Settings that stay are the same objects (config/known.ts). */
function isSame(one: Part<object>, other: Part<object>): boolean {
  return arePairs(one.entries, other.entries) && arePairs(one.blocks, other.blocks);
}

function arePairs<T>(some: readonly (readonly [string, T])[], others: readonly (readonly [string, T])[]): boolean {
  return (
    some.length === others.length && some.every(([key, value], i) => others[i][0] === key && others[i][1] === value)
  );
}

/** The route or upstream whose part a key travels with. */
function ownerOf(key: string): string {
  const facts = readKey(key);
  if (facts.kind === 'route') return `route:${facts.route}`;
  return facts.kind === 'upstream' || facts.kind === 'member' ? `upstream:${facts.upstream}` : key;
}

function taken(byOwner: Map<string, [string, number][]>, owner: string): Blocks {
  const blocks = byOwner.get(owner) ?? [];
  byOwner.delete(owner);
  return blocks;
}

function share(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
