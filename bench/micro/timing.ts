/**
 * How a micro bench tells its figures, so that `npm run bench -- micro` can read them: a label, two blanks or more, a
 * number, `ns`.
 */

const WIDTH = 56;

export function tell(label: string, nanoseconds: number): void {
  console.log(`${label.padEnd(WIDTH)}  ${nanoseconds.toFixed(1).padStart(8)} ns`);
}

/** Reads what `tell` printed among other lines. */
export function toldIn(text: string): Map<string, number> {
  const lines = [...text.matchAll(/^(\S.*?) {2,}([\d.]+) ns$/gm)];
  return new Map(lines.map(([, label, nanoseconds]) => [label, Number(nanoseconds)]));
}
