/**
 * What the demo's services do: carts that ask for tax, orders that ask for carts, two clusters of a game.
 *
 * Rule: no service knows where another one lives; whatever it needs it asks of the router by a well-known URL. State is
 * a few maps in memory and is gone with the process.
 */

import type { IncomingMessage } from 'node:http';
import type { Answered, Call } from './call.ts';

/** A request as a service sees it. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly url: URL;
  /** The JSON of the request; undefined where it has none. */
  readonly body: unknown;
  /** Sends a request to the router, with the correlation headers of this one. */
  readonly call: (call: Call) => Promise<Answered>;
  readonly log: (what: string) => void;
}

/** A reply; `stream` is handed a function that sends server-sent events, and returns what ends it. */
export type Given =
  | { readonly status: number; readonly body: unknown }
  | { readonly stream: (send: (event: unknown) => void) => () => void };

export type Serve = (asked: Asked) => Promise<Given>;

const NOT_FOUND: Given = { status: 404, body: { error: 'no such thing in this shop' } };
const TAX_PERCENT = 19;

export function tax(): Serve {
  return async ({ url }) => {
    if (url.pathname !== '/rate') return NOT_FOUND;
    const amount = Number(url.searchParams.get('amount'));
    return { status: 200, body: { amount, tax: Math.round((amount * TAX_PERCENT) / 100) } };
  };
}

interface Item {
  readonly sku: string;
  readonly price: number;
  readonly tax: number;
}

/** Carts by owner. Both versions of the cart read the same memory, as both would read the same database. */
export function cart(version: string, carts: Map<string, Item[]>): Serve {
  return async (asked) => {
    const [, owner, what] = asked.url.pathname.split('/').slice(1);
    if (owner === undefined || owner === '') return NOT_FOUND;
    const items = carts.get(owner) ?? [];
    if (asked.request.method === 'POST' && what === 'items') {
      const { sku, price } = itemOf(asked.body);
      asked.log(`${sku} for ${price} into the cart of ${owner}, asks tax.internal`);
      const headers = { host: 'tax.internal' };
      const rate = await asked.call({ method: 'GET', path: `/rate?amount=${price}`, headers });
      if (rate.status !== 200) return { status: 502, body: { error: `tax answered ${rate.status}` } };
      carts.set(owner, [...items, { sku, price, tax: numberIn(rate.body, 'tax') }].slice(-20));
      return { status: 201, body: { served: version, owner, items: carts.get(owner)?.length } };
    }
    asked.log(`cart of ${owner}`);
    return { status: 200, body: { served: version, owner, items, total: totalOf(items) } };
  };
}

function totalOf(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + item.price + item.tax, 0);
}

function itemOf(body: unknown): { sku: string; price: number } {
  const sku = (body as { sku?: unknown } | undefined)?.sku;
  return { sku: typeof sku === 'string' ? sku : 'thing', price: numberIn(body, 'price') };
}

function numberIn(body: unknown, name: string): number {
  const value = Number((body as Record<string, unknown> | undefined)?.[name]);
  return Number.isFinite(value) ? value : 0;
}

/** Takes orders, which asks for the cart; `GET /orders/events` streams each order as it is taken. */
export function orders(): Serve {
  const listeners = new Set<(event: unknown) => void>();
  let last = 0;
  return async (asked) => {
    if (asked.request.method === 'GET' && asked.url.pathname === '/orders/events') {
      asked.log('somebody listens to orders');
      return {
        stream: (send) => {
          send({ listening: true, ordersSoFar: last });
          listeners.add(send);
          return () => listeners.delete(send);
        },
      };
    }
    if (asked.request.method !== 'POST') return { status: 200, body: { ordersSoFar: last } };
    const owner = String((asked.body as { owner?: unknown } | undefined)?.owner ?? 'nobody');
    asked.log(`order of ${owner}, asks for the cart`);
    const found = await asked.call({ method: 'GET', path: `/cart/${encodeURIComponent(owner)}`, headers: {} });
    if (found.status !== 200) return { status: 502, body: { error: `cart answered ${found.status}` } };
    last++;
    const order = { order: last, owner, total: numberIn(found.body, 'total') };
    for (const send of listeners) send(order);
    return { status: 201, body: order };
  };
}

/** One cluster of the game; its colour is all it knows. */
export function game(colour: 'red' | 'white'): Serve {
  return async (asked) => {
    asked.log(`a client of version ${asked.request.headers['x-client-version'] ?? 'unknown'} plays here`);
    return { status: 200, body: { cluster: colour, path: asked.url.pathname } };
  };
}

export const SHOP_PORTS = {
  cart: 7001,
  'cart-v2': 7002,
  tax: 7003,
  orders: 7004,
  'game-red': 7005,
  'game-white': 7006,
};

export type ServiceName = keyof typeof SHOP_PORTS;

/** Every service of the shop, by the name of its upstream in routes.yaml. */
export function shop(): Record<ServiceName, Serve> {
  const carts = new Map<string, Item[]>();
  return {
    cart: cart('cart', carts),
    'cart-v2': cart('cart-v2', carts),
    tax: tax(),
    orders: orders(),
    'game-red': game('red'),
    'game-white': game('white'),
  };
}
