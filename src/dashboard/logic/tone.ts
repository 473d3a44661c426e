/**
 * How bad something is, in the four steps the pages know.
 *
 * Rule: a tone is never shown by colour alone; each has a word and a shape of its own, and both stand beside it.
 */

import type { LiveUpstream } from '../../admin/shapes/live.ts';

export type Tone = 'ok' | 'idle' | 'warn' | 'bad';

/** Shares of errors from which a flow is troubled, and broken. */
export const SOME_ERRORS = 0.01;
export const MANY_ERRORS = 0.05;

export const SHAPE: Readonly<Record<Tone, string>> = { ok: '●', idle: '○', warn: '◆', bad: '▲' };

export function toneOf(rate: number, errorShare: number): Tone {
  if (rate <= 0) return 'idle';
  if (errorShare >= MANY_ERRORS) return 'bad';
  return errorShare >= SOME_ERRORS ? 'warn' : 'ok';
}

/** The worse of two. */
export function worse(one: Tone, other: Tone): Tone {
  const order: readonly Tone[] = ['idle', 'ok', 'warn', 'bad'];
  return order.indexOf(one) >= order.indexOf(other) ? one : other;
}

/** A circuit as the live frames name it. */
export function circuitTone(circuit: string): Tone {
  if (circuit === 'closed') return 'ok';
  return circuit === 'half-open' || circuit === 'forced' ? 'warn' : 'bad';
}

/** Without members an upstream may wait for the first to register; once somebody asks, it is down like one whose members are. */
export function membersTone({ up, members }: Pick<LiveUpstream, 'up' | 'members'>, rate: number): Tone {
  if (up === 0 && (members > 0 || rate > 0)) return 'bad';
  return up < members ? 'warn' : 'ok';
}

const CIRCUIT_WORDS: Readonly<Record<string, string>> = {
  closed: 'closed',
  open: 'open',
  'half-open': 'half-open',
  isolated: 'isolated',
  forced: 'forced closed',
};

export function circuitWord(circuit: string): string {
  return CIRCUIT_WORDS[circuit] ?? circuit;
}
