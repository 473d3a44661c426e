/**
 * What the demo tells a person at the start, and now and then: the URLs to try, and how the traffic was shared out.
 *
 * Rule: every command printed here works as it stands, on the ports in use. The README shows the same ones.
 */

import type { AccessLine } from './print.ts';

export interface Addresses {
  readonly internal: number;
  readonly edge: number;
  readonly admin: number;
  /** The document the router watches. */
  readonly document: string;
}

/** The welcome, with commands to copy. */
export function guide(at: Addresses): string {
  const edge = `http://127.0.0.1:${at.edge}`;
  const inside = `http://127.0.0.1:${at.internal}`;
  const admin = `http://127.0.0.1:${at.admin}`;
  const command = 'npm run -s signalbox --';
  const asks = `--admin ${admin}`;
  return `
Signalbox routes. Outside clients come in at ${edge}, services call each other at ${inside}.
Each line below begins with the correlation id of the message it is about. To try in another terminal:

  one request through two services, one id in both their lines (it comes back as x-correlation-id):
    curl -i -X POST ${inside}/cart/ada/items -d '{"sku":"lamp","price":4900}' -H 'x-correlation-id: my-own-id-1'
  the weighted split, 80 to 20:
    for i in 1 2 3 4 5 6 7 8 9 10; do curl -s ${edge}/cart/ada; done
  the same user stays on one side; an internal caller may ask for the other:
    curl -s ${inside}/cart/ada -H 'x-user-id: ada'
    curl -s ${inside}/cart/ada -H 'x-user-id: ada' -H 'x-signalbox-upstream: cart-v2'
  red and white by the client's version; a version nobody serves:
    curl -s ${edge}/game/join -H 'x-client-version: 1.6.2'
    curl -s ${edge}/game/join -H 'x-client-version: 2.1.0'
    curl -s ${edge}/game/join -H 'x-client-version: 1.0.0'
  a well-known name, for services only:
    curl -s ${inside}/rate?amount=1000 -H 'host: tax.internal'
  a stream that leaves at once (Ctrl-C ends it):
    curl -N ${edge}/orders/events
  no route, said in problem+json:
    curl -i ${edge}/nowhere
  the dashboard, and a page to try the API:
    ${admin}/    ${admin}/docs
  live rates in the terminal; where a request would go, and why:
    ${command} top ${asks}
    ${command} explain GET ${edge}/cart/ada ${asks}
  half of the carts to the new version, said before it is done, then done; and who changed what:
    ${command} weight cart cart=50 cart-v2=50 --dry-run ${asks}
    ${command} weight cart cart=50 cart-v2=50 --reason 'the new one is fine' ${asks}
    ${command} revisions ${asks}
  metrics and health:
    curl -s ${admin}/metrics | grep signalbox_requests_total
    curl -i ${admin}/readyz
  or change the split by hand while all this runs: edit ${at.document} and save.

Ctrl-C stops everything.
`;
}

/** Counts what the router's access log says, for a summary line. */
export class Tally {
  private readonly counts = new Map<string, number>();

  count(line: AccessLine): void {
    const key = line.upstream ?? line.code ?? String(line.status);
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** `cart 41, cart-v2 9 | game-red 12, game-white 13 | no_route 2`, related names side by side. */
  summary(): string {
    const groups = new Map<string, string[]>();
    for (const [key, count] of [...this.counts].sort()) {
      const family = key.split('-')[0];
      groups.set(family, [...(groups.get(family) ?? []), `${key} ${count}`]);
    }
    return [...groups.values()].map((group) => group.join(', ')).join(' | ');
  }
}
