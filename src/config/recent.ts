/**
 * What was worked out of a text, for whoever asks the same of the same text soon after.
 *
 * Rule: only the last few texts; and of a large text only until memory is collected in earnest, so that a router that is
 * left alone does not hold on to tens of megabytes. What is given out belongs to several askers, and none of them may change
 * it, but for what is taken.
 */

interface Known<T> {
  readonly text: string;
  readonly value: T;
}

/** Whatever is worked out of a longer text hangs on weak references; of one of a thousand routes it is two megabytes. */
const OUTRIGHT = 262_144;

export class Recent<T> {
  private readonly most: number;
  private known: (Known<T> | WeakRef<Known<T>>)[] = [];

  /** `most`: how many texts. An edit has to do with two, the one that runs and the one that shall. */
  constructor(most = 3) {
    this.most = most;
  }

  of(text: string): T | undefined {
    for (const one of this.known) {
      const known = one instanceof WeakRef ? one.deref() : one;
      if (known !== undefined && known.text === text) return known.value;
    }
    return undefined;
  }

  /** Gives it away: from now on it is the asker's alone, who may change it. */
  take(text: string): T | undefined {
    const value = this.of(text);
    if (value !== undefined)
      this.known = this.known.filter((one) => (one instanceof WeakRef ? one.deref() : one)?.value !== value);
    return value;
  }

  keep(text: string, value: T): T {
    const known = { text, value };
    const kept = text.length <= OUTRIGHT ? known : new WeakRef(known);
    this.known = [kept, ...this.known.slice(0, this.most - 1)];
    return value;
  }
}
