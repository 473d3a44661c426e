/**
 * Members that are in no document, as data threads have them: an upstream's whole list, and what leads from one to the next.
 *
 * Rule: threads are told what has changed: of ten thousand members, copying the list for each thread takes longer than all
 * else. A change says with which list it begins. A thread that has another one, because it is new or no table of it knew the
 * upstream, says so and gets the whole list. Calls reach a thread in the order in which they were made.
 * While threads swap to another document, lists say what that one makes of members: threads turn to it by themselves.
 */

import { inForce } from '../upstream/terms.ts';
import type { MemberSettings, MembersChange } from '../upstream/upstream.ts';
import type { Answer, BlockMemory, DataThread, MembersCall } from './protocol.ts';

export class MemberLists {
  /** Upstreams without such members are not in it. */
  private readonly lists = new Map<string, MembersCall>();
  private count = 0;
  private swapping = false;

  all(): MembersCall[] {
    return [...this.lists.values()];
  }

  /** Threads begin to swap to the document on its way. */
  beginSwap(): void {
    this.swapping = true;
    for (const [upstream, call] of this.lists) this.lists.set(upstream, { ...call, members: inForce(call.members) });
  }

  /** All have, and lists are of that document from here on. */
  endSwap(): void {
    this.swapping = false;
  }

  /** The list of an upstream from now on, in order of ids; the answer is what leads to it. */
  put(upstream: string, told: readonly MemberSettings[]): MembersChange {
    const members = this.swapping ? inForce(told) : told;
    const before = this.of(upstream);
    this.count += members.length === 0 ? 0 : 1;
    const number = members.length === 0 ? 0 : this.count;
    if (number === 0) this.lists.delete(upstream);
    else this.lists.set(upstream, { upstream, members, number });
    return { upstream, from: before.number, to: number, ...between(before.members, members) };
  }

  /** Has a thread take a change; the whole list, as it is by then, where it cannot. */
  async tell(
    change: MembersChange,
    thread: Pick<DataThread, 'change' | 'members'>,
    memory: () => BlockMemory,
  ): Promise<Answer<undefined>> {
    const answer = await thread.change(change, memory());
    if (!answer.ok) return answer;
    return answer.value ? { ok: true, value: undefined } : thread.members(this.of(change.upstream), memory());
  }

  private of(upstream: string): MembersCall {
    return this.lists.get(upstream) ?? { upstream, members: [], number: 0 };
  }
}

/** Who is new or changed, and who is gone. Of whom nothing has changed is the same object; another one is told again. */
function between(
  before: readonly MemberSettings[],
  now: readonly MemberSettings[],
): Pick<MembersChange, 'put' | 'gone'> {
  const put: MemberSettings[] = [];
  const gone: string[] = [];
  let at = 0;
  for (const member of now) {
    while (at < before.length && before[at] !== member && before[at].id < member.id) gone.push(before[at++].id);
    if (before[at] !== member) put.push(member);
    if (before[at]?.id === member.id) at++;
  }
  for (; at < before.length; at++) gone.push(before[at].id);
  return { put, gone };
}
