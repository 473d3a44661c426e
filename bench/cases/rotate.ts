/**
 * The load goes round: short slices, peer after peer, and back again in the other order.
 *
 * Rule: a machine that slows down or has company meets all peers alike, because each rotation takes seconds. A slice's
 * processor time counts until some time after its load has gone, so that log lines put off are paid for; what an idle
 * process costs while the others have their turn is not (V8, for one, cleans up when it is left alone).
 */

import { Samples } from '../figures/outcome.ts';
import type { Ask } from '../load/ask.ts';
import { type Flood, type FloodResult, flood } from '../load/wrk.ts';
import type { Peer } from '../peers/peer.ts';
import { memoryOf } from '../stage/cost.ts';
import { type Ground, type Running, takeLog, withPeers } from '../stage/launch.ts';
import { pause } from '../stage/processes.ts';

export interface Pace {
  readonly rotations: number;
  /** Seconds. */
  readonly slice: number;
  readonly warmup: number;
}

const GOES = 3;
const SITTINGS = 3;
/** After a slice connections end and gathered log lines leave. Milliseconds. */
export const SETTLE = 250;

/** A flood on one peer; what goes wrong bears its name. */
export async function floodOf(one: Running, what: Flood, seconds: number): Promise<FloodResult> {
  try {
    return await flood(what, one.port, seconds, one.folder);
  } catch (error) {
    throw new Error(`${one.name}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Load that is not measured. A peer that is still busy connecting when it ends gets another go. */
export async function warmUp(one: Running, what: Flood, seconds: number): Promise<void> {
  for (let go = 1; ; go++) {
    try {
      await floodOf(one, what, seconds);
      return;
    } catch (error) {
      if (go === GOES) throw error;
    }
  }
}

/** The order of one rotation: there, back, there. */
export function orderOf<T>(all: readonly T[], rotation: number): T[] {
  return rotation % 2 === 0 ? [...all] : all.toReversed();
}

/**
 * Brings the peers up anew for each of a few sittings, and has the load go round in each. Two processes of one and the same
 * commit differ by up to 5% for as long as they live (which code the compiler made of which profile, where memory lies), so
 * that more rotations of the same ones would only tell of these.
 */
export async function inSittings(
  peers: readonly Peer[],
  ground: Ground,
  ask: Ask,
  what: (one: Running) => Flood,
  pace: Pace,
  note: (text: string) => void,
): Promise<Samples> {
  const samples = new Samples();
  const sittings = Math.min(SITTINGS, pace.rotations);
  for (let sitting = 0; sitting < sittings; sitting++) {
    const from = Math.ceil((pace.rotations * sitting) / sittings);
    const rotations = Math.ceil((pace.rotations * (sitting + 1)) / sittings) - from;
    await withPeers(peers, ground, ask, (running) => rotate(running, what, { ...pace, rotations }, note, samples));
  }
  return samples;
}

/** Floods the peers in turn; samples `us`, `rps`, `p50`, `p99`, `mib`, into those that are there already. */
export async function rotate(
  running: readonly Running[],
  what: (one: Running) => Flood,
  pace: Pace,
  note: (text: string) => void,
  samples = new Samples(),
): Promise<Samples> {
  const logged = new Map<Running, number>();
  for (const one of running) {
    samples.add(one.name, {});
    await warmUp(one, what(one), pace.warmup);
  }
  const first = samples.of(running[0].name).us?.length ?? 0;
  for (let rotation = first; rotation < first + pace.rotations; rotation++) {
    for (const one of orderOf(running, rotation)) {
      const before = one.cost.read();
      const { requests, perSecond, p50, p99 } = await floodOf(one, what(one), pace.slice);
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
