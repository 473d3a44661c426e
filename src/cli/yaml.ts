/**
 * Values from what was typed, and as text that can be typed again.
 *
 * Rule: read as a document is read (`off` is a text, an anchor is refused), so that a part means the same in a file and on
 * the command line. `${NAME}` stays as it is written: it is the router's environment that counts.
 */

import { dump } from 'js-yaml';
import { parseTree } from '../config/parse.ts';
import { formatProblem, Problems } from '../config/problems.ts';
import type { Node } from '../config/tree.ts';
import { CommandEnd, FAILED } from './ends.ts';

/** The value that `text` says; `path` is what problems call it. */
export function readValue(text: string, path: string): unknown {
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text;
  const problems = new Problems(path, clean);
  const root = parseTree(clean, problems);
  if (root === undefined || problems.failed)
    throw new CommandEnd(FAILED, problems.list().map(formatProblem).join('\n'));
  return plainOf(root);
}

export function writeValue(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}

function plainOf(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainOf);
  return Object.fromEntries([...node.entries].map(([key, inner]) => [key, plainOf(inner)]));
}
