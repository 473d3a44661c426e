/**
 * The weighted splits of a written route: found, shown as shares, and put back with other weights.
 *
 * Rule: everything else of the route stays as it is written, `${NAME}` and unknown keys too; nothing is changed in place.
 */

export interface Split {
  /** `split`, or the range that it serves. */
  readonly label: string;
  readonly path: readonly (string | number)[];
  readonly weights: Readonly<Record<string, number>>;
}

type Written = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function weightsIn(value: unknown): Readonly<Record<string, number>> | undefined {
  if (!isRecord(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length === 0 || entries.some(([, weight]) => typeof weight !== 'number')) return undefined;
  return Object.fromEntries(entries) as Record<string, number>; // each was just seen to be a number
}

export function splitsOf(route: unknown): Split[] {
  if (!isRecord(route)) return [];
  const found: Split[] = [];
  const own = weightsIn(route.split);
  if (own !== undefined) found.push({ label: 'split', path: ['split'], weights: own });
  const versions = isRecord(route.versions) && Array.isArray(route.versions.serve) ? route.versions.serve : [];
  versions.forEach((entry: unknown, i) => {
    const weights = isRecord(entry) ? weightsIn(entry.split) : undefined;
    if (weights === undefined || !isRecord(entry)) return;
    found.push({ label: `versions ${String(entry.range)}`, path: ['versions', 'serve', i, 'split'], weights });
  });
  return found;
}

/** The route with other weights in one of its splits. */
export function withWeights(route: unknown, path: Split['path'], weights: Readonly<Record<string, number>>): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return { ...weights };
  if (Array.isArray(route)) return route.map((each, i) => (i === step ? withWeights(each, rest, weights) : each));
  if (!isRecord(route)) return route;
  return { ...route, [step]: withWeights(route[step], rest, weights) };
}

/** Share of the whole, 0 to 1. */
export function portion(weights: Readonly<Record<string, number>>, id: string): number {
  const sum = Object.values(weights).reduce((total, each) => total + each, 0);
  return sum === 0 ? 0 : (weights[id] ?? 0) / sum;
}
