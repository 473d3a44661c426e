/**
 * What protects an upstream, put together for tests: a fake clock, one block of words, as many threads as wanted in one.
 */

import type { PlaneEvent } from '../../src/core/events.ts';
import { Lane } from '../../src/core/lanes.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { Timers } from '../../src/core/timers.ts';
import { SharedCircuit } from '../../src/policy/circuit.ts';
import { Places } from '../../src/policy/places.ts';
import type { CircuitBreakerSettings } from '../../src/policy/policy.ts';
import { FakeClock } from './clock.ts';
import { seededDraw } from './draw.ts';

export const BREAKER: CircuitBreakerSettings = {
  consecutiveFailures: 10,
  failureRate: 'off',
  openFor: 30_000,
  maxOpenFor: 300_000,
  on: ['connect', 'reset', 'timeout', 502, 503, 504],
  recovery: { ramp: 0 },
};

/** The block that everything here stands in. */
export const BLOCK = 2;

/** Threads of one process, as far as the words between them go. */
export class Threads {
  readonly clock = new FakeClock();
  readonly timers = new Timers(this.clock, false);
  readonly draw = seededDraw(7);
  readonly shared: SharedLanes;
  readonly words: Int32Array;
  readonly told: PlaneEvent[] = [];

  constructor(count = 1) {
    this.shared = new SharedLanes(count);
    this.shared.grow(BLOCK + 1);
    this.words = this.shared.words.block(BLOCK);
  }

  get now(): number {
    return this.clock.now();
  }

  site(thread = 0) {
    const lane = new Lane();
    lane.grow(this.shared.segments(thread));
    const { clock, timers, draw } = this;
    return { clock, timers, draw, lane, tell: (event: PlaneEvent) => this.told.push(event) };
  }

  circuit(settings: Partial<CircuitBreakerSettings> | 'off' = {}, thread = 0): SharedCircuit {
    const whole = settings === 'off' ? settings : { ...BREAKER, ...settings };
    return new SharedCircuit(this.site(thread), 'cart', whole, this.words, BLOCK);
  }

  places(thread = 0): Places {
    return new Places(this.site(thread), 'cart', this.words, BLOCK);
  }

  /** One counter of the upstream's block, all threads added up. */
  counted(offset: number): number {
    return this.shared.sum(BLOCK, offset);
  }

  /** What was told, each as `state: cause`. */
  get story(): string[] {
    return this.told.map((event) => (event.is === 'circuit' ? `${event.state}: ${event.cause}` : event.is));
  }
}
