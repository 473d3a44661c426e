/**
 * What happens in the chaos: every exchange and every conversation (one client connection) as drawn from the seed.
 *
 * Rule: a plan depends on the seed and the conversation's number alone, so that any one of them can be played again.
 * Weights make most exchanges ordinary; each kind of trouble comes often enough to be met thousands of times.
 */

import { seededDraw } from '../draw.ts';
import { randomSource } from '../flood.ts';

/** What the origin does with a request. */
export type Act =
  | 'length' // a reply of known length
  | 'chunked' // a reply in chunks, some with trailers
  | 'until-close' // a reply that ends with its connection
  | 'empty' // 204
  | 'interim' // 1xx replies first
  | 'last' // replies, says that it closes, closes
  | 'quiet-death' // replies well and resets a moment later, which it did not say
  | 'extra' // replies well, with another reply nobody asked for behind it
  | 'early' // replies before the upload ends, and reads on
  | 'rude' // replies before the upload ends, and resets
  | 'reset-before' // resets without a reply
  | 'close-before' // closes without a reply
  | 'reset-in-head'
  | 'reset-in-body'
  | 'truncate' // closes in the middle of a body of known length
  | 'truncate-chunks'
  | 'stall' // does not reply
  | 'stall-in-body'
  | 'garbage' // replies with nonsense
  | 'bad-chunk' // a chunk whose size is none
  | 'switch' // 101 that nobody asked for
  | 'tunnel'; // 101, then echoes

export interface Exchange {
  /** Counts through the whole run; stands in the path. */
  readonly n: number;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly act: Act;
  readonly replySize: number;
  readonly uploadSize: number;
  readonly uploadChunked: boolean;
  /** The body waits for 100 Continue. */
  readonly expect: boolean;
  readonly upgrade: boolean;
  readonly minor: 0 | 1;
  /** The connection is to outlive this exchange. */
  readonly keep: boolean;
  readonly route: 'always' | 'sometimes';
}

/** How the client leaves before its time: after so much of what it sends, or of what it receives. */
export interface Quit {
  readonly when: 'sent' | 'received';
  /** Share of the bytes to send, or count of bytes received. */
  readonly at: number;
  /** `rest`: sends no more, and waits a while for what the router does. */
  readonly how: 'destroy' | 'reset' | 'fin' | 'rest';
}

export interface Conversation {
  readonly number: number;
  readonly listener: 'internal' | 'edge';
  readonly exchanges: readonly Exchange[];
  readonly pipelined: boolean;
  /** Sizes of the pieces in which bytes go out; 0: as one. */
  readonly pieces: number;
  readonly quit: Quit | undefined;
  /** Stops reading for so many milliseconds when the first bytes come. */
  readonly readingPause: number;
  /** Of a tunnel: who ends it and how. */
  readonly tunnelEnd: 'client-fin' | 'origin-fin' | 'client-reset' | 'origin-reset';
}

const SOURCE = randomSource(77, 2_097_169);
const LONGEST = 1_048_576;

/** The bytes of exchange `n` in one direction: a place of its own in the same random bytes. */
export function bodyOf(n: number, size: number, upload: boolean): Buffer {
  const at = (n * 7919 + (upload ? 104_729 : 0)) % (SOURCE.length - LONGEST);
  return SOURCE.subarray(at, at + size);
}

/** Chances of a plan. */
class Chance {
  private readonly draw: () => number;

  constructor(seed: number) {
    this.draw = seededDraw(seed).chance;
  }

  is(share: number): boolean {
    return this.draw() < share;
  }

  int(least: number, most: number): number {
    return least + Math.floor(this.draw() * (most - least + 1));
  }

  of<T>(weights: readonly (readonly [T, number])[]): T {
    let left = this.draw() * weights.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [value, weight] of weights) {
      left -= weight;
      if (left < 0) return value;
    }
    return weights[0][0];
  }
}

const ACTS: readonly (readonly [Act, number])[] = [
  ['length', 520],
  ['chunked', 160],
  ['until-close', 25],
  ['empty', 40],
  ['interim', 30],
  ['last', 40],
  ['quiet-death', 20],
  ['extra', 10],
  ['reset-before', 15],
  ['close-before', 15],
  ['reset-in-head', 10],
  ['reset-in-body', 15],
  ['truncate', 15],
  ['truncate-chunks', 15],
  ['stall', 2],
  ['stall-in-body', 1],
  ['garbage', 15],
  ['bad-chunk', 10],
  ['switch', 5],
];

/** Acts after which a reply that began does not end well. */
export const BREAKING: ReadonlySet<Act> = new Set([
  'reset-in-body',
  'truncate',
  'truncate-chunks',
  'stall-in-body',
  'bad-chunk',
]);

const METHODS = [
  ['GET', 60],
  ['HEAD', 5],
  ['POST', 20],
  ['PUT', 10],
  ['DELETE', 5],
] as const;

function sizeOf(chance: Chance): number {
  return chance.of([
    [() => chance.int(0, 300), 45],
    [() => chance.int(300, 4_000), 45],
    [() => chance.int(4_000, 40_000), 8],
    [() => chance.int(40_000, 200_000), 1.8],
    [() => chance.int(200_000, LONGEST), 0.2],
  ])();
}

function drawExchange(chance: Chance, n: number, keep: boolean): Exchange {
  const method = chance.of(METHODS);
  const uploads = method === 'POST' || method === 'PUT';
  const minor = chance.is(0.06) ? 0 : 1;
  const uploadSize = uploads ? sizeOf(chance) : 0;
  // Replies before the upload ends make sense only where there is one that the first read does not hold.
  const hasty = uploadSize > 100_000 && chance.is(0.4);
  return fitting({
    n,
    method,
    act: hasty ? chance.of([['early', 1] as const, ['rude', 1] as const]) : chance.of(ACTS),
    replySize: sizeOf(chance),
    uploadSize,
    uploadChunked: uploads && minor === 1 && chance.is(0.4),
    expect: uploads && minor === 1 && uploadSize > 0 && chance.is(0.1),
    upgrade: false,
    minor,
    keep,
    route: chance.is(0.15) ? 'sometimes' : 'always',
  });
}

/** A reply without a body cannot break off in it; who asks to switch protocols cannot be switched unasked. */
function fitting(exchange: Exchange): Exchange {
  const { act, method, upgrade, replySize } = exchange;
  if (BREAKING.has(act) && method === 'HEAD') return { ...exchange, act: 'length' };
  if (act === 'switch' && upgrade) return { ...exchange, act: 'garbage' };
  // A reset destroys what is still on its way: of a short reply nothing is.
  if (act === 'quiet-death') return { ...exchange, replySize: Math.min(replySize, 10_000) };
  return BREAKING.has(act) ? { ...exchange, replySize: Math.max(replySize, 100) } : exchange;
}

function drawQuit(chance: Chance): Quit | undefined {
  if (!chance.is(0.12)) return undefined;
  const how = chance.of([
    ['destroy', 40],
    ['reset', 40],
    ['fin', 18],
    ['rest', 2],
  ] as const);
  if (how !== 'rest' && chance.is(0.5)) {
    const at = chance.of([
      [() => 1, 2],
      [() => chance.int(1, 400), 2],
      [() => chance.int(400, 100_000), 1],
    ])();
    return { when: 'received', at, how };
  }
  // Whoever falls silent does so with something left to send: else it would only wait for its reply.
  const at = how === 'rest' ? chance.int(1, 95) / 100 : chance.int(0, 100) / 100;
  return { when: 'sent', at, how };
}

const TUNNEL_ENDS = [
  ['client-fin', 4],
  ['origin-fin', 4],
  ['client-reset', 1],
  ['origin-reset', 1],
] as const;

/** The conversation of this number; its exchanges are counted from `first`. */
export function drawConversation(seed: number, number: number, first: number): Conversation {
  const chance = new Chance(seed * 1_000_003 + number);
  const listener = chance.is(0.1) ? 'edge' : 'internal';
  const tunnelEnd = chance.of(TUNNEL_ENDS);
  if (chance.is(0.03)) return drawUpgrade(chance, number, first, listener, tunnelEnd);
  const pipelined = chance.is(0.2);
  const count = pipelined ? chance.int(2, 8) : chance.of([[1, 3] as const, [chance.int(2, 12), 2] as const]);
  const exchanges = Array.from({ length: count }, (_, i) =>
    drawExchange(chance, first + i, i < count - 1 || chance.is(0.5)),
  );
  const pieces = chance.of([
    [() => 0, 80],
    [() => chance.int(1, 20), 3],
    [() => chance.int(20, 400), 10],
    [() => chance.int(400, 30_000), 7],
  ])();
  const readingPause = chance.is(0.03) ? chance.int(20, 200) : 0;
  return { number, listener, exchanges, pipelined, pieces, quit: drawQuit(chance), readingPause, tunnelEnd };
}

function drawUpgrade(
  chance: Chance,
  number: number,
  n: number,
  listener: Conversation['listener'],
  tunnelEnd: Conversation['tunnelEnd'],
): Conversation {
  const accepted = chance.is(0.7);
  const exchange = fitting({
    ...drawExchange(chance, n, true),
    method: 'GET',
    act: accepted ? 'tunnel' : chance.of(ACTS),
    uploadSize: accepted ? chance.int(0, 30_000) : 0,
    uploadChunked: false,
    expect: false,
    upgrade: true,
    minor: 1,
  });
  const quit = chance.is(0.1) ? drawQuit(chance) : undefined;
  return { number, listener, exchanges: [exchange], pipelined: false, pieces: 0, quit, readingPause: 0, tunnelEnd };
}
