/**
 * Five services in a row, the router before each but the first, and clients that ask the first one whatever happens.
 *
 * Rule: one process stands before all of them, as one set of shared words; every setting is read out of a document by the
 * product, so that a default here is a default there. The same seed makes the same run.
 */

import { readDocument } from '../../src/config/read.ts';
import type { Draw } from '../../src/core/draw.ts';
import type { PlaneEvent } from '../../src/core/events.ts';
import { Lane } from '../../src/core/lanes.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { ProtectionLedger } from '../../src/policy/ledger.ts';
import { seededDraw } from './chance.ts';
import { Hop, type Service } from './hop.ts';
import { type Capacity, LastService, middle } from './services.ts';
import { VirtualTime } from './time.ts';

/** Services behind the router, in the order in which a request reaches them. */
export const HOPS = ['B', 'C', 'D', 'E'] as const;

export class Chain {
  readonly time = new VirtualTime();
  readonly begun = this.time.now();
  readonly last: LastService;
  /** The router before each of HOPS. */
  readonly hops: readonly Hop[];
  /** Every change of a circuit. */
  readonly told: (PlaneEvent & { readonly at: number })[] = [];
  readonly shared = new SharedLanes(1);
  private readonly first: Service;
  private readonly ledger: ProtectionLedger;
  private readonly draw: Draw;
  private readonly seed: number;
  private asked = 0;

  /** `defaults`: what a document says for all upstreams, as YAML. */
  constructor(defaults: string, capacity: Capacity, seed: number) {
    const { time } = this;
    this.draw = seededDraw(seed);
    this.seed = seed;
    this.last = new LastService(time, this.draw, capacity);
    this.shared.grow(HOPS.length);
    const lane = new Lane();
    lane.grow(this.shared.segments(0));
    this.ledger = new ProtectionLedger({
      clock: time,
      timers: time.timers,
      draw: this.draw,
      lane,
      words: this.shared.words,
      tell: (event) => this.told.push({ ...event, at: time.now() }),
    });
    const settings = settingsOf(defaults);
    const hops: Hop[] = [];
    let service: Service = (_, reply) => this.last.take(reply);
    for (let block = HOPS.length - 1; block >= 0; block--) {
      const { timeout, ...protection } = settings;
      const hop = new Hop(time, this.ledger.protection(HOPS[block], protection, block), timeout, service);
      hops.unshift(hop);
      service = middle(time, hop);
    }
    this.hops = hops;
    this.first = service;
  }

  /** A request of a client; `done` hears its status and its milliseconds. */
  ask(done: (status: number, ms: number) => void): void {
    const begun = this.time.now();
    const who = { correlationId: `${this.seed}-${this.asked++}` };
    this.first(who, (status) => done(status, this.time.now() - begun));
  }

  /** Clients ask at this rate, at times that know nothing of one another, until told to stop. */
  load(perSecond: number, ask: () => void): () => void {
    let stopped = false;
    const next = (): void => {
      this.time.after((-Math.log(1 - this.draw.chance()) * 1000) / perSecond, () => {
        if (stopped) return;
        ask();
        next();
      });
    };
    next();
    return () => {
      stopped = true;
    };
  }

  stop(): void {
    this.ledger.stop();
  }
}

function settingsOf(defaults: string) {
  const text = `defaults: ${defaults}\nupstreams:\n  E: { endpoints: [http://127.0.0.1:1] }\nroutes: {}\n`;
  const reading = readDocument(text, 'simulation', {});
  if (!reading.ok) throw new Error(reading.problems.map(({ reason }) => reason).join('\n'));
  return reading.document.upstreams.E;
}
