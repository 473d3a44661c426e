/**
 * Chance of the fuzz tests: everything random comes from one seed, so that a failure can be played again.
 */

import { seededDraw } from '../support/draw.ts';

export class Chance {
  private readonly draw: () => number;

  constructor(seed: number) {
    this.draw = seededDraw(seed).chance;
  }

  /** A whole number from 0 to `below` - 1. */
  int(below: number): number {
    return Math.floor(this.draw() * below);
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.int(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }

  /** One of these characters. */
  letter(text: string): string {
    return text[this.int(text.length)];
  }

  /** So many characters of an alphabet. */
  text(alphabet: string, length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) text += this.letter(alphabet);
    return text;
  }

  /** The list in another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let i = copy.length - 1; i > 0; i--) {
      const other = this.int(i + 1);
      [copy[i], copy[other]] = [copy[other], copy[i]];
    }
    return copy;
  }

  /** Places to cut a text of this length at, in order: none, a few, or behind every byte. */
  cuts(length: number): number[] {
    if (length < 2) return [];
    if (length < 400 && this.once(8)) return Array.from({ length: length - 1 }, (_, i) => i + 1);
    const places = Array.from({ length: this.int(5) }, () => 1 + this.int(length - 1));
    return [...new Set(places)].sort((a, b) => a - b);
  }
}

/** The text in pieces. */
export function cutAt(text: string, places: readonly number[]): string[] {
  return [0, ...places].map((from, i) => text.slice(from, places[i])).filter((piece) => piece !== '');
}

/** A seed that differs from run to run; whoever draws it prints it. */
export function freshSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
