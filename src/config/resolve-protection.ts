/**
 * What protects an upstream: from the tree to settings, with every default.
 *
 * Rule: a request that may have been processed is never sent again unless its method says that this is harmless (RFC 9110
 * section 9.2.2), so methods that do not say so are refused here, whoever asks for them.
 */

import type {
  CircuitBreakerSettings,
  Failure,
  HedgeSettings,
  LimitsSettings,
  ProtectionSettings,
  RetrySettings,
} from '../policy/policy.ts';
import { growingTimes } from './growing.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { durationAt, isOff, numberAt, numberOf, sizeAt, spanAt, textOf, unlessOff } from './reader.ts';
import { child, items, type Node, nameOf, shown } from './tree.ts';

const FAILURES: readonly Failure[] = ['connect', 'reset', 'timeout', 502, 503, 504];
const RETRIED_METHODS = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'];

/** Registered methods that are not idempotent (IANA, HTTP Method Registry). */
const NOT_IDEMPOTENT = new Set(['POST', 'PATCH', 'CONNECT', 'LOCK']);
/** Registered methods that are, beside those of RFC 9110: WebDAV and its kin. */
const KNOWN_IDEMPOTENT = new Set(
  (
    'ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF ' +
    'MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE ' +
    'UPDATEREDIRECTREF VERSION-CONTROL'
  ).split(' '),
);

/** `node`: the upstream with what it inherits. */
export function resolveProtection(node: Node, problems: Problems): ProtectionSettings {
  const hedge = child(node, 'hedge');
  return {
    retry: unlessOff(child(node, 'retry'), (retry) => resolveRetry(retry, problems)),
    circuitBreaker: unlessOff(child(node, 'circuitBreaker'), (breaker) => resolveBreaker(breaker, problems)),
    limits: unlessOff(child(node, 'limits'), resolveLimits),
    // Twice the requests is nothing to do unasked.
    hedge: hedge === undefined || isOff(hedge) ? 'off' : resolveHedge(hedge),
  };
}

function resolveRetry(node: Node | undefined, problems: Problems): RetrySettings {
  const [initial, max] = growingTimes(child(node, 'backoff'), ['initial', 25, 'max', 1000], problems);
  return {
    attempts: numberAt(node, 'attempts', 2),
    on: failuresAt(node),
    backoff: { initial, max },
    budget: unlessOff(child(node, 'budget'), (budget) => ({
      percent: numberAt(budget, 'percent', 20),
      minPerSecond: numberAt(budget, 'minPerSecond', 10),
    })),
    methods: resolveMethods(child(node, 'methods'), problems),
    bodyLimit: sizeAt(node, 'bodyLimit', 65_536),
  };
}

function resolveMethods(node: Node | undefined, problems: Problems): readonly string[] {
  if (node === undefined) return RETRIED_METHODS;
  return items(node).flatMap((item) => {
    const method = textOf(item);
    if (method === undefined) return [];
    judgeMethod(item, method, problems);
    return [method];
  });
}

function judgeMethod(item: Node, method: string, problems: Problems): void {
  const upper = method.toUpperCase();
  const name = nameOf(item);
  if (NOT_IDEMPOTENT.has(upper)) {
    const reason = `${name}: ${upper} is not idempotent: sent again, a request may be carried out twice (RFC 9110 section 9.2.2)`;
    const advice = 'remove it; one that provably was not processed is sent again whatever its method is';
    problems.error(atValue(item), reason, advice);
  } else if (method !== upper) {
    const reason = `${name}: methods are case-sensitive, and ${shown(item)} never comes`;
    problems.error(atValue(item), reason, 'write it in upper case');
  } else if (!RETRIED_METHODS.includes(method) && !KNOWN_IDEMPOTENT.has(method)) {
    const reason = `${name}: nothing says that ${method} is idempotent, and a request may be carried out twice`;
    problems.notice(atValue(item), reason, 'remove it, unless your services take it twice without harm');
  }
}

function failuresAt(node: Node | undefined): readonly Failure[] {
  const on = child(node, 'on');
  // The shape let nothing else through.
  return on === undefined ? FAILURES : items(on).flatMap((item) => (textOf(item) as Failure) ?? numberOf(item) ?? []);
}

function resolveBreaker(node: Node | undefined, problems: Problems): CircuitBreakerSettings {
  const [openFor, maxOpenFor] = growingTimes(node, ['openFor', 30_000, 'maxOpenFor', 300_000], problems);
  const rate = child(node, 'failureRate');
  const consecutiveFailures = numberAt(node, 'consecutiveFailures', 10);
  const failureRate =
    rate === undefined || isOff(rate)
      ? ('off' as const)
      : {
          percent: numberAt(rate, 'percent', 50),
          minRequests: numberAt(rate, 'minRequests', 100),
          window: durationAt(rate, 'window', 10_000),
        };
  if (node !== undefined && failureRate === 'off' && consecutiveFailures === Number.POSITIVE_INFINITY) {
    const reason = `${nameOf(node)}: with \`consecutiveFailures: off\` and no \`failureRate\` it never opens`;
    problems.notice(atKey(node), reason, `give it one of them, or write \`${nameOf(node)}: off\``);
  }
  const ramp = spanAt(child(node, 'recovery'), 'ramp', 10_000);
  return { consecutiveFailures, failureRate, openFor, maxOpenFor, on: failuresAt(node), recovery: { ramp } };
}

function resolveLimits(node: Node | undefined): LimitsSettings {
  return {
    concurrency: textOf(child(node, 'concurrency')) === 'adaptive' ? 'adaptive' : numberAt(node, 'concurrency', 1024),
    queue: numberAt(node, 'queue', 1024),
    queueTimeout: durationAt(node, 'queueTimeout', 1000),
  };
}

const QUANTILES = ['p50', 'p90', 'p95', 'p99'] as const;

function resolveHedge(node: Node): HedgeSettings {
  const word = textOf(child(node, 'after'));
  const quantile = QUANTILES.find((name) => name === (word ?? 'p95'));
  return { after: quantile ?? durationAt(node, 'after', 0), percent: numberAt(node, 'percent', 5) };
}
