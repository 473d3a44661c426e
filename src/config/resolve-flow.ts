/**
 * Rollouts, invariants and alerts: their references and the order of their numbers.
 *
 * Rule: they have no effect in this version, and are checked as if they had, so that a document that is accepted today is
 * not refused by the version that gives them life. What is kept is what was written.
 */

import { type Names, refer, reportUnknown } from './names.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { numberOf, textOf } from './reader.ts';
import { child, entries, has, items, type Node, nameOf, shown } from './tree.ts';

export function resolveRollouts(root: Node, names: Names, problems: Problems): Record<string, unknown> {
  const rollouts = child(root, 'rollouts');
  for (const [, node] of entries(rollouts)) {
    const route = refer(child(node, 'route'), 'route', names, problems);
    const to = child(node, 'to');
    const upstream = refer(to, 'upstream', names, problems);
    if (route !== undefined && to !== undefined && upstream !== undefined && names.route.has(route))
      checkSide(root, route, upstream, to, problems);
    checkSteps(items(child(node, 'steps')), problems);
    for (const gate of items(child(node, 'gates'))) refer(gate, 'invariant', names, problems);
  }
  return mapOf(rollouts);
}

/** A rollout moves the weight of one side of a split. */
function checkSide(root: Node, route: string, upstream: string, to: Node, problems: Problems): void {
  const split = child(child(child(root, 'routes'), route), 'split');
  if (split === undefined || has(split, upstream)) return;
  problems.error(
    atValue(to),
    `to: ${shown(to)} is no side of the split of route "${route}"`,
    'add it there with weight 0',
  );
}

function checkSteps(steps: readonly Node[], problems: Problems): void {
  steps.forEach((step, index) => {
    const weight = numberOf(child(step, 'weight'));
    const before = numberOf(child(steps[index - 1], 'weight'));
    const last = index === steps.length - 1;
    if (weight !== undefined && before !== undefined && weight <= before)
      problems.error(atValue(step), `${nameOf(step)}: the weight does not grow`, `write more than ${before}`);
    if (!last && !has(step, 'for'))
      problems.error(
        atValue(step),
        `${nameOf(step)} does not say how long it lasts`,
        'add `for: 5m`; only the last step may stay',
      );
  });
}

const BOUNDS = ['equals', 'atLeast', 'atMost'];

export function resolveInvariants(root: Node, names: Names, problems: Problems): Record<string, unknown> {
  const invariants = child(root, 'invariants');
  for (const [id, node] of entries(invariants)) {
    for (const key of ['count', 'share', 'latency']) {
      refer(child(child(node, key), 'route'), 'route', names, problems);
      refer(child(child(node, key), 'upstream'), 'upstream', names, problems);
    }
    for (const end of ['of', 'to']) {
      const side = child(child(node, 'ratio'), end);
      const name = textOf(side);
      if (side !== undefined && name !== undefined)
        reportUnknown(name, shown(side), atValue(side), ['route', 'upstream'], names, problems);
    }
    if (!BOUNDS.some((key) => has(node, key)))
      problems.error(atKey(node), `invariant "${id}" has no bound`, 'add one of `equals`, `atLeast`, `atMost`');
  }
  return mapOf(invariants);
}

export function resolveAlerts(root: Node, problems: Problems): Record<string, unknown> {
  const alerts = child(root, 'alerts');
  for (const item of items(child(alerts, 'webhooks'))) {
    const url = textOf(item);
    if (url === undefined || (/^https?:\/\/[^/]/i.test(url) && URL.canParse(url))) continue;
    problems.error(atValue(item), `${nameOf(item)}: ${shown(item)} is no URL`, 'write `http://host:port/path`');
  }
  return mapOf(alerts);
}

function mapOf(node: Node | undefined): Record<string, unknown> {
  return Object.fromEntries(entries(node).map(([key, value]) => [key, plain(value)]));
}

/** The values of a tree, without places. */
function plain(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  return node.kind === 'list' ? items(node).map(plain) : mapOf(node);
}
