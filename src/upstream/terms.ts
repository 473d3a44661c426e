/**
 * What two documents make of the same members: the one in force, and the one on its way to the threads.
 *
 * Rule: threads hear of both at once, so that a table that comes into force finds who serves it, and the one before is
 * served by nobody else until that moment. Whom a document does not name has no weight in it.
 */

import type { MemberSettings, MemberTerms } from './upstream.ts';

/** As far as a list says it of one member. */
type Told = Pick<MemberSettings, 'id' | 'weight' | 'authority' | 'next'>;

/** The members of both lists, each once, those of the running document first. */
export function ofBoth<T extends Told>(running: readonly T[], coming: readonly T[]): T[] {
  const later = new Map(coming.map((member) => [member.id, member]));
  const members = running.map((member): T => {
    const { weight, authority } = later.get(member.id) ?? { weight: 0, authority: member.authority };
    later.delete(member.id);
    const next = { weight, authority };
    return sameTerms(member, next) ? member : { ...member, next };
  });
  for (const member of later.values()) {
    const { weight, authority } = member;
    members.push({ ...member, weight: 0, next: { weight, authority } });
  }
  return members;
}

/** The list once the document on its way is in force. */
export function inForce<T extends Told>(list: readonly T[]): readonly T[] {
  if (list.every(({ next }) => next === undefined)) return list;
  return list.map((member) => (member.next === undefined ? member : { ...member, ...member.next, next: undefined }));
}

export function sameTerms(one: MemberTerms | undefined, other: MemberTerms | undefined): boolean {
  return one === other || (one?.weight === other?.weight && one?.authority === other?.authority);
}
