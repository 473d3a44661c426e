/**
 * Two minutes of one figure as a small line.
 *
 * Rule: attributes of SVG and classes only, no inline style. It says its range in words to whoever cannot see it.
 */

import { SECONDS } from '../logic/history.ts';
import { sparkline } from '../logic/sparkline.ts';

interface SparkNeeds {
  readonly values: readonly number[];
  readonly label: string;
  readonly say: (value: number) => string;
  readonly tone?: string;
  readonly width?: number;
  readonly height?: number;
}

export function Spark({ values, label, say, tone = '', width = 96, height = 22 }: SparkNeeds) {
  const { line, area, highest } = sparkline(values, width, height, SECONDS);
  const words = `${label}, last two minutes: at most ${say(highest)}`;
  return (
    <svg
      class={`spark ${tone}`}
      role="img"
      aria-label={words}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
    >
      <title>{words}</title>
      <path class="base" d={`M0 ${height - 0.5}H${width}`} />
      {highest > 0 && <path class="area" d={area} />}
      {highest > 0 && <path class="line" d={line} />}
    </svg>
  );
}
