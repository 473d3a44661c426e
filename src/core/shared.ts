/**
 * The memory behind the lanes, as the control thread sees it: all lanes at once.
 *
 * Rule: memory only grows, in whole segments, for all lanes alike; a segment that was handed to a thread stays valid for
 * the life of the process, so that a thread that is started anew goes on with the counts of the one that died. Which
 * block means what is left to core/ledger.ts.
 */

import { BLOCK_SIZE, BLOCKS_PER_SEGMENT, Lane } from './lanes.ts';
import { Words } from './words.ts';

const SEGMENT_BYTES = BLOCKS_PER_SEGMENT * BLOCK_SIZE * Float64Array.BYTES_PER_ELEMENT;

export class SharedLanes {
  private readonly memory: SharedArrayBuffer[][];
  private readonly lanes: Lane[];
  private readonly common: SharedArrayBuffer[] = [];
  /** By segment, of every lane. */
  private readonly views: Float64Array[][] = [];
  /** The words that all threads share, a block beside each block of counters. */
  readonly words = new Words();

  /** `count`: how many data threads write; at least 1. */
  constructor(count: number) {
    this.memory = Array.from({ length: count }, () => []);
    this.lanes = Array.from({ length: count }, () => new Lane());
  }

  get count(): number {
    return this.lanes.length;
  }

  /** Makes room for blocks 0 to `blocks` - 1 in every lane. */
  grow(blocks: number): void {
    const segments = Math.ceil(blocks / BLOCKS_PER_SEGMENT);
    for (const [i, memory] of this.memory.entries()) {
      while (memory.length < segments) memory.push(new SharedArrayBuffer(SEGMENT_BYTES));
      this.lanes[i].grow(memory);
    }
    for (let i = this.views.length; i < segments; i++)
      this.views.push(this.memory.map((memory) => new Float64Array(memory[i])));
    while (this.common.length < segments) this.common.push(new SharedArrayBuffer(SEGMENT_BYTES));
    this.words.grow(this.common);
  }

  /** The segments of one lane, to be handed to its thread. */
  segments(lane: number): readonly SharedArrayBuffer[] {
    return this.memory[lane];
  }

  /** The segments of the words, to be handed to every thread. */
  get commonSegments(): readonly SharedArrayBuffer[] {
    return this.common;
  }

  /** One counter, all lanes added up. */
  sum(block: number, offset: number): number {
    let total = 0;
    for (const lane of this.lanes) total += lane.read(block, offset);
    return total;
  }

  /** Whether one counter of some lane lies within these bounds, inclusive. */
  some(block: number, offset: number, least: number, most: number): boolean {
    return this.lanes.some((lane) => lane.read(block, offset) >= least && lane.read(block, offset) <= most);
  }

  /** Many counters of a block at once, from `first` on, all lanes added up: fills `sums`. */
  sumsInto(sums: Float64Array, block: number, first: number): void {
    const segments = this.views[Math.floor(block / BLOCKS_PER_SEGMENT)];
    const start = (block % BLOCKS_PER_SEGMENT) * BLOCK_SIZE + first;
    sums.fill(0);
    let lane = 0;
    // It waits for memory: four lanes at once take half the time of one after the other (measured with 16).
    for (; lane + 4 <= segments.length; lane += 4)
      addFour(sums, segments[lane], segments[lane + 1], segments[lane + 2], segments[lane + 3], start);
    for (; lane < segments.length; lane++) addOne(sums, segments[lane], start);
  }

  /** Sets a block to 0 in every lane, and its words, before it gets a new owner. */
  clear(block: number): void {
    for (const lane of this.lanes) for (let i = 0; i < BLOCK_SIZE; i++) lane.set(block, i, 0);
    this.words.block(block).fill(0);
  }

  /** Sets one value of one lane to 0: a gauge whose thread died with what it counted. The value it had. */
  reset(lane: number, block: number, offset: number): number {
    const value = this.lanes[lane].read(block, offset);
    this.lanes[lane].set(block, offset, 0);
    return value;
  }
}

function addFour(
  sums: Float64Array,
  one: Float64Array,
  two: Float64Array,
  three: Float64Array,
  four: Float64Array,
  start: number,
): void {
  for (let i = 0; i < sums.length; i++) sums[i] += one[start + i] + two[start + i] + three[start + i] + four[start + i];
}

function addOne(sums: Float64Array, one: Float64Array, start: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] += one[start + i];
}
