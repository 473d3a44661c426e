/**
 * Live traffic without traffic: counters that a test fills by hand, a clock and alarms that it moves, threads that say what it
 * has them say.
 */

import type { Document } from '../../src/config/document.ts';
import { Live } from '../../src/control/live.ts';
import type { LiveFrame } from '../../src/control/live-frame.ts';
import type { View } from '../../src/control/view.ts';
import type { CallerDigest } from '../../src/core/callers.ts';
import { Lane } from '../../src/core/lanes.ts';
import { BlockLedger } from '../../src/core/ledger.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { sidesOf } from '../../src/release/sides.ts';
import { FakeAlarms, FakeClock } from './clock.ts';

export class LiveBench {
  readonly clock = new FakeClock();
  readonly alarms = new FakeAlarms(this.clock);
  readonly shared: SharedLanes;
  readonly lanes: readonly Lane[];
  readonly ledger: BlockLedger;
  readonly live: Live;
  /** What was asked of the threads, and what they say next. */
  readonly asked: boolean[] = [];
  digests: () => Promise<readonly CallerDigest[]> = async () => [];
  readonly members = new Map<string, readonly { readonly block: number }[]>();
  readonly logged: string[] = [];
  /** What the wall clock is off by. */
  wallJump = 0;
  private view: View = { running: undefined, lastReload: undefined };

  constructor(threads = 2) {
    this.shared = new SharedLanes(threads);
    this.lanes = Array.from({ length: threads }, () => new Lane());
    this.ledger = new BlockLedger(this.shared, this.clock);
    this.live = new Live({
      clock: { now: () => this.clock.now(), wall: () => this.clock.wall() + this.wallJump },
      alarms: this.alarms,
      ledger: this.ledger,
      lanes: this.shared,
      log: (level, _fields, message) => void this.logged.push(`${level} ${message}`),
      view: () => this.view,
      membersOf: (upstream) => this.members.get(upstream) ?? [],
      callers: (watch) => {
        this.asked.push(watch);
        return this.digests();
      },
    });
  }

  /** Puts a document in force: its keys get blocks, others begin to leave. */
  run(document: Document, revision = 'r1'): void {
    const claim = this.ledger.claim();
    for (const id of Object.keys(document.upstreams)) claim.block(`upstream:${id}`);
    for (const [id, { release }] of Object.entries(document.routes))
      for (const upstream of ['', ...sidesOf(release)]) claim.block(`route:${id}|${upstream}`);
    for (const id of Object.keys(document.listeners)) claim.block(`listener:${id}`);
    claim.settle();
    for (const [i, lane] of this.lanes.entries()) lane.grow(this.shared.segments(i));
    this.view = { running: { document, revision, text: '', since: 0, notices: [] }, lastReload: undefined };
  }

  block(key: string): number {
    const block = this.ledger.blockOf(key);
    if (block === undefined) throw new Error(`no block for ${key}`);
    return block;
  }

  words(key: string): Int32Array {
    return this.shared.words.block(this.block(key));
  }

  /** Exchanges of these durations end, spread over the threads. */
  end(key: string, status: number, ...durations: readonly number[]): void {
    const block = this.block(key);
    for (const [i, ms] of durations.entries()) this.lanes[i % this.lanes.length].count(block, status, ms);
  }

  /** Adds to a counter, on the last thread. */
  add(key: string, offset: number, amount: number): void {
    this.lanes[this.lanes.length - 1].add(this.block(key), offset, amount);
  }

  /** Listens, and is told of no frame before one second is over. */
  watch(): { readonly frames: LiveFrame[]; readonly texts: string[]; readonly leave: () => void } {
    const frames: LiveFrame[] = [];
    const texts: string[] = [];
    const leave = this.live.listen((text, frame) => {
      frames.push(frame);
      texts.push(text);
    });
    return { frames, texts, leave };
  }

  /** The next frame of a bench that is watched. */
  async second(): Promise<LiveFrame> {
    const before = this.live.latest();
    await this.alarms.run(1000);
    const frame = this.live.latest();
    if (frame === undefined || frame === before) throw new Error('no frame came');
    return frame;
  }
}
