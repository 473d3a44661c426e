/**
 * A row of figures as the line of a small SVG.
 *
 * Rule: the scale begins at zero and ends at the highest figure, so that two lines of the same height mean the same only
 * beside their numbers; gaps stay gaps.
 */

export interface Sparkline {
  /** `d` of the line. */
  readonly line: string;
  /** `d` of what lies under it. */
  readonly area: string;
  readonly highest: number;
}

/** The newest figure stands at the right edge; `slots` is how many figures the whole width has room for. */
export function sparkline(values: readonly number[], width: number, height: number, slots: number): Sparkline {
  const known = values.filter((value) => !Number.isNaN(value));
  const highest = Math.max(0, ...known);
  const scale = highest === 0 ? 0 : (height - 2) / highest;
  const step = width / Math.max(slots - 1, 1);
  const x = (i: number): number => width - (values.length - 1 - i) * step;
  const y = (value: number): number => height - 1 - value * scale;
  let line = '';
  let area = '';
  for (const [from, to] of runs(values)) {
    const points = values.slice(from, to).map((value, i) => `${round(x(from + i))} ${round(y(value))}`);
    line += `M${points.join('L')}${points.length === 1 ? 'h0.1' : ''}`;
    area += `M${round(x(from))} ${height}L${points.join('L')}L${round(x(to - 1))} ${height}Z`;
  }
  return { line, area, highest };
}

/** Stretches without a gap, as [from, to). */
function runs(values: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  let from = -1;
  values.forEach((value, i) => {
    if (Number.isNaN(value)) {
      if (from !== -1) found.push([from, i]);
      from = -1;
    } else if (from === -1) from = i;
  });
  if (from !== -1) found.push([from, values.length]);
  return found;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
