/**
 * The load goes round: short slices, peer after peer, and back again in the other order.
 *
 * Rule: a machine that slows down or has company meets all peers alike, because each rotation takes seconds. A slice's
 * processor time counts until some time after its load has gone, so that log lines put off are paid for; what an idle
 * process costs while the others have their turn is not (V8, for one, cleans up when it is left alone).
 */

import { Samples } from '../figures/outcome.ts';
import { type Flood, flood } from '../load/wrk.ts';
import { memoryOf } from '../stage/cost.ts';
import { type Running, takeLog } from '../stage/launch.ts';
import { pause } from '../stage/processes.ts';

export interface Pace {
  readonly rotations: number;
  /** Seconds. */
  readonly slice: number;
  readonly warmup: number;
}

/** After a slice connections end and gathered log lines leave. Milliseconds. */
export const SETTLE = 250;

/** The order of one rotation: there, back, there. */
export function orderOf<T>(all: readonly T[], rotation: number): T[] {
  return rotation % 2 === 0 ? [...all] : all.toReversed();
}

/** Floods the peers in turn; samples `us`, `rps`, `p50`, `p99`, `mib`. */
export async function rotate(
  running: readonly Running[],
  what: (one: Running) => Flood,
  pace: Pace,
  note: (text: string) => void,
): Promise<Samples> {
  const samples = new Samples();
  const logged = new Map<Running, number>();
  for (const one of running) {
    samples.add(one.name, {});
    await flood(what(one), one.port, pace.warmup, one.folder);
  }
  for (let rotation = 0; rotation < pace.rotations; rotation++) {
    for (const one of orderOf(running, rotation)) {
      const before = one.cost.read();
      const { requests, perSecond, p50, p99 } = await flood(what(one), one.port, pace.slice, one.folder);
      await pause(SETTLE);
      const us = (one.cost.read() - before) / requests;
      samples.add(one.name, { us, rps: perSecond, p50, p99, mib: memoryOf(one.pid) / 1024 / 1024 });
    }
    note(
      `rotation ${rotation + 1}: ${running.map(({ name }) => `${name} ${samples.of(name).us[rotation].toFixed(1)}`).join('  ')}`,
    );
    for (const one of running) logged.set(one, (logged.get(one) ?? 0) + takeLog(one));
  }
  for (const one of running)
    if (!logged.get(one)) throw new Error(`${one.name} wrote no access log: it does less work than the others`);
  return samples;
}
