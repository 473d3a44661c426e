/**
 * From text to document: parse, read the environment, check the shape, resolve and check the meaning.
 *
 * Rule: pure, and it never throws for what a text says: whatever is wrong is in the reading, all of it at once, each
 * problem with its place. Only a text that is no YAML gives one problem, because nothing after it can be trusted. Parts
 * that are written as they were in a document read before are taken from there (known.ts).
 */

import type { DestinationSettings, RouteSettings } from '../routing/route.ts';

import { revisionOf } from './canonical.ts';
import { noticeOwnPort } from './check-endpoints.ts';
import { noticeLookAlikes } from './check-names.ts';
import { noticeTwins } from './check-routes.ts';
import { checkShape } from './check-shape.ts';
import type { Document, Reading } from './document.ts';
import { type Environment, expandTree } from './env.ts';
import { inherit } from './inherit.ts';
import { type Before, type Known, knownOf } from './known.ts';
import { type Names, namesOf } from './names.ts';
import { parseTree } from './parse.ts';
import { Problems } from './problems.ts';
import { numberOf } from './reader.ts';
import { resolveAdmin } from './resolve-admin.ts';
import { resolveExamples } from './resolve-examples.ts';
import { resolveAlerts, resolveInvariants, resolveRollouts } from './resolve-flow.ts';
import { checkAddresses, resolveCorrelation, resolveDrain, resolveListeners } from './resolve-listener.ts';
import { resolveRoute } from './resolve-route.ts';
import { resolveUpstream } from './resolve-upstream.ts';
import { DOCUMENT } from './shape-document.ts';
import { ROUTE } from './shape-route.ts';
import { UPSTREAM } from './shape-upstream.ts';
import type { Surroundings } from './surroundings.ts';
import { child, entries, type MapNode, type Node } from './tree.ts';

/**
 * Reads a document. `path` is what problems call the text; `env` is where `${NAME}` is looked up.
 * `before`: the document that it is to replace, if it was read with the same `env`. A byte order mark in front is read past.
 */
export function readDocument(text: string, path: string, env: Environment, before?: Before): Reading {
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text;
  const problems = new Problems(path, clean);
  const root = parseTree(clean, problems);
  const known = root === undefined ? undefined : knownOf(root, before);
  if (root !== undefined) {
    expandTree(root, clean, env, problems, known?.nodes);
    checkShape(root, DOCUMENT, problems, known?.nodes);
  }
  const document = root?.kind === 'map' ? resolveDocument(root, known, problems) : undefined;
  const list = problems.list();
  if (document === undefined || problems.failed) return { ok: false, problems: list };
  return {
    ok: true,
    document,
    revision: revisionOf(document, known !== undefined && known.nodes.size > 0),
    notices: list,
  };
}

function resolveDocument(root: MapNode, known: Known | undefined, problems: Problems): Document {
  const names = namesOf(root);
  const listeners = resolveListeners(root, problems);
  const admin = resolveAdmin(root, problems);
  checkAddresses(root, listeners, admin, problems);
  const correlation = resolveCorrelation(root, problems);
  const upstreams = resolveUpstreams(root, known, problems);
  noticeOwnPort(root, upstreams, admin, problems);
  const alike = { releases: new Map(), listeners: new Map() };
  const routes = resolveRoutes(root, { names, listeners, correlation: correlation.header, alike }, known, problems);
  noticeLookAlikes(root, { correlation, upstreams, routes }, problems);
  return {
    listeners,
    admin,
    workers: numberOf(child(root, 'workers')),
    drain: resolveDrain(root),
    correlation,
    upstreams,
    routes,
    ...resolveFlow(root, names, problems),
    examples: resolveExamples(root, names, routes, problems),
  };
}

function resolveUpstreams(
  root: Node,
  known: Known | undefined,
  problems: Problems,
): Record<string, DestinationSettings> {
  const defaults = child(root, 'defaults');
  return Object.fromEntries(
    entries(child(root, 'upstreams')).map(([id, node]) => [
      id,
      known?.upstreams.get(node) ?? resolveUpstream(inherit(node, defaults, UPSTREAM), problems),
    ]),
  );
}

function resolveRoutes(
  root: Node,
  around: Surroundings,
  known: Known | undefined,
  problems: Problems,
): Record<string, RouteSettings> {
  const defaults = child(root, 'defaults');
  const nodes = new Map(entries(child(root, 'routes')));
  const routes = Object.fromEntries(
    [...nodes].map(([id, node]) => [
      id,
      known?.routes.get(node) ?? resolveRoute(node, inherit(node, defaults, ROUTE), around, problems),
    ]),
  );
  // What was refused in part would look like something that was never written.
  if (problems.failed) return routes;
  noticeTwins(routes, nodes, problems);
  if (nodes.size === 0) {
    const advice = 'add one under `routes`';
    problems.notice({ offset: 0, pointer: '' }, 'there are no routes: every request is answered 404', advice);
  }
  return routes;
}

function resolveFlow(
  root: Node,
  names: Names,
  problems: Problems,
): Pick<Document, 'rollouts' | 'invariants' | 'alerts'> {
  return {
    rollouts: resolveRollouts(root, names, problems),
    invariants: resolveInvariants(root, names, problems),
    alerts: resolveAlerts(root, problems),
  };
}
