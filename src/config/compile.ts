/**
 * From a document to the table that traffic runs on.
 *
 * Rule: pure but for the site, which lends living upstreams and numbers of counters; the same document gives the same
 * table on every thread. Work goes in steps of a few microseconds, so that a thread may serve requests in between. The
 * only file that calls the sisters' `build.ts`. What a document asks for and cannot be built (an unknown upstream, an
 * expression that RE2 cannot run) throws an Error whose message names the route.
 */

import { memberKey, UNMATCHED_KEY } from '../core/ledger.ts';
import { NameSet } from '../core/names.ts';
import { headText } from '../core/target.ts';
import { buildPolicies, isPlain, type Policies } from '../policy/build.ts';
import type { Fallback, Protection, ProtectionSettings } from '../policy/policy.ts';
import { buildRelease } from '../release/build.ts';
import type { Release } from '../release/release.ts';
import { plainlySaid } from '../release/sides.ts';
import { MatcherBuilder } from '../routing/match-build.ts';
import { Patterns } from '../routing/match-regex.ts';
import type {
  Correlation,
  CorrelationSettings,
  Destination,
  DestinationSettings,
  ListenerSettings,
  ListenerTable,
  Plan,
  Route,
  RouteSettings,
  Table,
} from '../routing/route.ts';
import { trustMatcher } from '../routing/trust.ts';
import { readEndpoint } from '../upstream/endpoint.ts';
import type { Upstream, UpstreamBlocks, UpstreamSettings } from '../upstream/upstream.ts';
import type { Document } from './document.ts';
import { targetsOf } from './targets.ts';

/** What a table borrows from the place it runs in. */
export interface Site {
  upstream(id: string, settings: UpstreamSettings, blocks: UpstreamBlocks, names: NameSet): Upstream;
  protection(id: string, settings: ProtectionSettings, block: number): Protection;
  /**
   * The block of counters of a key: `route:<id>|<upstream>`, `route:<id>|`, `upstream:<id>`, `member:<upstream>|<url>`,
   * `listener:<id>`.
   */
  block(key: string): number;
}

/** A document as compiling takes it: one by one what there may be thousands of. */
export interface DocumentParts {
  readonly head: Pick<Document, 'correlation' | 'listeners' | 'drain'>;
  readonly upstreams: Iterable<readonly [id: string, settings: DestinationSettings]>;
  readonly routes: Iterable<readonly [id: string, settings: RouteSettings | CompiledRoute]>;
  /** A table whose document has the same head and the same upstreams, which are then taken from it, and not asked for. */
  readonly base?: Pick<Table, 'names' | 'destinations'> | undefined;
  /** Expressions that are compiled by now; more come. */
  readonly patterns?: Patterns;
}

/** A route of `base`. */
export interface CompiledRoute {
  readonly route: Route;
  readonly match: RouteSettings['match'];
}

/** Work under way: each `next` does a little of it, the last one gives the result. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Compiles a valid document. `revision`: its hash. Throws an Error in words where a part cannot be built. */
export function compile(document: Document, revision: string, site: Site): Table {
  const upstreams = Object.entries(document.upstreams);
  const steps = compileInSteps({ head: document, upstreams, routes: Object.entries(document.routes) }, revision, site);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** The same in steps. What the site lends meanwhile is the caller's to give back where the work is not finished. */
export function* compileInSteps(document: DocumentParts, revision: string, site: Site): Steps<Table> {
  const { head, base, patterns = new Patterns() } = document;
  // The table in force goes on with the names that it has.
  const names = base?.names.copy() ?? new NameSet();
  // Asked for first, so that a site that counts up gives exchanges of no route block 0.
  site.block(UNMATCHED_KEY);
  const correlation = compileCorrelation(head.correlation, names);
  const destinations = base?.destinations ?? (yield* compileDestinations(document.upstreams, site, names));
  const secure = new Set<string>();
  for (const [id, { tls }] of Object.entries(head.listeners)) if (tls.length > 0) secure.add(id);
  const parts = { names, site, destinations, secure, patterns, kept: new Map() };
  const places = new Map(Object.keys(head.listeners).map((id) => [id, new MatcherBuilder(names, patterns)]));
  const routes = new Map<string, Route>();
  for (const [id, settings] of document.routes) {
    const route = 'route' in settings ? settings.route : compileRoute(id, settings, parts);
    routes.set(id, route);
    placeRoute(route, settings.match, places);
    yield;
  }
  const listeners = new Map<string, ListenerTable>();
  for (const [id, builder] of places) {
    const matcher = yield* builder.build();
    listeners.set(id, compileListener(id, head.listeners[id], site.block(`listener:${id}`), matcher));
  }
  const { notice, limit } = head.drain;
  return { revision, names, correlation, listeners, routes, destinations, drain: { notice, limit } };
}

function* compileDestinations(
  upstreams: DocumentParts['upstreams'],
  site: Site,
  names: NameSet,
): Steps<Map<string, Destination>> {
  const destinations = new Map<string, Destination>();
  for (const [id, settings] of upstreams) {
    destinations.set(id, compileDestination(id, settings, site, names));
    yield;
  }
  return destinations;
}

function compileDestination(id: string, settings: DestinationSettings, site: Site, names: NameSet): Destination {
  const own = site.block(`upstream:${id}`);
  const endpoints = settings.endpoints.map(({ url }) =>
    readEndpoint(url).is === 'address' ? site.block(memberKey(id, url)) : -1,
  );
  const upstream = site.upstream(id, settings, { own, endpoints }, names);
  return { upstream, protection: site.protection(id, settings, own) };
}

interface Parts {
  readonly names: NameSet;
  readonly site: Site;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly secure: ReadonlySet<string>;
  readonly patterns: Patterns;
  /** Settings and plans that routes share, by what their settings say. */
  readonly kept: Map<string, Kept>;
}

interface Kept {
  readonly settings: Plan['settings'];
  plan: Plan | undefined;
}

function compileRoute(id: string, settings: RouteSettings, parts: Parts): Route {
  const { names, site, destinations, secure } = parts;
  const { path } = settings.match;
  const place = { route: id, path: path?.kind === 'regex' ? undefined : path?.value, secure };
  const policies = buildPolicies(settings, place, names);
  const blocks: number[] = [];
  const sides = targetsOf(settings).map((side): Destination => {
    const destination = destinations.get(side);
    if (destination === undefined) throw new Error(`route ${id}: there is no upstream ${side}`);
    blocks.push(site.block(`route:${id}|${side}`));
    return destination;
  });
  if (path?.kind === 'regex') about(`route ${id}: match.path.regex`, () => parts.patterns.compile(path.value));
  const release = about(`route ${id}: release`, () => buildRelease(id, settings.release, names));
  const plan = planOf(settings, policies, release, sides, parts.kept);
  const block = site.block(`route:${id}|`);
  const [firstBlock = block, ...others] = blocks;
  return { id, block, firstBlock, otherBlocks: others.length === 0 ? NO_BLOCKS : others, plan };
}

const NO_BLOCKS: readonly number[] = Object.freeze([]);

/**
 * The plan of a route, and what it keeps of the settings. The rest is garbage as soon as the route is compiled, while it
 * is cheap to collect; and thousands of plain routes to a few upstreams share a few plans, which requests find in the
 * processor's caches.
 */
function planOf(
  { release: asked, listeners, fallback: asFallback, faults }: RouteSettings,
  policies: Policies,
  release: Release,
  destinations: readonly Destination[],
  kept: Parts['kept'],
): Plan {
  const { gates, answers, rewrite } = policies;
  const fallback = compileFallback(asFallback, destinations.length);
  const rest = { gates, answers, release, destinations, rewrite, fallback, faults };
  const said = plainlySaid(asked);
  if (said === undefined) return { settings: { release: asked, listeners }, ...rest };
  const saying = `${said} ${listeners.join(' ')}`;
  const known = kept.get(saying) ?? { settings: { release: asked, listeners }, plan: undefined };
  kept.set(saying, known);
  const plan = { settings: known.settings, ...rest };
  if (!isPlain(policies) || fallback !== undefined || faults !== undefined) return plan;
  known.plan ??= plan;
  // A release of the route's own speaks of it by name.
  return known.plan.release === release ? known.plan : plan;
}

/** A fallback upstream is the last of the plan's. */
function compileFallback(settings: RouteSettings['fallback'], destinations: number): Fallback | undefined {
  if (settings?.upstream !== undefined) return { upstream: destinations - 1 };
  if (settings?.reply === undefined) return undefined;
  const { status, headers, body } = settings.reply;
  const lines = Object.entries(headers).map(([name, value]) => [name, headText(value)] as const);
  return { reply: { status, headers: lines, body } };
}

/** Puts a route where the requests of each of its listeners find it. */
function placeRoute(route: Route, match: RouteSettings['match'], places: Map<string, MatcherBuilder>): void {
  for (const listener of route.plan.settings.listeners) {
    const builder = places.get(listener);
    if (builder === undefined) throw new Error(`route ${route.id}: there is no listener ${listener}`);
    builder.add(route, match);
  }
}

function compileListener(
  id: string,
  settings: ListenerSettings,
  block: number,
  matcher: Pick<ListenerTable, 'match'>,
): ListenerTable {
  const trusts = about(`listener ${id}`, () => trustMatcher(settings.trustedProxies));
  const match: ListenerTable['match'] = (request) => matcher.match(request);
  return { id, settings, internal: settings.zone === 'internal', block, trusts, match };
}

function compileCorrelation(settings: CorrelationSettings, names: NameSet): Correlation {
  const { header, context, caller } = settings;
  return {
    header,
    number: names.add(header),
    context: context.map((name) => ({ name, number: names.add(name) })),
    caller: caller === undefined ? -1 : names.add(caller),
  };
}

/** Does a part of the work; what it throws is told with its place. */
function about<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new Error(`${place}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
