/**
 * The list of what is wrong with a text.
 *
 * Rule: problems are collected, never thrown, and every one has a place, a reason and an advice. Offsets become lines and
 * columns here and nowhere else; columns count UTF-16 units, as editors do.
 */

import type { Problem } from './document.ts';
import { type Node, pointerOf } from './tree.ts';

/** A place in the text: an offset, and where that is in the document (RFC 6901). */
export interface Spot {
  readonly offset: number;
  readonly pointer: string;
}

/** Where the node's value stands. */
export function atValue(node: Node): Spot {
  return { offset: node.start, pointer: pointerOf(node) };
}

/** Where the node's key stands. */
export function atKey(node: Node): Spot {
  return { offset: node.keyStart, pointer: pointerOf(node) };
}

export class Problems {
  private readonly path: string;
  private readonly found: { readonly spot: Spot; readonly problem: Omit<Problem, 'line' | 'column'> }[] = [];
  private readonly lines: readonly number[];
  /** What inheriting parts would say again at the same place. */
  private readonly said = new Set<string>();
  private errors = 0;

  /** `path`: what the problems call the text. */
  constructor(path: string, text: string) {
    this.path = path;
    this.lines = lineStarts(text);
  }

  get failed(): boolean {
    return this.errors > 0;
  }

  /** How many problems there are. */
  get size(): number {
    return this.found.length;
  }

  error(spot: Spot, reason: string, advice: string): void {
    this.errors++;
    this.add('error', spot, reason, advice);
  }

  notice(spot: Spot, reason: string, advice: string): void {
    this.add('notice', spot, reason, advice);
  }

  /** All problems in the order of the text. */
  list(): Problem[] {
    return this.found
      .toSorted((a, b) => a.spot.offset - b.spot.offset)
      .map(({ spot, problem }) => ({ ...problem, ...this.position(spot.offset) }));
  }

  private add(severity: Problem['severity'], spot: Spot, reason: string, advice: string): void {
    const saying = `${spot.offset} ${severity} ${reason}`;
    if (this.said.has(saying)) return;
    this.said.add(saying);
    this.found.push({ spot, problem: { severity, path: this.path, pointer: spot.pointer, reason, advice } });
  }

  private position(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.lines[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.lines[low] + 1 };
  }
}

/** `routes.yaml:12:5 error: unknown key "timeot"; did you mean "timeout"?` */
export function formatProblem(problem: Problem): string {
  const { path, line, column, severity, reason, advice } = problem;
  return `${path}:${line}:${column} ${severity}: ${reason}; ${advice}`;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (const end of text.matchAll(/\r\n|\r|\n/g)) starts.push(end.index + end[0].length);
  return starts;
}
