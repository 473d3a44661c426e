/**
 * The load goes round: short slices, peer after peer, and back again in the other order.
 *
 * Rule: a machine that slows down or has company meets all peers alike, because each rotation takes seconds. A peer's
 * processor time counts from the end of its last slice to the end of this one: work put off is paid by who put it off.
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

/** After a slice: what hangs up, hangs up. Milliseconds. */
const SETTLE = 50;

/** The order of one rotation: there, back, there. */
export function orderOf<T>(all: readonly T[], rotation: number): T[] {
  return rotation % 2 === 0 ? [...all] : all.toReversed();
}

/** Floods the peers in turn; samples `us`, `rps`, `p50`, `p99`, `mib`. */
export async function rotate(
  running: readonly Running[],
  what: Flood,
  pace: Pace,
  note: (text: string) => void,
): Promise<Samples> {
  const samples = new Samples();
  const before = new Map<Running, number>();
  const logged = new Map<Running, number>();
  for (const one of running) {
    samples.add(one.name, {});
    await flood(what, one.port, pace.warmup, one.folder);
  }
  for (const one of running) before.set(one, one.cost.read());
  for (let rotation = 0; rotation < pace.rotations; rotation++) {
    for (const one of orderOf(running, rotation)) {
      const { requests, perSecond, p50, p99 } = await flood(what, one.port, pace.slice, one.folder);
      await pause(SETTLE);
      const now = one.cost.read();
      const us = (now - (before.get(one) ?? now)) / requests;
      before.set(one, now);
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
