/**
 * Traffic of a whole company: many services that call each other, some much, most little.
 *
 * Rule: the same for the same count, whatever the day. Rates fall like those of real services do: a few carry nearly all of
 * it. One service in 25 fails some of its requests, and every eighth route is a canary over two upstreams.
 */

import type { FakeWorld } from './fake-world.ts';
import { type FlowLine, frameOf } from './frames.ts';

const TEAMS = ['cart', 'search', 'orders', 'payments', 'catalog', 'media', 'users', 'stock', 'prices', 'mail'];

/** The name of service `i`: `cart`, `search`, ..., `cart-2`, ... */
function serviceName(i: number): string {
  const round = Math.floor(i / TEAMS.length);
  return round === 0 ? TEAMS[i] : `${TEAMS[i % TEAMS.length]}-${round + 1}`;
}

/** A route for each of `count` services, and who calls it. */
export function manyFlows(count: number): FlowLine[] {
  return Array.from({ length: count }, (_, i) => i).flatMap((i): FlowLine[] => {
    const route = serviceName(i);
    const rate = 900 / (1 + i) ** 1.1;
    const errors = i % 25 === 7 ? 0.08 : 0;
    const outside = i % 3 === 0 ? 'web' : i % 3 === 1 ? 'mobile' : serviceName((i * 7 + 3) % Math.max(3, count >> 2));
    const inside = serviceName((i * 5 + 1) % Math.max(3, count >> 1));
    const callers: [string, number][] = [
      [outside, rate * 0.7],
      [inside, rate * 0.3],
    ];
    return callers.flatMap(([caller, part]): FlowLine[] =>
      i % 8 === 2
        ? [
            [caller, route, `${route}-svc`, part * 0.9, errors],
            [caller, route, `${route}-next`, part * 0.1, errors],
          ]
        : [[caller, route, `${route}-svc`, part, errors]],
    );
  });
}

/** Puts that traffic into the world, in place of the shop's. */
export function crowdIn(world: FakeWorld, count: number): void {
  const lines = manyFlows(count);
  const written = lines.map(([, route, upstream]) => [route, { match: { path: `/${route}` }, upstream }] as const);
  world.routes = Object.fromEntries(written);
  const frameOfShop = world.frame.bind(world);
  world.frame = (interval) => {
    const { at, revision, total } = frameOfShop(interval);
    const wave = total.rate / 800;
    const moved = lines.map(([caller, route, upstream, rate, errors]): FlowLine => {
      return [caller, route, upstream, rate * wave, errors];
    });
    return { ...frameOf(0, moved), at, revision, interval };
  };
}
