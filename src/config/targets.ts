/**
 * The upstreams that a route may lead to: the sides of its release in their order, then its fallback.
 *
 * Rule: the order is that of a route's plan (compile.ts), so that an index means the same everywhere.
 */

import { sidesOf } from '../release/sides.ts';
import type { RouteSettings } from '../routing/route.ts';

export function targetsOf({ release, fallback }: Pick<RouteSettings, 'release' | 'fallback'>): readonly string[] {
  const sides = sidesOf(release);
  return fallback?.upstream === undefined ? sides : [...sides, fallback.upstream];
}
