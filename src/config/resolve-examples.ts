/**
 * Examples: requests with the answer the author expects of the table.
 *
 * Rule: what can be seen from the document alone (names, the form of the request, an upstream that the route cannot reach)
 * is checked here; asking the table is left to rehearse.ts.
 */

import type { RouteSettings } from '../routing/route.ts';
import type { ExampleSettings } from './document.ts';
import { type Names, refer } from './names.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { textOf } from './reader.ts';
import { report } from './resolve-match.ts';
import { upstreamsOf } from './resolve-release.ts';
import { child, entries, has, items, type Node, nameOf, shown } from './tree.ts';
import { valueFlaw } from './wording.ts';

/** No route may match. */
const NO_ROUTE = '_none';
const REQUEST = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ +(?:https?:\/\/[^/?#\\\s]+(?:[/?][!-"$-~]*)?|\/[!-"$-~]*|\*)$/i;

export function resolveExamples(
  root: Node,
  names: Names,
  routes: Readonly<Record<string, RouteSettings>>,
  problems: Problems,
): ExampleSettings[] {
  return items(child(root, 'examples')).flatMap((node) => resolveExample(node, names, routes, problems) ?? []);
}

function resolveExample(
  node: Node,
  names: Names,
  routes: Readonly<Record<string, RouteSettings>>,
  problems: Problems,
): ExampleSettings | undefined {
  const requestNode = child(node, 'request');
  const request = textOf(requestNode);
  if (requestNode !== undefined && request !== undefined && !REQUEST.test(request)) {
    const advice = 'write a method and a URL: `GET http://cart.internal/cart/7`';
    problems.error(atValue(requestNode), `request: ${shown(requestNode)} is no request`, advice);
  } else if (requestNode !== undefined && request !== undefined && isRefused(request)) {
    const reason = `request: ${shown(requestNode)} is answered 400 before any route is asked`;
    problems.error(atValue(requestNode), reason, 'write a request that may lead to a route');
  }
  const routeNode = child(node, 'route');
  const none = textOf(routeNode) === NO_ROUTE;
  const route = none ? NO_ROUTE : refer(routeNode, 'route', names, problems);
  const upstreamNode = child(node, 'upstream');
  const upstream = refer(upstreamNode, 'upstream', names, problems);
  const listener = refer(child(node, 'listener'), 'listener', names, problems);
  if (!has(node, 'route') && !has(node, 'upstream'))
    problems.error(atValue(node), `${nameOf(node)} expects nothing`, 'add the `route` or `upstream` it must lead to');
  if (none && upstreamNode !== undefined)
    problems.error(
      atKey(upstreamNode),
      'an example that no route may match reaches no upstream',
      'remove one of the two',
    );
  const settings = route !== undefined && Object.hasOwn(routes, route) ? routes[route] : undefined;
  const reachable = settings === undefined ? undefined : upstreamsOf(settings.release);
  if (
    upstreamNode !== undefined &&
    upstream !== undefined &&
    names.upstream.has(upstream) &&
    reachable?.has(upstream) === false
  ) {
    const known = reachable.size === 0 ? 'it leads to none' : `it leads to ${[...reachable].join(', ')}`;
    problems.error(atValue(upstreamNode), `route "${route}" never leads to ${shown(upstreamNode)}`, known);
  }
  if (request === undefined) return undefined;
  return { request, headers: resolveHeaders(child(node, 'headers'), problems), listener, route, upstream };
}

/** CONNECT, `*` of another method than OPTIONS, and a port that there is not. */
function isRefused(request: string): boolean {
  const [method, target] = request.split(/ +/);
  const port = /^https?:\/\/[^/?]*:(\d+)(?:[/?]|$)/i.exec(target)?.[1];
  return method === 'CONNECT' || (target === '*' && method !== 'OPTIONS') || Number(port ?? 0) > 65_535;
}

function resolveHeaders(node: Node | undefined, problems: Problems): Record<string, string> {
  return Object.fromEntries(
    entries(node).flatMap(([name, value]) => {
      const text = textOf(value);
      return text === undefined || report(value, valueFlaw(text), problems) ? [] : [[name.toLowerCase(), text]];
    }),
  );
}
