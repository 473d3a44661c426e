/**
 * What was worked out of a text, for whoever asks the same of the same text soon after.
 *
 * Rule: only the last few texts, and only until memory is collected in earnest: text and value hang on weak references, so
 * that a router that is left alone keeps neither. What is given out belongs to several askers: none of them may change it.
 */

interface Known<T> {
  readonly text: string;
  readonly value: T;
}

/** An edit has to do with two: the text that runs, and the one that shall. */
const TEXTS = 3;

export class Recent<T> {
  private known: WeakRef<Known<T>>[] = [];

  of(text: string): T | undefined {
    for (const reference of this.known) {
      const known = reference.deref();
      if (known !== undefined && known.text === text) return known.value;
    }
    return undefined;
  }

  keep(text: string, value: T): T {
    this.known = [new WeakRef({ text, value }), ...this.known.slice(0, TEXTS - 1)];
    return value;
  }
}
