/**
 * What is left of a list that is shown in part.
 *
 * Rule: it says how many there are, and shows more of them when asked; nothing where nothing is left.
 */

import { counted } from '../logic/figures.ts';

interface MoreNeeds {
  readonly count: number;
  /** What one of them is called. */
  readonly what: string;
  readonly onMore: () => void;
}

export function More({ count, what, onMore }: MoreNeeds) {
  if (count <= 0) return null;
  return (
    <button type="button" class="more" onClick={onMore}>
      {counted(count, `more ${what}`)}
    </button>
  );
}
