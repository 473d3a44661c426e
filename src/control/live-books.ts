/**
 * The shared counters as a list of routes, upstreams and listeners, with what each has counted since the last reading.
 *
 * Rule: the list is made anew only when a key of the ledger gets or loses its block, or another document runs; what was
 * counted before stays with its key as long as the key keeps its block. A key that is new begins at 0, as its block does.
 * Memory of words is looked up once: a view of it costs more than what is read there.
 */

import type { Document } from '../config/document.ts';
import { LISTENER_BLOCK, RETRY_REASONS, UPSTREAM_BLOCK } from '../core/lanes.ts';
import { type BlockLedger, readKey } from '../core/ledger.ts';
import type { SharedLanes } from '../core/shared.ts';
import { circuitWordOf } from '../policy/circuit-control.ts';
import { Counted, grown } from './live-counted.ts';
import { flowOf, rateOf, shareOf, Tally } from './live-flow.ts';
import type { LiveFrame, LiveRoute, LiveUpstream } from './live-frame.ts';
import { isUp } from './scrape.ts';
import type { Running, View } from './view.ts';

export interface BooksParts {
  readonly ledger: Pick<BlockLedger, 'shown' | 'changes'>;
  readonly lanes: SharedLanes;
  view(): View;
  /** Everyone who serves an upstream now, written down, found or registered, and who leaves it. */
  membersOf(upstream: string): readonly LiveMember[];
}

export interface LiveMember {
  readonly block: number;
  /** It has left, and what it was asked before is still under way. */
  readonly draining?: boolean;
}

interface Side {
  readonly upstream: string;
  readonly weight: number | null;
  readonly counted: Counted;
  /** Of the upstream it leads to, where the document has that. */
  readonly book: UpstreamBook | undefined;
}

interface UpstreamBook {
  readonly id: string;
  readonly block: number;
  readonly settings: Document['upstreams'][string];
  readonly words: Int32Array;
  readonly ejects: boolean;
  /** What all routes together sent there since the last reading. */
  readonly tally: Tally;
  /** As they were when last asked for; undefined: not yet. */
  members: readonly LiveMember[] | undefined;
}

/**
 * Upstreams whose members are asked for in one reading, in turn: putting a list together costs more than all else that is
 * said of an upstream. Of a thousand upstreams each list is at most eight readings old, whoever in it is up is always read.
 */
const ASKED = 128;

/** What the part of an upstream's block that is read begins and ends with. */
const UPSTREAM_LENGTH = UPSTREAM_BLOCK.retries + RETRY_REASONS.length;

export class Books {
  private readonly parts: BooksParts;
  private changes = -1;
  private running: Running | undefined = undefined;
  private counted = new Map<string, Counted>();
  private routes = new Map<string, Side[]>();
  private upstreams = new Map<string, UpstreamBook>();
  private listeners: number[] = [];
  private blocks = new Map<number, string>();
  /** The upstream whose members were asked for last. */
  private turn = 0;
  private readonly words = new Map<number, Int32Array>();
  /** All retries that a block of an upstream has counted: one that comes back may go on in its block. */
  private readonly retried = new Map<number, number>();
  /** Scratch: a block's news, a route's, everybody's, an upstream's counters. */
  private readonly fresh = new Tally();
  private readonly ofRoute = new Tally();
  private readonly total = new Tally();
  private readonly sums = new Float64Array(UPSTREAM_LENGTH);

  constructor(parts: BooksParts) {
    this.parts = parts;
  }

  /** What happened since the last reading, `seconds` ago; the first one says what happened ever. */
  read(seconds: number, now: number): Pick<LiveFrame, 'connections' | 'total' | 'routes' | 'upstreams'> {
    this.list();
    this.total.clear();
    for (const { tally } of this.upstreams.values()) tally.clear();
    const routes: LiveRoute[] = [];
    for (const [id, sides] of this.routes) {
      const route = this.readRoute(id, sides, seconds);
      if (route !== undefined) routes.push(route);
    }
    for (const { tally } of this.upstreams.values()) this.total.add(tally);
    this.askMembers();
    const upstreams = Array.from(this.upstreams.values(), (book) => this.readUpstream(book, seconds, now));
    return { connections: this.connections(), total: flowOf(this.total, seconds), routes, upstreams };
  }

  /** The route whose exchanges are counted in this block. */
  readonly routeOf = (block: number): string | undefined => this.blocks.get(block);

  private readRoute(id: string, sides: readonly Side[], seconds: number): LiveRoute | undefined {
    const { fresh, ofRoute } = this;
    const { lanes } = this.parts;
    const to: LiveRoute['to'] = [];
    ofRoute.clear();
    for (const { upstream, weight, counted, book } of sides) {
      if (!counted.look(lanes, fresh)) continue;
      ofRoute.add(fresh);
      (book?.tally ?? this.total).add(fresh);
      const { count, errors } = fresh;
      to.push({ upstream, rate: rateOf(count, seconds), errorShare: shareOf(errors, count), weight });
    }
    if (to.length === 0) return undefined;
    const { rate, errorShare, p50, p95, p99 } = flowOf(ofRoute, seconds);
    return { id, rate, errorShare, p50, p95, p99, to };
  }

  private readUpstream(book: UpstreamBook, seconds: number, now: number): LiveUpstream {
    const { lanes } = this.parts;
    const { sums } = this;
    lanes.sumsInto(sums, book.block, 0);
    let retries = 0;
    for (let i = UPSTREAM_BLOCK.retries; i < UPSTREAM_LENGTH; i++) retries += sums[i];
    const more = grown(this.retried.get(book.block) ?? 0, retries);
    this.retried.set(book.block, retries);
    const members = book.members ?? [];
    let up = 0;
    for (const { block, draining } of members) if (draining !== true && isUp(this.wordsOf(block), book.ejects)) up += 1;
    return {
      id: book.id,
      ...flowOf(book.tally, seconds),
      inFlight: sums[UPSTREAM_BLOCK.inFlight],
      queued: sums[UPSTREAM_BLOCK.queued],
      retries: rateOf(more, seconds),
      circuit: circuitWordOf(book.words, now),
      up,
      members: members.length,
    };
  }

  private askMembers(): void {
    const books = [...this.upstreams.values()];
    const { membersOf } = this.parts;
    for (const book of books) book.members ??= membersOf(book.id);
    for (let i = Math.min(ASKED, books.length); i > 0; i--) {
      this.turn = (this.turn + 1) % books.length;
      books[this.turn].members = membersOf(books[this.turn].id);
    }
  }

  private connections(): number {
    let sum = 0;
    for (const block of this.listeners) sum += this.parts.lanes.sum(block, LISTENER_BLOCK.connections);
    return sum;
  }

  /** Makes the list where it is out of date. */
  private list(): void {
    const { ledger, view } = this.parts;
    const { running } = view();
    if (ledger.changes === this.changes && running === this.running) return;
    this.changes = ledger.changes;
    this.running = running;
    const keys = ledger.shown().map(([key, block]) => ({ key, block, facts: readKey(key) }));
    const upstreams = new Map<string, UpstreamBook>();
    for (const { block, facts } of keys)
      if (facts.kind === 'upstream') this.addUpstream(upstreams, facts.upstream, block, running?.document);
    this.upstreams = upstreams;
    this.listeners = keys.flatMap(({ block, facts }) => (facts.kind === 'listener' ? [block] : []));
    const before = this.counted;
    this.counted = new Map();
    this.routes = new Map();
    this.blocks = new Map();
    for (const { key, block, facts } of keys) {
      if (facts.kind !== 'route') continue;
      const { route, upstream } = facts;
      const known = before.get(key);
      const counted = known?.block === block ? known : new Counted(block);
      this.counted.set(key, counted);
      this.blocks.set(block, route);
      const sides = this.routes.get(route) ?? [];
      const weight = weightOf(running?.document, route, upstream);
      sides.push({ upstream, weight, counted, book: upstreams.get(upstream) });
      this.routes.set(route, sides);
    }
  }

  private addUpstream(
    upstreams: Map<string, UpstreamBook>,
    id: string,
    block: number,
    document: Document | undefined,
  ): void {
    const settings = document && own(document.upstreams, id);
    if (settings === undefined) return;
    const known = this.upstreams.get(id);
    const tally = known?.block === block ? known.tally : new Tally();
    const ejects = settings.outliers !== 'off';
    // Another document may have other members; who is found or registered comes and goes in between.
    const members = known?.settings === settings ? known.members : undefined;
    upstreams.set(id, { id, block, settings, words: this.wordsOf(block), ejects, tally, members });
  }

  /** Blocks never move. */
  private wordsOf(block: number): Int32Array {
    const words = this.words.get(block) ?? this.parts.lanes.words.block(block);
    this.words.set(block, words);
    return words;
  }
}

/** What a plain weighted split gives an upstream; null where versions decide, or it is a fallback. */
function weightOf(document: Document | undefined, route: string, upstream: string): number | null {
  const release = document && own(document.routes, route)?.release;
  if (release === undefined || release.versions !== undefined) return null;
  return release.split.find((side) => side.upstream === upstream)?.weight ?? null;
}

/** Ids may be called like what every object has. */
function own<T>(parts: Readonly<Record<string, T>>, id: string): T | undefined {
  return Object.hasOwn(parts, id) ? parts[id] : undefined;
}
