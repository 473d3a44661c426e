/**
 * Routes beside each other: two that ask for exactly the same.
 *
 * Rule: it is allowed (the first id in alphabetical order serves), but seldom meant, so both are named. Only routes that
 * share a listener meet. Host and path tell nearly all of them apart; only where they do not is the rest written out.
 */

import type { MatchSettings, RouteSettings } from '../routing/route.ts';
import { canonical } from './canonical.ts';
import { atKey, type Problems } from './problems.ts';
import type { Node } from './tree.ts';

export function noticeTwins(
  routes: Readonly<Record<string, RouteSettings>>,
  nodes: ReadonlyMap<string, Node>,
  problems: Problems,
): void {
  const groups = new Map<string, string[]>();
  for (const [id, { match }] of Object.entries(routes)) {
    const place = `${match.host} ${match.path?.kind} ${match.path?.value}`;
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [id]);
    else group.push(id);
  }
  for (const ids of groups.values()) if (ids.length > 1) noticeAmong(ids, routes, nodes, problems);
}

/** Among routes of one host and path. */
function noticeAmong(
  ids: readonly string[],
  routes: Readonly<Record<string, RouteSettings>>,
  nodes: ReadonlyMap<string, Node>,
  problems: Problems,
): void {
  const owners = new Map<string, string>();
  for (const id of ids) {
    const { match, listeners } = routes[id];
    const question = canonical(comparable(match));
    const met = new Set<string>();
    for (const listener of listeners) {
      const key = `${listener} ${question}`;
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, id);
      else met.add(owner);
    }
    const node = nodes.get(id);
    const [other] = met;
    if (node === undefined || other === undefined) continue;
    const [first, second] = [id, other].toSorted();
    const reason = `routes "${other}" and "${id}" match exactly the same requests`;
    problems.notice(atKey(node), reason, `"${first}" serves them all; change or remove "${second}"`);
  }
}

/** The order of methods does not count. */
function comparable(match: MatchSettings): unknown {
  return match.methods === undefined ? match : { ...match, methods: match.methods.toSorted() };
}
