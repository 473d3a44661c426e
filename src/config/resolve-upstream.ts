/**
 * Upstreams: from the tree to settings, with every default.
 *
 * Rule: an endpoint is an origin that this version can reach; what it cannot (TLS, service records) is refused by name.
 * Policies are resolved in full here, so that whoever gives one life finds its settings complete.
 */

import type { Failure, LimitsSettings, RetrySettings } from '../policy/policy.ts';
import type { DestinationSettings } from '../routing/route.ts';
import type {
  Balance,
  EndpointSettings,
  HashSettings,
  HealthCheckSettings,
  TimeoutSettings,
} from '../upstream/upstream.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { durationAt, isOff, numberAt, numberOf, sizeAt, textAt, textOf } from './reader.ts';
import { child, entries, has, items, type Node, nameOf, shown } from './tree.ts';
import { type Flaw, hostFlaw, pathFlaw } from './wording.ts';

const FAILURES: readonly Failure[] = ['connect', 'reset', 'timeout', 502, 503, 504];
const RETRIED_METHODS = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'];

/** `node`: the upstream with what it inherits. */
export function resolveUpstream(node: Node, problems: Problems): DestinationSettings {
  return {
    endpoints: resolveEndpoints(node, problems),
    balance: resolveBalance(child(node, 'balance')),
    timeout: resolveTimeout(child(node, 'timeout'), problems),
    retry: unlessOff(child(node, 'retry'), resolveRetry),
    circuitBreaker: unlessOff(child(node, 'circuitBreaker'), (breaker) => ({
      consecutiveFailures: numberAt(breaker, 'consecutiveFailures', 10),
      failureRate: 'off' as const,
      openFor: durationAt(breaker, 'openFor', 30_000),
      maxOpenFor: 300_000,
      on: failuresAt(breaker),
      recovery: { ramp: 10_000 },
    })),
    healthCheck: has(node, 'healthCheck')
      ? unlessOff(child(node, 'healthCheck'), (check) => resolveHealthCheck(check, problems))
      : 'off',
    outliers: unlessOff(child(node, 'outliers'), (outliers) => ({
      consecutiveFailures: numberAt(outliers, 'consecutiveFailures', 5),
      successRate: 'off' as const,
      maxEjectFor: 300_000,
      ejectFor: durationAt(outliers, 'ejectFor', 30_000),
      maxEjectedPercent: numberAt(outliers, 'maxEjectedPercent', 50),
    })),
    slowStart: 0,
    panicPercent: 50,
    hedge: 'off',
    limits: unlessOff(
      child(node, 'limits'),
      (limits): LimitsSettings => ({
        concurrency: numberAt(limits, 'concurrency', 1024),
        queue: numberAt(limits, 'queue', 1024),
        queueTimeout: durationAt(limits, 'queueTimeout', 1000),
      }),
    ),
  };
}

function unlessOff<T>(node: Node | undefined, resolve: (node: Node | undefined) => T): T | 'off' {
  return isOff(node) ? 'off' : resolve(node);
}

function resolveRetry(node: Node | undefined): RetrySettings {
  const backoff = child(node, 'backoff');
  const methods = child(node, 'methods');
  return {
    attempts: numberAt(node, 'attempts', 2),
    on: failuresAt(node),
    backoff: { initial: durationAt(backoff, 'initial', 25), max: durationAt(backoff, 'max', 1000) },
    budget: unlessOff(child(node, 'budget'), (budget) => ({
      percent: numberAt(budget, 'percent', 20),
      minPerSecond: numberAt(budget, 'minPerSecond', 10),
    })),
    methods: methods === undefined ? RETRIED_METHODS : items(methods).flatMap((item) => textOf(item) ?? []),
    bodyLimit: sizeAt(node, 'bodyLimit', 65_536),
  };
}

function failuresAt(node: Node | undefined): readonly Failure[] {
  const on = child(node, 'on');
  // The shape let nothing else through.
  return on === undefined ? FAILURES : items(on).flatMap((item) => (textOf(item) as Failure) ?? numberOf(item) ?? []);
}

function resolveHealthCheck(node: Node | undefined, problems: Problems): HealthCheckSettings {
  const path = textAt(node, 'path') ?? '/healthz';
  const pathNode = child(node, 'path');
  // A query is allowed here: the path is asked for, not compared.
  const wrong = pathFlaw(path.split('?', 1)[0]);
  if (pathNode !== undefined && wrong !== undefined)
    problems.error(atValue(pathNode), `path: ${shown(pathNode)} ${wrong.reason}`, wrong.advice);
  return {
    path,
    status: [200, 299],
    body: undefined,
    interval: durationAt(node, 'interval', 5000),
    timeout: durationAt(node, 'timeout', 1000),
    healthyAfter: numberAt(node, 'healthyAfter', 2),
    unhealthyAfter: numberAt(node, 'unhealthyAfter', 3),
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
    const origin = new URL(settings.url).origin;
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
    const reason = `"${nameOf(upstream)}" has no endpoints: every request to it is answered 503`;
    problems.notice(atKey(upstream), reason, 'add `endpoints: [ http://127.0.0.1:7001 ]`');
  } else if (node !== undefined && endpoints.every(({ weight }) => weight === 0)) {
    problems.error(atKey(node), 'every endpoint has weight 0', 'give at least one of them more');
  }
  return endpoints;
}

function resolveEndpoint(node: Node, problems: Problems): EndpointSettings | undefined {
  const urlNode = node.kind === 'map' ? child(node, 'url') : node;
  const url = textOf(urlNode);
  if (urlNode === undefined || url === undefined) return undefined;
  const wrong = originFlaw(url);
  if (wrong !== undefined) {
    problems.error(atValue(urlNode), `${nameOf(node)}: ${shown(urlNode)} ${wrong.reason}`, wrong.advice);
    return undefined;
  }
  const origin = url.replace(/^http/i, 'http').replace(/\/$/, '');
  return { url: origin, weight: numberAt(node, 'weight', 1) };
}

const FORM = 'write `http://host:port`';

/** What is wrong with the URL of an endpoint. */
function originFlaw(url: string): Flaw | undefined {
  const parts = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/s.exec(url);
  if (parts === null) return { reason: 'is no URL', advice: FORM };
  const [, scheme, authority, rest] = parts;
  const lower = scheme.toLowerCase();
  if (lower === 'https')
    return { reason: 'asks for TLS, which is not supported towards upstreams in this version', advice: FORM };
  if (lower === 'srv')
    return {
      reason: 'asks for service records, which are not supported in this version',
      advice: 'list each endpoint as `http://host:port`',
    };
  if (lower !== 'http') return { reason: `has the scheme \`${scheme}\`, which is not supported`, advice: FORM };
  if (authority.includes('@'))
    return { reason: 'holds user information', advice: 'send credentials with `rewrite.headers` of the route' };
  if (rest !== '' && rest !== '/')
    return { reason: 'is more than an origin', advice: `${FORM}; paths are changed by \`rewrite\` of the route` };
  const port = /:(\d*)$/.exec(authority)?.[1];
  const host = port === undefined ? authority : authority.slice(0, -port.length - 1);
  if (port !== undefined && (port === '' || Number(port) === 0 || Number(port) > 65_535))
    return { reason: 'has no valid port', advice: 'write a port from 1 to 65535' };
  return hostFlaw(host, false) ?? (URL.canParse(url) ? undefined : { reason: 'is no URL', advice: FORM });
}
