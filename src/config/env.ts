/**
 * `${NAME}` in the texts of a document, read from the environment.
 *
 * Rule: `${NAME}` must be set; `${NAME:-default}` takes the default where it is not set or empty, as shells do; `$${` is a
 * literal `${`. Only values are read, never keys, and what comes in is always text: it can never add keys or structure,
 * and it is not read a second time. A node that was read this way is marked, so that no message shows its value.
 */

import { atValue, type Problems, type Spot } from './problems.ts';
import type { Node, ScalarNode } from './tree.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const LITERAL = '`$${` where a literal `${` is meant';

/** Whether a text has the environment read. */
export function isRead(text: string): boolean {
  return /(?<!\$)\$\{/.test(text);
}

/** Reads every `${NAME}` below `node`, but not in `known` parts. `text` is the whole text, for the place of a problem. */
export function expandTree(
  node: Node,
  text: string,
  env: Environment,
  problems: Problems,
  known?: ReadonlySet<Node>,
): void {
  if (node.kind === 'map') {
    for (const value of node.entries.values())
      if (known?.has(value) !== true) expandTree(value, text, env, problems, known);
  } else if (node.kind === 'list') {
    for (const item of node.items) expandTree(item, text, env, problems, known);
  } else if (typeof node.value === 'string' && node.value.includes('${')) {
    expandScalar(node, node.value, text, env, problems);
  }
}

function expandScalar(node: ScalarNode, value: string, text: string, env: Environment, problems: Problems): void {
  let result = '';
  let at = 0;
  let from = node.start;
  for (let open = value.indexOf('${'); open !== -1; open = value.indexOf('${', at)) {
    if (open > at && value[open - 1] === '$') {
      result += `${value.slice(at, open - 1)}\${`;
      at = open + 2;
      continue;
    }
    const close = value.indexOf('}', open);
    const end = close === -1 ? value.length : close + 1;
    const reference = value.slice(open, end);
    // The place in the text: from the last one on, so that the second of two equal ones is found too.
    const found = text.indexOf(reference, from);
    const spot = { ...atValue(node), offset: found === -1 ? node.start : found };
    from = spot.offset + 1;
    const read = close === -1 ? unclosed(spot, problems) : lookUp(reference.slice(2, -1), env, spot, problems);
    if (read === undefined) node.broken = true;
    result += value.slice(at, open) + (read ?? '');
    at = end;
    node.expanded = true;
  }
  node.value = result + value.slice(at);
}

function unclosed(spot: Spot, problems: Problems): undefined {
  problems.error(spot, '`${` is not closed', `write \`\${NAME}\`, or ${LITERAL}`);
}

function lookUp(inner: string, env: Environment, spot: Spot, problems: Problems): string | undefined {
  const dash = inner.indexOf(':-');
  const name = dash === -1 ? inner : inner.slice(0, dash);
  if (!NAME.test(name)) {
    const reason = `\`\${${inner}}\` names no environment variable`;
    problems.error(spot, reason, `write \`\${NAME}\` or \`\${NAME:-default}\`, or ${LITERAL}`);
    return undefined;
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (dash !== -1) return value === undefined || value === '' ? inner.slice(dash + 2) : value;
  if (value !== undefined) return value;
  problems.error(spot, `the environment variable ${name} is not set`, `set it, or write \`\${${name}:-default}\``);
  return undefined;
}
