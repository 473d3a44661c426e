/**
 * What is done with a request on its way, in words: the policies of its route and of the upstreams that it may go to.
 *
 * Rule: names are those of the document, durations and sizes are written as there. Values of headers, replies and the like
 * are not shown: they may be secrets. Upstreams that say the same are said once.
 */

import { formatDuration, formatSize } from '../core/duration.ts';
import type {
  CircuitBreakerSettings,
  FallbackSettings,
  HeaderEditSettings,
  InjectionSettings,
  LimitsSettings,
  RetrySettings,
  RewriteSettings,
} from '../policy/policy.ts';
import type { DestinationSettings, RouteSettings } from '../routing/route.ts';

/** `name`: the document's key. */
export interface Policy {
  readonly name: string;
  readonly text: string;
}

/** Of the upstreams, in their order, then of the route. `internal`: of the listener. */
export function policiesOf(
  route: RouteSettings,
  upstreams: readonly (readonly [id: string, settings: DestinationSettings])[],
  method: string,
  internal: boolean,
): Policy[] {
  return [...upstreamPolicies(upstreams, method), ...routePolicies(route, internal)];
}

function upstreamPolicies(upstreams: readonly (readonly [string, DestinationSettings])[], method: string): Policy[] {
  const said = new Map<string, Map<string, string[]>>();
  for (const [id, settings] of upstreams) {
    for (const { name, text } of ofUpstream(settings, method)) {
      const texts = said.get(name) ?? new Map<string, string[]>();
      texts.set(text, [...(texts.get(text) ?? []), id]);
      said.set(name, texts);
    }
  }
  return [...said].flatMap(([name, texts]) =>
    [...texts].map(([text, ids]) => ({
      name,
      text: ids.length === upstreams.length ? text : `${ids.join(', ')}: ${text}`,
    })),
  );
}

function ofUpstream(settings: DestinationSettings, method: string): Policy[] {
  const { timeout, retry, circuitBreaker, limits, hedge } = settings;
  const [connect, attempt, total, idle] = [timeout.connect, timeout.attempt, timeout.total, timeout.idle].map(
    formatDuration,
  );
  const policies = [
    { name: 'timeout', text: `connect ${connect}, attempt ${attempt}, total ${total}, idle ${idle}` },
    { name: 'retry', text: retry === 'off' ? 'off' : retryText(retry, method) },
    { name: 'circuitBreaker', text: circuitBreaker === 'off' ? 'off' : breakerText(circuitBreaker) },
    { name: 'limits', text: limits === 'off' ? 'off' : limitsText(limits) },
  ];
  if (hedge === 'off') return policies;
  const after = typeof hedge.after === 'number' ? formatDuration(hedge.after) : `the ${hedge.after} of recent replies`;
  const text = `a second request where none is answered after ${after}, for at most ${hedge.percent} % of requests`;
  return [...policies, { name: 'hedge', text }];
}

function retryText({ attempts, on, backoff, budget, methods, bodyLimit }: RetrySettings, method: string): string {
  if (attempts === 0) return 'no further tries';
  const times = attempts === 1 ? '1 further try' : `up to ${attempts} further tries`;
  const pause = `after a pause of at most ${formatDuration(backoff.initial)}, growing to ${formatDuration(backoff.max)}`;
  const most =
    budget === 'off'
      ? 'no budget'
      : `budget ${budget.percent} % of requests, or ${budget.minPerSecond} a second where that is more`;
  const again = methods.includes(method)
    ? `${method} may be sent again`
    : `${method} is sent again only where it provably was not processed`;
  return `${times} on ${on.join(', ')}, ${pause}; ${again}, bodies up to ${formatSize(bodyLimit)}; ${most}`;
}

function breakerText(settings: CircuitBreakerSettings): string {
  const { consecutiveFailures, failureRate, openFor, maxOpenFor, on, recovery } = settings;
  const causes: string[] = [];
  if (consecutiveFailures !== Number.POSITIVE_INFINITY) causes.push(`${consecutiveFailures} failures in a row`);
  if (failureRate !== 'off') {
    const { percent, minRequests, window } = failureRate;
    causes.push(`${percent} % failures of at least ${minRequests} attempts in ${formatDuration(window)}`);
  }
  if (causes.length === 0) return 'never opens';
  const ramp = recovery.ramp === 0 ? 'at once' : `over ${formatDuration(recovery.ramp)}`;
  const open = `for ${formatDuration(openFor)}, again and again up to ${formatDuration(maxOpenFor)}`;
  return `opens after ${causes.join(' or ')} (${on.join(', ')}), ${open}; lets all through again ${ramp}`;
}

function limitsText({ concurrency, queue, queueTimeout }: LimitsSettings): string {
  if (concurrency === Number.POSITIVE_INFINITY) return 'any number of attempts at once';
  const places =
    concurrency === 'adaptive' ? 'as many attempts at once as prove good' : `${concurrency} attempts at once`;
  if (queue === 0) return `${places}, no queue`;
  const waiting = queue === Number.POSITIVE_INFINITY ? 'any number' : `${queue}`;
  const time = queueTimeout === Number.POSITIVE_INFINITY ? 'without limit' : `at most ${formatDuration(queueTimeout)}`;
  return `${places}, ${waiting} more wait ${time}`;
}

function routePolicies(route: RouteSettings, internal: boolean): Policy[] {
  const { fallback, faults, rewrite, redirect } = route;
  const policies: Policy[] = [];
  if (fallback !== undefined) policies.push({ name: 'fallback', text: fallbackText(fallback) });
  const changes = rewriteText(rewrite);
  if (changes !== '' && redirect === undefined) policies.push({ name: 'rewrite', text: changes });
  const heads = [headersText('request', rewrite.headers.request), headersText('response', rewrite.headers.response)];
  const edits = heads.filter((text) => text !== '').join('; ');
  if (edits !== '' && redirect === undefined) policies.push({ name: 'rewrite.headers', text: edits });
  if (faults !== undefined) policies.push({ name: 'faults', text: faultsText(faults, internal) });
  return policies;
}

function fallbackText({ upstream, reply }: FallbackSettings): string {
  const when = 'where an upstream cannot serve';
  if (upstream !== undefined) return `${when}, upstream ${upstream} is asked`;
  return reply === undefined ? 'none' : `${when}, the router answers ${reply.status} itself`;
}

function rewriteText({ path, stripPrefix, replacePrefix, host }: RewriteSettings): string {
  const said: string[] = [];
  if (path !== undefined) said.push(`the path becomes ${path}`);
  else if (replacePrefix !== undefined) said.push(`prefix ${replacePrefix.prefix} becomes ${replacePrefix.with}`);
  else if (stripPrefix !== undefined) said.push(`prefix ${stripPrefix} is cut off`);
  if (host !== undefined) said.push(`Host becomes ${host}`);
  return said.join(', ');
}

function headersText(where: string, { remove, set, add }: HeaderEditSettings): string {
  const parts: [string, readonly string[]][] = [
    ['removes', remove],
    ['sets', Object.keys(set)],
    ['adds', Object.keys(add)],
  ];
  const said = parts.filter(([, names]) => names.length > 0).map(([verb, names]) => `${verb} ${names.join(', ')}`);
  return said.length === 0 ? '' : `of the ${where}: ${said.join(', ')}`;
}

function faultsText({ abort, delay }: InjectionSettings, internal: boolean): string {
  const said: string[] = [];
  if (abort !== undefined) said.push(`${abort.percent} % of requests are answered ${abort.status}`);
  if (delay !== undefined) said.push(`${delay.percent} % of requests wait ${formatDuration(delay.time)}`);
  return internal ? said.join(', ') : `none here, only at listeners of zone internal: ${said.join(', ')}`;
}
