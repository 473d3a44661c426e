/**
 * From a route's release settings to its release: override, then the client's version, then the weighted split.
 *
 * Rule: the sides of a route are numbered once, in the order in which its settings first name them, and everything speaks
 * of them by number. Results are made ahead where they can be: choosing between plain sides allocates nothing.
 */

import type { RequestFacts } from '../core/exchange.ts';
import { fault } from '../core/fault.ts';
import type { NameSet } from '../core/names.ts';
import type { Choosing, Release, ReleaseSettings } from './release.ts';
import { sidesOf } from './sides.ts';
import { buildSource } from './source.ts';
import { buildSplit } from './split.ts';
import { buildVersions, type Rule, type Ruling } from './versions.ts';

const FIRST: Choosing = { index: 0, version: undefined };
/** One side takes everything: whatever a key or an override says, it is that one. One object for all such routes. */
const SOLE: Release = { choose: () => FIRST };

/** Compiles the release of a route. Throws where a version range is none. */
export function buildRelease(route: string, settings: ReleaseSettings, names: NameSet): Release {
  const sides = sidesOf(settings);
  if (settings.versions === undefined && sides.length === 1 && settings.split[0].weight > 0) return SOLE;
  const plain = sides.map((_, index): Choosing => ({ index, version: undefined }));
  const weightless: Choosing = {
    fault: fault('no_member', `every side of route ${route} that may serve this request has weight 0`),
    status: 503,
  };
  const rule = buildRule(route, settings, sides, names);
  const forced = buildOverride(settings, sides, names);
  const key = settings.sticky === undefined ? undefined : buildSource(settings.sticky, names);

  return {
    choose(exchange, request, internal) {
      const ruling = rule(exchange, request);
      const override = internal && forced !== undefined ? forced(request) : undefined;
      if (override !== undefined) return result(plain, override, ruling);
      if (ruling.is === 'refused') return ruling.choosing;
      const stuck = key?.(exchange, request);
      const index = stuck === undefined ? ruling.split.byDraw(exchange.draw) : ruling.split.byKey(stuck);
      return index === -1 ? weightless : result(plain, index, ruling);
    },
  };
}

function result(plain: readonly Choosing[], index: number, ruling: Ruling): Choosing {
  return ruling.version === undefined ? plain[index] : { index, version: ruling.version };
}

function buildRule(route: string, settings: ReleaseSettings, sides: readonly string[], names: NameSet): Rule {
  if (settings.versions !== undefined) return buildVersions(settings.versions, sides, route, names);
  const always: Ruling = { is: 'served', split: buildSplit(settings.split, sides, route), version: undefined };
  return () => always;
}

/** The side that the override header names, where it names one of this route. */
function buildOverride(
  settings: ReleaseSettings,
  sides: readonly string[],
  names: NameSet,
): ((request: RequestFacts) => number | undefined) | undefined {
  if (settings.override === undefined) return undefined;
  const number = names.add(settings.override.header);
  const indices = new Map(sides.map((side, index) => [side, index]));
  return (request) => {
    const asked = request.field(number);
    return asked === undefined ? undefined : indices.get(asked);
  };
}
