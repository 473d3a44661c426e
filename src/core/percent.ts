/**
 * A share as people read it.
 *
 * Rule: anything above none never reads as none, and less than all never as all: one request of 20,000 is a canary, too.
 */

/** A share of 0 to 1: `80%`, `0.5%`, `under 0.01%`. */
export function percentOf(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return 'under 0.01%';
  if (percent > 99.99 && percent < 100) return 'over 99.99%';
  return `${Math.round(percent * 100) / 100}%`;
}
