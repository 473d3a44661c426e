/**
 * The members of an upstream as somebody looks for one among two hundred.
 *
 * Rule: those that cannot serve come first, the worst of them at the top; within a state they keep the order of the router,
 * so that a list that is read stands still.
 */

import type { Member } from '../../admin/shapes/status.ts';
import { having } from './rows.ts';

/** The worst first. */
const STATES: readonly string[] = ['unhealthy', 'ejected', 'draining', 'up'];

const place = ({ state }: Pick<Member, 'state'>): number => STATES.indexOf(state);

export function inTrouble(members: readonly Member[]): Member[] {
  return members.toSorted((one, other) => place(one) - place(other));
}

/** Words that must all occur in what is shown of a member. */
export function membersLike(members: readonly Member[], text: string): Member[] {
  return having(members, text, ({ id, state, instance = '', version = '', zone = '' }) => {
    return [id, state, instance, `version ${version}`, `zone ${zone}`];
  });
}

/** `3 unhealthy, 1 draining, 196 up` */
export function stateWords(members: readonly Member[]): string {
  const counts = STATES.map((state) => [members.filter((each) => each.state === state).length, state] as const);
  return counts
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`)
    .join(', ');
}
