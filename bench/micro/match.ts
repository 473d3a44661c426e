/**
 * How long matching takes with 10, 1,000 and 100,000 routes: `node bench/micro/match.ts`.
 *
 * Rule: hosts, targets and paths are flat strings, as wire and document give them; answers are checked before anything is timed. `hot`
 * asks for the same ten routes whatever the table holds, as traffic mostly does; `spread` asks for all routes in turn, so
 * that memory that is not in the processor's caches shows.
 */

import type { RequestFacts } from '../../src/core/exchange.ts';
import { NameSet } from '../../src/core/names.ts';
import type { Matcher } from '../../src/routing/match.ts';
import { MatcherBuilder } from '../../src/routing/match-build.ts';
import { Patterns } from '../../src/routing/match-regex.ts';
import type { Route } from '../../src/routing/route.ts';
import { tell } from './timing.ts';

const ROUNDS = 5;
const MATCHES = 300_000;

class Facts implements RequestFacts {
  readonly method = 'GET';
  readonly minor = 1;
  target = '';
  host = '';
  field(): string | undefined {
    return undefined;
  }
}

function route(id: string): Route {
  return {
    id,
    block: 0,
    firstBlock: 0,
    otherBlocks: [],
    plan: {
      settings: { release: { split: [], mode: 'proxy' }, listeners: [] },
      gates: [],
      answers: [],
      release: { choose: () => ({ index: 0, version: undefined }) },
      destinations: [],
      fallback: undefined,
      faults: undefined,
      rewrite: { target: undefined, host: undefined, request: undefined, response: undefined },
    },
  };
}

type Shape = 'paths' | 'hosts';

function matcherOf(count: number, shape: Shape): Matcher {
  const builder = new MatcherBuilder(new NameSet(), new Patterns());
  for (let i = 0; i < count; i++) {
    const host = shape === 'hosts' ? `svc-${i}.internal` : undefined;
    const value = shape === 'hosts' ? '/api' : `/team-${i % 97}/service-${i}`;
    const match = { ...(host === undefined ? {} : { host }), headers: {}, query: {} };
    builder.add(route(`r${i}`), { ...match, path: { kind: 'prefix', value: flat(value) } });
  }
  const steps = builder.build();
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

interface Asked {
  readonly host: string;
  readonly target: string;
  readonly id: string;
}

function wanted(count: number, used: number, shape: Shape, tail: string): Asked[] {
  return Array.from({ length: used }, (_, n) => {
    const i = (n * 7919) % count;
    const host = shape === 'hosts' ? `svc-${i}.internal` : 'shop.internal';
    const path = shape === 'hosts' ? '/api' : `/team-${i % 97}/service-${i}`;
    return { host: flat(host), target: flat(path + tail), id: `r${i}` };
  });
}

function flat(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function time(matcher: Matcher, asked: readonly Asked[]): number {
  const facts = new Facts();
  const one = (n: number) => {
    const { host, target } = asked[n % asked.length];
    facts.host = host;
    facts.target = target;
    return matcher.match(facts);
  };
  for (let n = 0; n < asked.length; n++) {
    const matched = one(n);
    if (matched.is !== 'route' || matched.route.id !== asked[n].id)
      throw new Error(`wrong answer for ${asked[n].target}`);
  }
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let n = 0; n < MATCHES; n++) one(n);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, ((user + system) * 1000) / MATCHES);
  }
  return best;
}

const plain = '/items/4711?page=2';
const encoded = '/items/%7E4711?page=2';
for (const shape of ['paths', 'hosts'] as const) {
  for (const count of [10, 1_000, 100_000]) {
    const matcher = matcherOf(count, shape);
    const label = `match among ${count} ${shape}`;
    tell(`${label}, hot`, time(matcher, wanted(count, 10, shape, plain)));
    tell(`${label}, spread`, time(matcher, wanted(count, Math.min(count, 16_384), shape, plain)));
    tell(`${label}, read twice`, time(matcher, wanted(count, 10, shape, encoded)));
  }
}
