/**
 * Listeners, drain and correlation: from the tree to settings, with every default.
 *
 * Rule: what would be less safe than it looks is refused: TLS that is not spoken, a zone left to guessing on an address that
 * others can reach. The admin port is resolve-admin.ts's.
 */

import type { CorrelationSettings, ListenerSettings, Zone } from '../routing/route.ts';
import { blockProblem } from '../routing/trust.ts';
import type { AdminSettings } from './document.ts';
import { DEFAULT_LISTENER } from './names.ts';
import { ownedFlaw } from './owned-headers.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { durationAt, isOff, numberAt, sizeAt, textAt, textOf } from './reader.ts';
import { child, entries, has, items, type Node, nameOf, shown } from './tree.ts';
import { type Address, addressAdvice, isLoopback, parseAddress } from './wording.ts';

const KIB = 1024;
/** Bytes a second of a request body, averaged: the default of zone edge. */
const EDGE_BODY_RATE = 256;

export function resolveListeners(root: Node, problems: Problems): Record<string, ListenerSettings> {
  const nodes = entries(child(root, 'listeners'));
  if (nodes.length === 0) return { [DEFAULT_LISTENER]: resolveListener(undefined, problems) };
  return Object.fromEntries(nodes.map(([id, node]) => [id, resolveListener(node, problems)]));
}

function resolveListener(node: Node | undefined, problems: Problems): ListenerSettings {
  const address = textAt(node, 'address') ?? '127.0.0.1:8080';
  const parsed = checkAddress(child(node, 'address'), problems);
  const zone = resolveZone(node, parsed, problems);
  refuseTls(node, problems);
  const limits = child(node, 'limits');
  const timeout = child(node, 'timeout');
  const rate = sizeAt(node, 'minBodyRate', zone === 'edge' ? EDGE_BODY_RATE : 0);
  return {
    address,
    zone,
    tls: [],
    trustedProxies: resolveBlocks(child(node, 'trustedProxies'), problems),
    limits: {
      target: sizeAt(limits, 'target', 16 * KIB),
      head: sizeAt(limits, 'head', 64 * KIB),
      headers: numberAt(limits, 'headers', 200),
      body: sizeAt(limits, 'body', Number.POSITIVE_INFINITY),
      connections: numberAt(limits, 'connections', 20_000),
    },
    timeout: {
      head: durationAt(timeout, 'head', 10_000),
      body: durationAt(timeout, 'body', 10_000),
      keepAlive: durationAt(timeout, 'keepAlive', 75_000),
    },
    minBodyRate: rate === Number.POSITIVE_INFINITY ? 0 : rate,
  };
}

export function checkAddress(node: Node | undefined, problems: Problems): Address | undefined {
  const text = textOf(node);
  if (node === undefined || text === undefined) return undefined;
  const parsed = parseAddress(text);
  const expanded = node.kind === 'scalar' && node.expanded;
  if (parsed === undefined)
    problems.error(atValue(node), `${nameOf(node)}: ${shown(node)} is no address`, addressAdvice(expanded ? '' : text));
  return parsed;
}

function resolveZone(node: Node | undefined, address: Address | undefined, problems: Problems): Zone {
  const zone = textAt(node, 'zone');
  if (zone === 'internal' || zone === 'edge') return zone;
  if (node !== undefined && address !== undefined && !has(node, 'zone') && !isLoopback(address)) {
    const reason = `"${nameOf(node)}" has no \`zone\`, and its address is not a loopback address`;
    const advice = 'add `zone: edge` where outside clients come in, `zone: internal` where only your own services do';
    problems.error(atKey(node), reason, advice);
  }
  return 'internal';
}

function refuseTls(node: Node | undefined, problems: Problems): void {
  const tls = child(node, 'tls');
  if (tls === undefined || isOff(tls) || (tls.kind === 'list' && tls.items.length === 0)) return;
  const reason = 'tls is not supported in this version: this listener would speak plain text';
  problems.error(atKey(tls), reason, 'end TLS in front of the router and remove the key, or write `off`');
}

function resolveBlocks(node: Node | undefined, problems: Problems): string[] {
  return items(node).flatMap((item) => {
    const block = textOf(item);
    if (block === undefined) return [];
    const wrong = blockProblem(block);
    if (wrong === undefined) return [block];
    problems.error(atValue(item), `${nameOf(item)}: ${shown(item)}: ${wrong}`, 'write a block or one address');
    return [];
  });
}

/** Two listeners, or a listener and admin, on one address, defaults included. Port 0 is never taken twice. */
export function checkAddresses(
  root: Node,
  listeners: Readonly<Record<string, ListenerSettings>>,
  admin: AdminSettings,
  problems: Problems,
): void {
  const owners = new Map<string, { name: string; node: Node | undefined }>();
  const take = (name: string, address: string, node: Node | undefined): void => {
    const parsed = parseAddress(address);
    if (parsed === undefined || parsed.port === 0) return;
    const host = parsed.host === 'localhost' ? '127.0.0.1' : parsed.host.toLowerCase();
    const key = `${host} ${parsed.port}`;
    const owner = owners.get(key);
    owners.set(key, owner ?? { name, node });
    if (owner === undefined) return;
    const spot = atValue(node ?? owner.node ?? root);
    problems.error(spot, `${name} and ${owner.name} have the same address`, 'give each its own port');
  };
  const nodes = child(root, 'listeners');
  for (const [id, { address }] of Object.entries(listeners))
    take(`listener "${id}"`, address, child(child(nodes, id), 'address'));
  take('admin', admin.address, child(child(root, 'admin'), 'address'));
}

export function resolveDrain(root: Node): { notice: number; limit: number } {
  const node = child(root, 'drain');
  return { notice: durationAt(node, 'notice', 5000), limit: durationAt(node, 'limit', 30_000) };
}

export function resolveCorrelation(root: Node, problems: Problems): CorrelationSettings {
  const node = child(root, 'correlation');
  const header = ownName(child(node, 'header'), problems) ?? 'x-correlation-id';
  const callerNode = child(node, 'caller');
  const caller = isOff(callerNode) ? undefined : (ownName(callerNode, problems)?.toLowerCase() ?? 'x-caller');
  const context: string[] = [];
  for (const item of items(child(node, 'context'))) {
    const name = ownName(item, problems)?.toLowerCase();
    if (name === undefined) continue;
    if (context.includes(name))
      problems.error(atValue(item), `${nameOf(item)}: ${shown(item)} stands here a second time`, 'keep one of the two');
    else context.push(name);
  }
  return { header, context, caller };
}

/** The name of a header that may carry what the document wants to carry in it: not one with a meaning of its own. */
function ownName(node: Node | undefined, problems: Problems): string | undefined {
  const name = textOf(node);
  if (node === undefined || name === undefined) return undefined;
  if (ownedFlaw(name, '') === undefined) return name;
  const reason = `${nameOf(node)}: ${shown(node)} has a meaning of its own`;
  problems.error(atValue(node), reason, 'name another header');
  return undefined;
}
