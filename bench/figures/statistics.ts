/**
 * Medians, quartiles and ratios of pairs.
 *
 * Rule: peers are compared within a rotation, where the machine treated them alike, and the median of those ratios counts;
 * a ratio of two medians would carry the machine's mood.
 */

/** The value below which `share` of the values lie, with straight lines between them. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export interface Spread {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** Median and quartiles. */
export function spread(values: readonly number[]): Spread {
  return { low: quantile(values, 0.25), middle: median(values), high: quantile(values, 0.75) };
}

/** What `own` is of `other`, rotation by rotation. */
export function ratios(own: readonly number[], other: readonly number[]): number[] {
  return own.slice(0, other.length).map((value, i) => value / other[i]);
}
