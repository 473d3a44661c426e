/**
 * The members that the leases of one upstream make, each once, in order of ids.
 *
 * Rule: of several leases with one address the last to register counts. The list is put right when somebody asks, for all
 * that has changed since: ten thousand are not sorted anew because of one.
 */

import { changed } from './change.ts';
import type { Candidate } from './roster.ts';

export class LeasedMembers {
  /** By id and instance, the last to register last. */
  private readonly members = new Map<string, Map<string, Candidate>>();
  /** Ids about which the list may be wrong. */
  private readonly touched = new Set<string>();
  private list: readonly Candidate[] = [];

  /** An instance registers; what it was before is dropped already. */
  put(instance: string, member: Candidate): void {
    const same = this.members.get(member.id) ?? new Map<string, Candidate>();
    this.members.set(member.id, same.set(instance, member));
    this.touched.add(member.id);
  }

  drop(instance: string, { id }: Candidate): void {
    const same = this.members.get(id);
    same?.delete(instance);
    if (same?.size === 0) this.members.delete(id);
    this.touched.add(id);
  }

  all(): readonly Candidate[] {
    if (this.touched.size === 0) return this.list;
    const ids = [...this.touched];
    this.touched.clear();
    const put = ids.flatMap((id) => [...(this.members.get(id)?.values() ?? [])].at(-1) ?? []);
    const gone = ids.filter((id) => !this.members.has(id));
    this.list = changed(this.list, { put, gone }, (member) => member);
    return this.list;
  }
}
