/**
 * Regular expressions over paths, on an engine whose time grows with the path's length alone (RE2).
 *
 * Rule: an expression must match the whole path in its plain reading, as if written between `^` and `$`; who wants a part
 * writes `.*`. What RE2 cannot do in linear time (look-ahead, back-references) is refused when a table is compiled.
 */

import { later } from '../core/later.ts';

const engine = later<typeof import('re2js')>('re2js');

export interface Pattern {
  testExact(path: string): boolean;
}

/** Compiles each expression of a table once, whatever the number of routes and listeners that use it. */
export class Patterns {
  private readonly compiled = new Map<string, Pattern>();

  /** Throws where RE2 cannot run the expression; the message says what is wrong with it. */
  compile(source: string): Pattern {
    const known = this.compiled.get(source);
    if (known !== undefined) return known;
    const pattern = engine().RE2JS.compile(source);
    this.compiled.set(source, pattern);
    return pattern;
  }
}

/** What is wrong with an expression; undefined where it can be run. */
export function patternProblem(source: string): string | undefined {
  try {
    engine().RE2JS.compile(source);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
