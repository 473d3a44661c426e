/**
 * What keeps its place while figures move.
 *
 * Rule: a place is left only for a clear reason, since an eye that was led somewhere comes back to the same spot. What was
 * before is a value that is handed in, never kept here.
 */

/** Whoever carries this many times as much stands above. */
const CLEARLY = 1.5;

/**
 * The heaviest first, as they stood before where no two are clearly the wrong way round; who is new is put in by its
 * weight. Of any two, the lower one is never more than `CLEARLY` times as heavy.
 */
export function steadyOrder(before: readonly string[], weights: ReadonlyMap<string, number>): string[] {
  const weight = (key: string): number => weights.get(key) ?? 0;
  const stood = before.filter((key) => weights.has(key));
  const known = new Set(stood);
  const fresh = [...weights.keys()].filter((key) => !known.has(key));
  fresh.sort((one, other) => weight(other) - weight(one) || (one < other ? -1 : 1));
  const order: string[] = [];
  let lightest = Number.POSITIVE_INFINITY;
  for (const key of [...stood, ...fresh]) {
    // Nearly everybody stands right already, and need not be looked for among a thousand.
    const right = lightest * CLEARLY >= weight(key);
    const at = right ? order.length : order.findIndex((above) => weight(above) * CLEARLY < weight(key));
    order.splice(at, 0, key);
    lightest = Math.min(lightest, weight(key));
  }
  return order;
}

/** The value of before, unless the new one is more than `slack` away. */
export function held(before: number | undefined, now: number, slack: number): number {
  return before === undefined || Math.abs(now - before) > slack ? now : before;
}

/** Rows from 0 up to `rows` - 1, in the given order and at least so far apart, all as near as can be to where each wants to be. */
export function settled(wanted: readonly number[], rows: number, apart = 1): number[] {
  const blocks: { sum: number; size: number }[] = [];
  for (const [i, want] of wanted.entries()) {
    let block = { sum: want - i * apart, size: 1 };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.sum / last.size <= block.sum / block.size) break;
      block = { sum: last.sum + block.sum, size: last.size + block.size };
      blocks.pop();
    }
    blocks.push(block);
  }
  const room = Math.max(0, rows - 1 - (wanted.length - 1) * apart);
  const shifts = blocks.flatMap(({ sum, size }) => Array<number>(size).fill(Math.min(room, Math.max(0, sum / size))));
  return shifts.map((shift, i) => shift + i * apart);
}
