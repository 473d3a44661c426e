/**
 * From a document to the table that traffic runs on.
 *
 * Rule: pure but for the site, which lends living upstreams and numbers of counters; the same document gives the same
 * table on every thread. The only file that calls the sisters' `build.ts`. What a document asks for and cannot be built
 * (an unknown upstream, an expression that RE2 cannot run) throws an Error whose message names the route.
 */

import { UNMATCHED_KEY } from '../core/ledger.ts';
import { NameSet } from '../core/names.ts';
import { buildPolicies } from '../policy/build.ts';
import { buildRelease } from '../release/build.ts';
import { sidesOf } from '../release/sides.ts';
import { buildMatcher } from '../routing/match.ts';
import { Patterns } from '../routing/match-regex.ts';
import type {
  Choice,
  Correlation,
  CorrelationSettings,
  ListenerSettings,
  ListenerTable,
  Route,
  RouteSettings,
  Table,
} from '../routing/route.ts';
import { trustMatcher } from '../routing/trust.ts';
import type { Upstream, UpstreamSettings } from '../upstream/upstream.ts';
import type { Document } from './document.ts';

/** What a table borrows from the place it runs in. */
export interface Site {
  upstream(id: string, settings: UpstreamSettings, block: number): Upstream;
  /** The block of counters of a key: `route:<id>|<upstream>`, `route:<id>|`, `upstream:<id>`, `listener:<id>`. */
  block(key: string): number;
}

/** Compiles a valid document. `revision`: its hash. Throws an Error in words where a part cannot be built. */
export function compile(document: Document, revision: string, site: Site): Table {
  const names = new NameSet();
  // Asked for first, so that a site that counts up gives exchanges of no route block 0.
  site.block(UNMATCHED_KEY);
  const correlation = compileCorrelation(document.correlation, names);
  const upstreams = new Map<string, Upstream>();
  for (const [id, settings] of Object.entries(document.upstreams)) {
    upstreams.set(id, site.upstream(id, settings, site.block(`upstream:${id}`)));
  }
  const secure = new Set<string>();
  for (const [id, { tls }] of Object.entries(document.listeners)) if (tls.length > 0) secure.add(id);
  const routes = new Map<string, Route>();
  for (const [id, settings] of Object.entries(document.routes)) {
    routes.set(id, compileRoute(id, settings, { names, site, upstreams, secure }));
  }
  const listeners = compileListeners(document.listeners, [...routes.values()], names, site);
  const { notice, limit } = document.drain;
  return { revision, names, correlation, listeners, routes, upstreams, drain: { notice, limit } };
}

interface Parts {
  readonly names: NameSet;
  readonly site: Site;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly secure: ReadonlySet<string>;
}

function compileRoute(id: string, settings: RouteSettings, parts: Parts): Route {
  const { names, site, upstreams, secure } = parts;
  const { path } = settings.match;
  const place = { route: id, path: path?.kind === 'regex' ? undefined : path?.value, secure };
  const policies = buildPolicies(settings, place, names);
  const choices = sidesOf(settings.release).map((side): Choice => {
    const upstream = upstreams.get(side);
    if (upstream === undefined) throw new Error(`route ${id}: there is no upstream ${side}`);
    return { upstream, block: site.block(`route:${id}|${side}`) };
  });
  const release = about(`route ${id}: release`, () => buildRelease(id, settings.release, names));
  return { id, settings, block: site.block(`route:${id}|`), release, choices, ...policies };
}

function compileListeners(
  listeners: Document['listeners'],
  routes: readonly Route[],
  names: NameSet,
  site: Site,
): ReadonlyMap<string, ListenerTable> {
  const patterns = new Patterns();
  const served = new Map<string, Route[]>(Object.keys(listeners).map((id) => [id, []]));
  for (const route of routes) {
    const { path } = route.settings.match;
    if (path?.kind === 'regex') about(`route ${route.id}: match.path.regex`, () => patterns.compile(path.value));
    for (const listener of route.settings.listeners) {
      const list = served.get(listener);
      if (list === undefined) throw new Error(`route ${route.id}: there is no listener ${listener}`);
      list.push(route);
    }
  }
  const tables = new Map<string, ListenerTable>();
  for (const [id, settings] of Object.entries(listeners)) {
    const matcher = buildMatcher(served.get(id) ?? [], names, patterns);
    tables.set(id, compileListener(id, settings, site.block(`listener:${id}`), matcher));
  }
  return tables;
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
