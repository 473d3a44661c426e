/**
 * What all threads answered, added up.
 *
 * Rule: for a status, a thread that does not answer holds nothing anybody could name; where somebody waits for the sum to
 * come to nothing, it holds an unknown number.
 */

import type { Answer, ThreadStatus } from './protocol.ts';

export function sumOf(answers: readonly Answer<ThreadStatus>[]): ThreadStatus {
  const sum = { connections: 0, exchanges: 0, tunnels: 0 };
  for (const answer of answers) {
    if (!answer.ok) continue;
    sum.connections += answer.value.connections;
    sum.exchanges += answer.value.exchanges;
    sum.tunnels += answer.value.tunnels;
  }
  return sum;
}

/** Number by number, `count` of them; undefined where a thread did not say. */
export function sumsOf(answers: readonly Answer<readonly number[]>[], count: number): readonly number[] | undefined {
  const sums = new Array<number>(count).fill(0);
  for (const answer of answers) {
    if (!answer.ok) return undefined;
    for (const [i, number] of answer.value.entries()) sums[i] += number;
  }
  return sums;
}

/** What those said that said something. */
export function given<T>(answers: readonly Answer<T>[]): T[] {
  return answers.flatMap((answer) => (answer.ok ? [answer.value] : []));
}
