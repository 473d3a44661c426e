/**
 * A document tried out before anybody runs it: compiled for a place where nothing lives, its examples asked.
 *
 * Rule: what goes wrong is a problem like any other, with the place of the example or of the part that cannot be built.
 */

import { compile } from './compile.ts';
import type { Document, Problem } from './document.ts';
import { drySite } from './dry-site.ts';
import { parseTree } from './parse.ts';
import { atKey, atValue, Problems, type Spot } from './problems.ts';
import { rehearse } from './rehearse.ts';
import type { Node } from './tree.ts';

/** Problems of a document that was read from `text`; none where it compiles and every example holds. */
export function tryOut(document: Document, revision: string, text: string, path: string): Problem[] {
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text;
  const problems = new Problems(path, clean);
  const failures = failuresOf(document, revision);
  if (failures.length === 0) return [];
  const root = parseTree(clean, problems);
  for (const { keys, reason, advice } of failures) problems.error(spotOf(root, keys), reason, advice);
  return problems.list();
}

/** A problem at the part to which these keys lead, of a document that was read from `text`. */
export function problemIn(text: string, path: string, failure: Failure): Problem[] {
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text;
  const problems = new Problems(path, clean);
  problems.error(spotOf(parseTree(clean, problems), failure.keys), failure.reason, failure.advice);
  return problems.list();
}

export interface Failure {
  /** The way to the part that failed. */
  readonly keys: readonly (string | number)[];
  readonly reason: string;
  readonly advice: string;
}

function failuresOf(document: Document, revision: string): Failure[] {
  try {
    const failures = rehearse(compile(document, revision, drySite()), document.examples);
    return failures.map((reason) => ({
      keys: ['examples', Number(/^example (\d+)/.exec(reason)?.[1] ?? 0) - 1],
      reason,
      advice: 'correct the route, or the example',
    }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const [, kind, id] = /^(route|listener) ([^ :]+):/.exec(reason) ?? [];
    return [{ keys: kind === undefined ? [] : [`${kind}s`, id], reason, advice: 'correct the part that is named' }];
  }
}

/** The place of a part, or of the last one on the way that stands in the text. */
function spotOf(root: Node | undefined, keys: readonly (string | number)[]): Spot {
  let node = root;
  for (const key of keys) {
    const next =
      node?.kind === 'map'
        ? node.entries.get(String(key))
        : node?.kind === 'list'
          ? node.items[Number(key)]
          : undefined;
    if (next === undefined) break;
    node = next;
  }
  if (node === undefined) return { offset: 0, pointer: '' };
  return typeof node.key === 'number' ? atValue(node) : atKey(node);
}
