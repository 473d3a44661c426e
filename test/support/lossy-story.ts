/**
 * What a router does where the network between it and its members loses packets: told once, for a relay that loses them and
 * for a network namespace that does.
 */

import { type Act, startActing } from './acting-origin.ts';
import { startRouterWithApp } from './app.ts';
import { callers } from './caller.ts';
import { scrape, sumOf } from './chaos/books.ts';
import { settled } from './leaks.ts';
import { startLossyRelay } from './lossy-relay.ts';
import { storyDocument } from './story-document.ts';

const WIDTH = 48;
const METHODS = ['GET', 'POST', 'PUT', 'POST', 'DELETE'] as const;

export interface Plan {
  readonly requests: number;
  /** For each member, which share of its packets the relay before it loses; 0: there is no relay. */
  readonly loss: readonly number[];
}

export interface Outcome {
  /** Answers by status: of requests that may be sent again, and of POST. */
  readonly again: Readonly<Record<string, number>>;
  readonly once: Readonly<Record<string, number>>;
  /** POSTs that were delivered more than once. */
  readonly twice: readonly string[];
  /** Requests that the members got, and further tries. */
  readonly received: number;
  readonly retries: number;
  readonly late: number;
  readonly reset: number;
}

export async function lossyStory({ requests, loss }: Plan): Promise<Outcome> {
  const posts = new Map<string, number>();
  const act: Act = (asked) => {
    const { method, target } = asked;
    if (method === 'POST') posts.set(target, (posts.get(target) ?? 0) + 1);
    asked.whole(() => asked.reply(200, target));
  };
  const members = await Promise.all(loss.map(() => startActing(act)));
  const relays = await Promise.all(
    members.map((member, i) =>
      loss[i] === 0 ? undefined : startLossyRelay(member.address, member.port, loss[i], i + 1),
    ),
  );
  const endpoints = members.map(({ url }, i) => relays[i]?.url ?? url);
  const timeout = { connect: '1s', attempt: '1s', total: '8s' };
  const router = await startRouterWithApp(storyDocument({ cart: { endpoints, timeout, circuitBreaker: 'off' } }), {
    workers: 2,
  });
  const again: Record<string, number> = {};
  const once: Record<string, number> = {};
  let made = 0;
  try {
    await callers(router.port(), WIDTH, (caller) => {
      if (made === requests) return undefined;
      made += 1;
      const method = METHODS[made % METHODS.length];
      const body = method === 'POST' || method === 'PUT' ? 'p'.repeat(made % 3_000) : '';
      const target = `/cart/${made}`;
      return caller.ask(method, target, body).then((answer) => {
        const book = method === 'POST' ? once : again;
        const end = answer.status === 200 && answer.body !== target ? 'wrong' : answer.status;
        book[end] = (book[end] ?? 0) + 1;
      });
    });
    await settled(router, 20_000);
    const samples = await scrape(router.adminUrl);
    return {
      again,
      once,
      twice: [...posts].filter(([, count]) => count > 1).map(([target]) => target),
      received: members.reduce((sum, { received }) => sum + received, 0),
      retries: sumOf(samples, 'signalbox_upstream_retries_total'),
      late: relays.reduce((sum, relay) => sum + (relay?.lost.late ?? 0), 0),
      reset: relays.reduce((sum, relay) => sum + (relay?.lost.reset ?? 0), 0),
    };
  } finally {
    await router.stop();
    await Promise.all(relays.map((relay) => relay?.stop()));
    await Promise.all(members.map((member) => member.kill()));
  }
}
