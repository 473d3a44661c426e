/**
 * Pairs of times of which the first grows, when things go on badly, up to the second.
 *
 * Rule: whoever writes one of the two is not asked for the other: its default gives way. Only two that were both written
 * can contradict each other.
 */

import { atValue, type Problems } from './problems.ts';
import { durationAt } from './reader.ts';
import { child, type Node } from './tree.ts';

/** The keys of a pair, each with its default in milliseconds. */
export type Pair = readonly [first: string, otherwise: number, most: string, otherwiseMost: number];

/** The two times in milliseconds; the first is never the longer one of a document that is taken. */
export function growingTimes(node: Node | undefined, pair: Pair, problems: Problems): [first: number, most: number] {
  const [firstKey, otherwise, mostKey, otherwiseMost] = pair;
  const first = durationAt(node, firstKey, Math.min(otherwise, durationAt(node, mostKey, otherwiseMost)));
  const most = durationAt(node, mostKey, Math.max(otherwiseMost, first));
  const place = child(node, mostKey);
  if (place !== undefined && most < first) {
    const reason = `${mostKey} is shorter than ${firstKey}, which grows up to it`;
    problems.error(atValue(place), reason, `lengthen \`${mostKey}\`, or shorten \`${firstKey}\``);
  }
  return [first, most];
}
