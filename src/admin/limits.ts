/**
 * How often one client may ask.
 *
 * Rule: counted by address, so that a loop gone wild on one machine does not take the control thread from everybody; what
 * keeps nothing but health and metrics alive is not counted. Whoever guesses tokens is stopped much sooner;
 * who was heard from that address before goes on, or one service with an old token would take the leases of its neighbours.
 */

import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { Refused } from './problem.ts';

/** Wrong tokens of one address within GUESS_WINDOW, after which it is not heard. */
const GUESSES = 20;
const GUESS_WINDOW = 10_000;
/** Addresses whose guesses are remembered. */
const GUESSERS = 10_000;

/** `most`: requests a second, asked anew each time, as the document may change. */
export async function limitRequests(server: FastifyInstance, most: () => number): Promise<void> {
  await server.register(rateLimit, {
    timeWindow: 1000,
    max: most,
    keyGenerator: ({ ip }) => keyOf(ip),
    cache: 10_000,
    allowList: (request) => request.routeOptions.config.need === 'open',
    addHeaders: NO_HEADERS,
    addHeadersOnExceeding: NO_HEADERS,
    errorResponseBuilder: (_request, { max }) => {
      const advice = 'ask less often, or raise `admin.limits.requests`';
      return new Refused(429, 'rate_limited', `more than ${max} requests a second; ${advice}`, { retryAfter: 1 });
    },
  });
}

/**
 * Who is counted as one: an address, of IPv6 the network of 64 bits, which one machine has to itself. A connection that is
 * gone already has none.
 */
export function keyOf(address: string | undefined): string {
  if (address === undefined) return 'gone';
  if (!address.includes(':') || address.startsWith('::ffff:')) return address.replace('::ffff:', '');
  const [head, tail = []] = address
    .toLowerCase()
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const between = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return `${[...head, ...between, ...tail].slice(0, 4).join(':')}::/64`;
}

/** They would go out with every answer. */
const NO_HEADERS = {
  'x-ratelimit-limit': false,
  'x-ratelimit-remaining': false,
  'x-ratelimit-reset': false,
  'retry-after': false,
};

/** Counts wrong tokens by address. */
export class Guesses {
  private readonly now: () => number;
  private readonly counts = new Map<string, { count: number; until: number }>();
  /** Who was heard, and where. */
  private readonly heard = new Set<string>();

  constructor(now: () => number) {
    this.now = now;
  }

  /** Why the address is not heard, where it has guessed too often. */
  refusal(address: string | undefined): Refused | undefined {
    const key = keyOf(address);
    const known = this.counts.get(key);
    if (known === undefined || known.count < GUESSES) return undefined;
    const left = known.until - this.now();
    if (left <= 0) {
      this.counts.delete(key);
      return undefined;
    }
    const seconds = Math.ceil(left / 1000);
    const detail = `too many wrong tokens from ${key}; wait ${seconds} s`;
    return new Refused(429, 'rate_limited', detail, { retryAfter: seconds });
  }

  /** Somebody whose token is right was heard there. */
  right(address: string | undefined, name: string): void {
    if (this.heard.size >= GUESSERS) this.heard.clear();
    this.heard.add(`${keyOf(address)} ${name}`);
  }

  /** Whether he was heard there before anybody guessed: what he sends now is no guess that came true. */
  knows(address: string | undefined, name: string): boolean {
    return this.heard.has(`${keyOf(address)} ${name}`);
  }

  wrong(address: string | undefined): void {
    const now = this.now();
    const key = keyOf(address);
    const known = this.counts.get(key);
    if (known === undefined || known.until <= now) {
      if (this.counts.size >= GUESSERS) this.counts.clear();
      this.counts.set(key, { count: 1, until: now + GUESS_WINDOW });
    } else {
      known.count += 1;
    }
  }
}
