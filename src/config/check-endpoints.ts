/**
 * Endpoints that are the router itself.
 *
 * Rule: an upstream may be the router's own admin port, but is seldom meant to: every client of a route to it would ask there
 * from this machine. It is said, at the upstream.
 */

import type { DestinationSettings } from '../routing/route.ts';
import type { AdminSettings } from './document.ts';
import { atKey, type Problems } from './problems.ts';
import { child, type Node } from './tree.ts';
import { isLoopback, parseAddress } from './wording.ts';

const ANY = new Set(['0.0.0.0', '::']);

export function noticeOwnPort(
  root: Node,
  upstreams: Readonly<Record<string, DestinationSettings>>,
  admin: AdminSettings,
  problems: Problems,
): void {
  const own = parseAddress(admin.address);
  if (own === undefined || own.port === 0) return;
  const here = isLoopback(own) || ANY.has(own.host);
  const nodes = child(root, 'upstreams');
  for (const [id, { endpoints }] of Object.entries(upstreams)) {
    const found = endpoints.find(({ url }) => {
      if (!url.endsWith(`:${own.port}`)) return false;
      const address = parseAddress(url.slice(url.lastIndexOf('/') + 1));
      return address !== undefined && (address.host === own.host || (here && isLoopback(address)));
    });
    const node = child(nodes, id);
    if (found === undefined || node === undefined) continue;
    const reason = `"${id}" leads to the router's own admin port (${found.url})`;
    const advice = 'let clients ask the admin port itself, or make sure that `admin.token` or `admin.tokens` is set';
    problems.notice(atKey(node), reason, advice);
  }
}
