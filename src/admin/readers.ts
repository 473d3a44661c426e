/**
 * Who follows live traffic, and who makes room where there are as many as may.
 *
 * Rule: nobody is turned away while there is room. Then whoever has most of the readers loses the newest of them to one who
 * has at least two less: first by token, and of one token by address. So nobody keeps the others from looking, and the screens
 * of a team that share a token, or a proxy, are not held to less than is there.
 */

import { keyOf } from './limits.ts';

export interface Reader {
  destroy(): unknown;
}

export interface Follower {
  /** As the token says, or he himself where there are none. */
  readonly name: string;
  readonly address: string | undefined;
}

interface Holder {
  readonly name: string;
  readonly place: string;
}

export class Readers {
  private readonly most: number;
  /** The oldest first. */
  private readonly all = new Map<Reader, Holder>();

  constructor(most: number) {
    this.most = most;
  }

  /** Whether there is room for one more, somebody else's reader let go where that makes it. */
  admit({ name, address }: Follower): boolean {
    if (this.all.size < this.most) return true;
    const own = { name, place: `${name} ${keyOf(address)}` };
    const crowded = this.crowdedBy('name', own.name) ?? this.crowdedBy('place', own.place, own.name);
    if (crowded === undefined) return false;
    this.all.delete(crowded);
    crowded.destroy();
    return true;
  }

  add(reader: Reader, { name, address }: Follower): void {
    this.all.set(reader, { name, place: `${name} ${keyOf(address)}` });
  }

  remove(reader: Reader): void {
    this.all.delete(reader);
  }

  end(): void {
    for (const reader of this.all.keys()) reader.destroy();
  }

  /** The newest reader of whoever has most, where that is at least two more than `own` has; among those of one name, if given. */
  private crowdedBy(by: keyof Holder, own: string, name?: string): Reader | undefined {
    const counts = new Map<string, number>();
    const newest = new Map<string, Reader>();
    for (const [reader, holder] of this.all) {
      if (name !== undefined && holder.name !== name) continue;
      counts.set(holder[by], (counts.get(holder[by]) ?? 0) + 1);
      newest.set(holder[by], reader);
    }
    const [first, count] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0]);
    return count >= (counts.get(own) ?? 0) + 2 ? newest.get(first) : undefined;
  }
}
