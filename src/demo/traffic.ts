/**
 * The trickle of traffic beside the demo: a request or two a second, from outside and from inside.
 *
 * Rule: it goes round a fixed list, so that everything worth seeing comes by within half a minute; what the router
 * answers is printed by the router's own log, not here. It stops when told to.
 */

import { Agent } from 'node:http';
import { type Call, callRouter } from './call.ts';

export interface Doors {
  readonly internal: number;
  readonly edge: number;
}

interface Visit extends Call {
  readonly door: keyof Doors;
}

// Eleven, so that every visit of the round meets every user: the round has eight.
const USERS = ['ada', 'ben', 'cleo', 'dan', 'eva', 'finn', 'gina', 'hugo', 'iris', 'jon', 'kim'];
const WARES: readonly (readonly [sku: string, price: number])[] = [
  ['lamp', 4900],
  ['kettle', 3500],
  ['chair', 12900],
];
const PACE = 650;

/** The visit number `n`; users, wares and client versions go round at different lengths. */
export function visit(n: number): Visit {
  const lap = Math.floor(n / 8);
  const user = USERS[n % USERS.length];
  const [sku, price] = WARES[n % WARES.length];
  const edge = { door: 'edge', method: 'GET', headers: { host: 'shop.example' } } as const;
  // The shop's own web server: it knows the user and says so, which keeps the user on one side of the split.
  const web = { door: 'internal', method: 'GET', headers: { 'x-caller': 'web', 'x-user-id': user } } as const;
  const game = (version: string): Visit => ({
    ...edge,
    path: '/game/join',
    headers: { ...edge.headers, 'x-client-version': version },
  });
  const round: readonly Visit[] = [
    { ...web, method: 'POST', path: `/cart/${user}/items`, body: { sku, price } },
    game(lap % 2 === 0 ? '1.6.2' : '1.9.0'),
    game('2.1.0'),
    { ...edge, method: 'POST', path: '/orders', body: { owner: user } },
    { ...web, path: `/cart/${user}` },
    { ...edge, path: `/cart/${user}` },
    lap % 3 === 0 ? game('1.0.0') : { ...edge, path: `/basket/${user}` },
    { ...edge, path: lap % 2 === 0 ? '/nowhere' : `/cart/${user}` },
  ];
  return round[n % round.length];
}

/** Starts the trickle; the returned function ends it and closes its connections. */
export function startTraffic(doors: Doors): () => void {
  const agent = new Agent({ keepAlive: true });
  let n = 0;
  const timer = setInterval(() => {
    const next = visit(n++);
    // A failure shows in the router's log; the trickle goes on.
    callRouter(agent, doors[next.door], next).catch(() => {});
  }, PACE);
  return () => {
    clearInterval(timer);
    agent.destroy();
  };
}
