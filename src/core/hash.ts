/**
 * Hashes of keys, for sticky splits and consistent hashing: quick, well spread, and the same in every process and after
 * every restart.
 *
 * Rule: not for secrets. 32 bits are enough, because two keys with one hash only share their place. The functions are
 * FNV-1a over the text, then the finaliser of MurmurHash3, which spreads keys that differ in one character.
 */

/** A hash of text in 32 bits, as a signed integer. */
export function hashText(text: string, seed: number): number {
  let hash = (seed ^ 0x811c9dc5) | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return spread(hash);
}

/** The finaliser of MurmurHash3: every bit of the result depends on every bit of `hash`. */
export function spread(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** A hash as a number strictly between 0 and 1. */
export function toUnit(hash: number): number {
  return ((hash >>> 0) + 0.5) / 4_294_967_296;
}
