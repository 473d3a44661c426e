/**
 * Every scenario under every protection, as one table for people.
 *
 * Rule: nothing here decides anything; what stands in the table was counted by play.ts.
 */

import { aligned } from '../figures/report.ts';
import { HOPS } from './chain.ts';
import { AFTERMATH, type Pace, type Played, play } from './play.ts';
import { GUARDS, PACE, SCENARIOS } from './scenarios.ts';

export const TITLE =
  'a chain of five services whose last one fails: retries, budgets and breakers in virtual time, no peers';

/** The table, and how to read it. `seed`: another one is another run of the same. */
export async function simulate(seed: number, note: (text: string) => void): Promise<string> {
  const rows: string[][] = [];
  for (const scenario of SCENARIOS) {
    for (const guard of GUARDS) {
      note(`${scenario.id}: ${guard.id}`);
      const played = await play(scenario, guard.defaults, { ...PACE, seed });
      rows.push([`\`${scenario.id}\`: ${scenario.title}`, guard.id, ...cells(played)]);
    }
  }
  return [aligned(head(), rows), '', explained({ ...PACE, seed })].join('\n');
}

function head(): string[] {
  return [
    '',
    'beside two retries a hop',
    ...HOPS,
    'served before',
    'during',
    `${AFTERMATH} s after`,
    'well again after',
  ];
}

function cells({ amplification, before, during, after, healthyAfter }: Played): string[] {
  return [
    ...amplification.map((times) => times.toFixed(2)),
    ...[before, during, after].map((share) => `${(100 * share).toFixed(1)}%`),
    healthyAfter === undefined ? `not in ${PACE.after} s` : `${healthyAfter} s`,
  ];
}

function explained({ rate, capacity, seed }: Pace): string {
  const most = (capacity.workers * 1000) / capacity.work;
  return [
    `B to E: requests that reached the service while E failed, per request that clients sent to A; without anything 3, 9, 27, 81.`,
    `Served: answered well within 10 s. Clients send ${rate} requests a second to A whatever happens; E can do ${most}. A calls B, B calls C,`,
    `C calls D, D calls E, each through the router. Services pass on correlation ids and the status they get, and do not notice that a`,
    `caller gave up. Openings in a row are 30 s and 60 s apart, or 5 s to 30 s; limits are off but where both stand. Seed ${seed}.`,
  ].join('\n');
}
