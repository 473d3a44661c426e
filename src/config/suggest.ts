/**
 * The nearest known name to one that is not known.
 *
 * Rule: a suggestion is made only where the two names are near enough that a slip of the hand explains it; a wild guess
 * sends the reader the wrong way. Distance is the number of letters changed, left out, put in or swapped.
 */

/** From this many problems on no near names are looked for: a large document full of wrong ones must not cost seconds. */
export const GUESSES = 50;
/** More candidates than this are not looked at: a wrong name in a large document must not cost seconds. */
const CANDIDATES = 2000;

/** The nearest of `known` to `name`, or undefined where none is near. The order of `known` decides between equals. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const plain = flat(name);
  let best: string | undefined;
  // Of two letters, one changed leaves nothing to recognise.
  let least = plain.length < 3 ? 1 : Math.max(1, Math.floor(plain.length / 3)) + 1;
  let looked = 0;
  for (const candidate of known) {
    if (++looked > CANDIDATES) break;
    const other = flat(candidate);
    if (Math.abs(other.length - plain.length) >= least) continue;
    const found = distance(plain, other);
    if (found < least) {
      least = found;
      best = candidate;
    }
  }
  return best;
}

/** `did you mean "timeout"?`, or what is said where no name is near. */
export function didYouMean(name: string, known: Iterable<string>, otherwise: string): string {
  const near = nearest(name, known);
  return near === undefined ? otherwise : `did you mean "${near}"?`;
}

/** Case and separators do not count: `circuit_breaker` is `circuitBreaker`. */
function flat(name: string): string {
  return name.toLowerCase().replaceAll(/[-_. ]/g, '');
}

/** Damerau-Levenshtein distance in its simple form (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(change, above[j] + 1, row[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.length];
}
