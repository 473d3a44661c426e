/**
 * How it is told which members can serve: checks and outliers, from the tree to settings, with every default.
 *
 * Rule: outliers are looked for in any case, because that costs nothing; checks are requests of our own, so they are only
 * made where the document asks for them.
 */

import type { HealthCheckSettings, OutlierSettings } from '../upstream/upstream.ts';
import { growingTimes } from './growing.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { durationAt, isOff, numberAt, numberOf, textAt, textOf } from './reader.ts';
import { report } from './resolve-match.ts';
import { child, has, type Node, nameOf, shown } from './tree.ts';
import { type Flaw, pathFlaw } from './wording.ts';

export function resolveHealthCheck(node: Node, problems: Problems): HealthCheckSettings {
  const interval = durationAt(node, 'interval', 5000);
  const timeout = durationAt(node, 'timeout', Math.min(1000, interval));
  if (timeout > interval) {
    const reason = `${nameOf(node)}: timeout is longer than interval: a check that hangs puts off the next`;
    problems.notice(atKey(node), reason, 'shorten `timeout`, or lengthen `interval`');
  }
  const pathNode = child(node, 'path');
  const path = textOf(pathNode) ?? '/healthz';
  report(pathNode, askedFlaw(path), problems);
  return {
    path: has(node, 'tcp') ? undefined : path,
    status: resolveStatuses(child(node, 'status'), problems),
    body: textAt(node, 'body'),
    interval,
    timeout,
    healthyAfter: numberAt(node, 'healthyAfter', 2),
    unhealthyAfter: numberAt(node, 'unhealthyAfter', 3),
  };
}

/** A query is allowed here: the path is asked for, not compared. */
function askedFlaw(path: string): Flaw | undefined {
  if (/[^!-~]/.test(path))
    return { reason: 'holds a character that no request carries as it is', advice: 'write it as a percent-code' };
  if (path.includes('#')) return { reason: 'holds a `#`, which is never sent', advice: 'remove what follows it' };
  return pathFlaw(path.split('?', 1)[0]);
}

/** `2xx` is from 200 to 299. */
function resolveStatuses(node: Node | undefined, problems: Problems): readonly [number, number] {
  const one = numberOf(node);
  if (one !== undefined) return [one, one];
  const text = textOf(node) ?? '2xx';
  const [first, last = first] = text.split('-');
  const statuses = [Number(first.replace('xx', '00')), Number(last.replace('xx', '99'))] as const;
  if (node !== undefined && statuses[0] > statuses[1])
    problems.error(atValue(node), `status: ${shown(node)} ends before it begins`, `write \`${last}-${first}\``);
  return statuses;
}

export function resolveOutliers(node: Node | undefined, problems: Problems): OutlierSettings {
  const [ejectFor, maxEjectFor] = growingTimes(node, ['ejectFor', 30_000, 'maxEjectFor', 300_000], problems);
  const rate = child(node, 'successRate');
  const consecutiveFailures = numberAt(node, 'consecutiveFailures', 5);
  const maxEjectedPercent = numberAt(node, 'maxEjectedPercent', 50);
  const successRate =
    rate === undefined || isOff(rate)
      ? ('off' as const)
      : {
          interval: durationAt(rate, 'interval', 10_000),
          minRequests: numberAt(rate, 'minRequests', 100),
          minMembers: numberAt(rate, 'minMembers', 5),
          deviations: numberAt(rate, 'deviations', 1.9),
        };
  const blind = successRate === 'off' && consecutiveFailures === Number.POSITIVE_INFINITY;
  if (node !== undefined && (blind || maxEjectedPercent === 0)) {
    const why = blind ? '`consecutiveFailures: off` and no `successRate`' : '`maxEjectedPercent: 0`';
    const reason = `${nameOf(node)}: with ${why} no member is ever ejected`;
    problems.notice(atKey(node), reason, `change that, or write \`${nameOf(node)}: off\``);
  }
  return { consecutiveFailures, successRate, ejectFor, maxEjectFor, maxEjectedPercent };
}
