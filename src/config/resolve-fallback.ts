/**
 * What a route does when nobody could be asked, and the faults it makes itself: from the tree to settings.
 *
 * Rule: a fallback of the route's own must be able to help; one that is inherited and cannot (a side of this very route)
 * is as if it were not there. Faults made on purpose are said in every reading, so that nobody forgets them.
 */

import { formatDuration } from '../core/duration.ts';
import type { FallbackSettings, InjectionSettings } from '../policy/policy.ts';
import type { ReleaseSettings } from '../release/release.ts';
import { sidesOf } from '../release/sides.ts';
import { refer } from './names.ts';
import { ownedFlaw } from './owned-headers.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { durationAt, isOff, numberAt, numberOf, textAt, textOf } from './reader.ts';
import { report } from './resolve-match.ts';
import type { Surroundings } from './surroundings.ts';
import { child, entries, has, type Node, nameOf, shown } from './tree.ts';
import { valueFlaw } from './wording.ts';

/** `own`: the route as written; `node`: with what it inherits, and asking an upstream. */
export function resolveFallback(
  own: Node,
  node: Node,
  release: ReleaseSettings,
  around: Surroundings,
  problems: Problems,
): FallbackSettings | undefined {
  const fallback = child(node, 'fallback');
  if (fallback === undefined || isOff(fallback)) return undefined;
  if (!has(fallback, 'upstream')) return resolveReply(fallback, around.correlation, problems);
  const at = child(fallback, 'upstream');
  const upstream = refer(at, 'upstream', around.names, problems);
  if (at === undefined || upstream === undefined) return undefined;
  if (!sidesOf(release).includes(upstream)) return { upstream };
  if (has(own, 'fallback'))
    problems.error(
      atValue(at),
      `fallback: ${shown(at)} serves this route already`,
      'name another upstream, or write a fixed reply: `{ status: 503, body: ... }`',
    );
  return undefined;
}

/** Statuses whose replies have no body. RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5. */
const WITHOUT_BODY = new Set([204, 205, 304]);

function resolveReply(node: Node, correlation: string, problems: Problems): FallbackSettings | undefined {
  const status = numberOf(child(node, 'status'));
  if (status === undefined) {
    if (has(node, 'status')) return undefined;
    const advice = 'add `upstream`, or `status` and what else the reply has';
    problems.error(atKey(node), 'this fallback says neither where to go nor what to answer', advice);
    return undefined;
  }
  const body = textAt(node, 'body') ?? '';
  const bodyNode = child(node, 'body');
  if (bodyNode !== undefined && body !== '' && WITHOUT_BODY.has(status))
    problems.error(atKey(bodyNode), `a reply of status ${status} has no body`, 'remove `body`, or change `status`');
  return { reply: { status, headers: resolveHeaders(child(node, 'headers'), correlation, problems), body } };
}

function resolveHeaders(
  node: Node | undefined,
  correlation: string,
  problems: Problems,
): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const [name, value] of entries(node)) {
    const flaw = headerFlaw(name, correlation);
    if (flaw !== undefined) problems.error(atKey(value), flaw.reason, flaw.advice);
    const text = textOf(value);
    if (text === undefined || report(value, valueFlaw(text), problems)) continue;
    if ([...found.keys()].some((other) => other.toLowerCase() === name.toLowerCase()))
      problems.error(
        atKey(value),
        `the header ${name} is set a second time`,
        'keep one of the two: case does not count',
      );
    found.set(name, text);
  }
  return Object.fromEntries(found);
}

function headerFlaw(name: string, correlation: string): ReturnType<typeof ownedFlaw> {
  const lower = name.toLowerCase();
  // Neither is edited on its way through, but here the reply is the router's own.
  if (lower === 'host') return { reason: 'Host is no header of a reply', advice: 'remove it' };
  if (lower === 'date') return { reason: 'Date is written by the router', advice: 'remove it' };
  return ownedFlaw(name, correlation.toLowerCase());
}

/** `node`: the route with what it inherits, and asking an upstream. */
export function resolveFaults(
  node: Node,
  listeners: readonly string[],
  around: Surroundings,
  problems: Problems,
): InjectionSettings | undefined {
  const faults = child(node, 'faults');
  if (faults === undefined || isOff(faults)) return undefined;
  const delay = child(faults, 'delay');
  const abort = child(faults, 'abort');
  const time = durationAt(delay, 'time', 0);
  const status = numberAt(abort, 'status', 0);
  const settings: InjectionSettings = {
    ...(delay === undefined ? {} : { delay: { time, percent: numberAt(delay, 'percent', 0) } }),
    ...(abort === undefined ? {} : { abort: { status, percent: numberAt(abort, 'percent', 0) } }),
  };
  noticeFaults(faults, settings, listeners, around, problems);
  return settings;
}

/** Without the route's name: what many routes inherit is said once. */
function noticeFaults(
  node: Node,
  { delay, abort }: InjectionSettings,
  listeners: readonly string[],
  around: Surroundings,
  problems: Problems,
): void {
  const edges = listeners.filter((id) => around.listeners[id]?.zone === 'edge');
  if (listeners.length > 0 && edges.length === listeners.length) {
    const reason = `${nameOf(node)} act on listeners of zone internal only, and this route has none`;
    problems.notice(atKey(node), reason, 'remove them, or serve the route on an internal listener too');
    return;
  }
  const parts = [child(node, 'delay'), child(node, 'abort')];
  const broken = parts.some((part) => entries(part).length < (part === undefined ? 0 : 2));
  if (broken) return;
  const said = [
    ...(delay === undefined ? [] : [`${delay.percent}% of the requests wait ${formatDuration(delay.time)}`]),
    ...(abort === undefined ? [] : [`${abort.percent}% of the requests are answered ${abort.status}`]),
  ];
  const reason = `${nameOf(node)} are made on purpose: ${said.join(', ')}`;
  problems.notice(atKey(node), reason, 'remove them when the rehearsal is over');
  if (edges.length === 0) return;
  const named = edges.map((id) => `"${id}"`).join(', ');
  const untouched = `${nameOf(node)} act on listeners of zone internal only: requests from ${named} are not touched`;
  problems.notice(atKey(node), untouched, 'rehearse through an internal listener');
}
