/**
 * Upstreams: from the tree to settings, with every default.
 *
 * Rule: an endpoint is an origin, or a name that leads to some; what is wrong with one is said by endpoint-wording.ts.
 * What else an upstream has is resolved beside it, by policy.
 */

import type { DestinationSettings } from '../routing/route.ts';
import type { Balance, EndpointSettings, HashSettings, TimeoutSettings } from '../upstream/upstream.ts';
import { endpointFlaw } from './endpoint-wording.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { durationAt, isOff, numberAt, spanAt, textOf, unlessOff } from './reader.ts';
import { resolveHealthCheck, resolveOutliers } from './resolve-health.ts';
import { resolveProtection } from './resolve-protection.ts';
import { child, entries, has, items, type Node, nameOf, shown } from './tree.ts';

/** `node`: the upstream with what it inherits. */
export function resolveUpstream(node: Node, problems: Problems): DestinationSettings {
  const check = child(node, 'healthCheck');
  return {
    endpoints: resolveEndpoints(node, problems),
    balance: resolveBalance(child(node, 'balance')),
    slowStart: spanAt(node, 'slowStart', 0),
    panicPercent: isOff(child(node, 'panicPercent')) ? 0 : numberAt(node, 'panicPercent', 50),
    timeout: resolveTimeout(child(node, 'timeout'), problems),
    healthCheck: check === undefined || isOff(check) ? 'off' : resolveHealthCheck(check, problems),
    outliers: unlessOff(child(node, 'outliers'), (outliers) => resolveOutliers(outliers, problems)),
    ...resolveProtection(node, problems),
  };
}

function resolveBalance(node: Node | undefined): Balance {
  const word = textOf(node);
  if (word === 'p2c' || word === 'round-robin' || word === 'least-request' || word === 'random') return word;
  const [key, value] = entries(child(node, 'hash'))[0] ?? [];
  if (key === undefined || value === undefined) return 'p2c';
  const said = key === 'header' ? textOf(value)?.toLowerCase() : (textOf(value) ?? true);
  // The shape let one of the five through, with a value of its kind.
  return { hash: { [key]: said } as unknown as HashSettings };
}

function resolveTimeout(node: Node | undefined, problems: Problems): TimeoutSettings {
  const timeout = {
    connect: durationAt(node, 'connect', 1000),
    attempt: durationAt(node, 'attempt', 3000),
    total: durationAt(node, 'total', 10_000),
    idle: durationAt(node, 'idle', 60_000),
  };
  if (node !== undefined && timeout.attempt > timeout.total) {
    const place = child(node, 'attempt') ?? child(node, 'total') ?? node;
    const reason = 'timeout.attempt is longer than timeout.total, which ends every attempt before';
    problems.notice(atValue(place), reason, 'lengthen `total`, or shorten `attempt`');
  }
  return timeout;
}

function resolveEndpoints(upstream: Node, problems: Problems): EndpointSettings[] {
  const node = child(upstream, 'endpoints');
  const nodes = items(node);
  const owners = new Map<string, Node>();
  const endpoints = nodes.flatMap((item) => {
    const settings = resolveEndpoint(item, problems);
    if (settings === undefined) return [];
    // Of a service record the origin is `null`.
    const origin = settings.url.startsWith('srv:') ? settings.url.toLowerCase() : new URL(settings.url).origin;
    if (owners.has(origin))
      problems.error(
        atValue(item),
        `${nameOf(item)}: this endpoint stands here a second time`,
        'give one of them a `weight`',
      );
    owners.set(origin, item);
    return [settings];
  });
  const broken =
    node === undefined ? has(upstream, 'endpoints') : endpoints.length < (node.kind === 'list' ? node.items.length : 0);
  if (broken) return endpoints;
  if (nodes.length === 0) {
    const reason = `"${nameOf(upstream)}" has no endpoints: until a service registers, every request to it is answered 503`;
    problems.notice(atKey(upstream), reason, 'add `endpoints: [ http://127.0.0.1:7001 ]`, or have services register');
  } else if (node !== undefined && endpoints.every(({ weight }) => weight === 0)) {
    problems.error(atKey(node), 'every endpoint has weight 0', 'give at least one of them more');
  }
  return endpoints;
}

function resolveEndpoint(node: Node, problems: Problems): EndpointSettings | undefined {
  const urlNode = node.kind === 'map' ? child(node, 'url') : node;
  const url = textOf(urlNode);
  if (urlNode === undefined || url === undefined) return undefined;
  const wrong = endpointFlaw(url);
  if (wrong !== undefined) {
    problems.error(atValue(urlNode), `${nameOf(node)}: ${shown(urlNode)} ${wrong.reason}`, wrong.advice);
    return undefined;
  }
  const origin = url.replace(/^[a-z]+/i, (scheme) => scheme.toLowerCase()).replace(/\/$/, '');
  return { url: origin, weight: numberAt(node, 'weight', 1) };
}
