/**
 * The only file that draws. One exchange makes one draw for all its choices, so that weighted shares of one decision
 * never correlate with a second draw. Identifiers come from the system's random source, in one batch for many requests: a
 * batch of 4 KiB costs about 5 us, and an exchange takes 40 bytes. They are kept as digits, four to a word, because most
 * are written three times and read by nobody as a string.
 */

import { textOf } from './text.ts';

const { randomFillSync } = process.getBuiltinModule('node:crypto');

export interface Draw {
  /** A number in [0, 1). */
  chance(): number;
  /** Random lower-case hexadecimal digits in latin1, four to a word. What was reserved of them is never written again. */
  readonly digits: Int32Array;
  /** Draws `4 * words` digits (at most 256); the index of the first word of them in `digits` as it is from now on. */
  reserve(words: number): number;
}

const BATCH_BYTES = 4096;
const MOST_WORDS = 64;

class SystemDraw implements Draw {
  digits = new Int32Array();
  private readonly random = Buffer.alloc(BATCH_BYTES);
  private used = 0;

  chance(): number {
    return Math.random();
  }

  reserve(words: number): number {
    if (words > MOST_WORDS) throw new Error(`at most ${MOST_WORDS} words of digits are drawn at once, not ${words}`);
    if (this.used + words > this.digits.length) this.refill();
    const at = this.used;
    this.used += words;
    return at;
  }

  private refill(): void {
    const text = randomFillSync(this.random).toString('hex');
    const digits = Buffer.allocUnsafeSlow(text.length);
    digits.write(text, 'latin1');
    this.digits = new Int32Array(digits.buffer, digits.byteOffset, text.length / 4);
    this.used = 0;
  }
}

export const systemDraw: Draw = new SystemDraw();

/** The digits of so many words as a string. */
export function digitsText(digits: Int32Array, at: number, words: number): string {
  const bytes = Buffer.from(digits.buffer, digits.byteOffset, digits.byteLength);
  return textOf(bytes, at * 4, (at + words) * 4);
}
