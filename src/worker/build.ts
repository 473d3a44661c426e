/**
 * A data thread from its real parts: the system's clock and chance, a timer wheel, upstreams, the plane.
 * Tests put a Thread together from parts of their own instead.
 */

import { setImmediate } from 'node:timers/promises';
import { compileInSteps } from '../config/compile.ts';
import { systemClock } from '../core/clock.ts';
import { systemDraw } from '../core/draw.ts';
import type { PlaneEvents, PlaneLog } from '../core/events.ts';
import { Lane } from '../core/lanes.ts';
import { loadAll } from '../core/later.ts';
import { Timers } from '../core/timers.ts';
import { Words } from '../core/words.ts';
import { ProtectionLedger } from '../policy/ledger.ts';
import { Plane } from '../proxy/plane.ts';
import type { BatchSink } from '../telemetry/access-log.ts';
import { limitedDebug, limitedLog } from '../telemetry/limited-log.ts';
import { UpstreamLedger } from '../upstream/build.ts';
import { clientCeiling, descriptorLimit } from './descriptors.ts';
import { Thread } from './thread.ts';

export interface ThreadSite {
  readonly hostname: string;
  readonly log: PlaneLog;
  /** Hears of changes of state. */
  readonly tell: PlaneEvents;
  /** Somebody reads level debug. */
  readonly debug: boolean;
  readonly sink: BatchSink | undefined;
  readonly threads: number;
}

export function buildThread({ hostname, log, tell, debug: wanted, sink, threads }: ThreadSite): Thread {
  loadAll();
  const clock = systemClock;
  const draw = systemDraw;
  const timers = new Timers(clock);
  const lane = new Lane();
  const words = new Words();
  const limited = limitedLog(log, clock);
  const debug = wanted ? limitedDebug(log, clock) : undefined;
  const limit = descriptorLimit();
  const descriptors = { limit, ceiling: clientCeiling(limit) };
  return new Thread({
    clock,
    timers,
    lane,
    words,
    upstreams: new UpstreamLedger({ clock, timers, draw, lane, words, tell, log: limited }),
    protections: new ProtectionLedger({ clock, timers, draw, lane, words, tell }),
    plane: (settled) => new Plane({ clock, draw, timers, lane, settled, log: limited, debug, threads, descriptors }),
    compile: compileInSteps,
    breathe: () => setImmediate(),
    pid: process.pid,
    hostname,
    sink,
  });
}
