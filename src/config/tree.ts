/**
 * A text as a tree that knows where everything stands.
 *
 * Rule: a node keeps the offset of its key and of its value in the text, and its parent, so that line, column and JSON
 * pointer of a problem are worked out only when there is a problem. A node that turned out wrong is marked broken: it
 * counts as present, but nobody reads a value from it, so one mistake is reported once.
 */

interface Place {
  /** undefined at the root. */
  readonly parent: MapNode | ListNode | undefined;
  /** The key in a map, the index in a list, '' at the root. */
  readonly key: string | number;
  /** Offset of the key; in a list, of the value. */
  readonly keyStart: number;
  /** Offset of the value; of the key where the value is empty. */
  readonly start: number;
  broken: boolean;
}

export interface ScalarNode extends Place {
  readonly kind: 'scalar';
  value: string | number | boolean | null;
  /** As it stands in the text, before `${NAME}` was read: what messages show. */
  readonly written: string;
  /** Some of it came from the environment: it is always text, and never shown. */
  expanded: boolean;
  /** The shape, or the name of a header or parameter, says that it is one: it is never shown either. */
  secret: boolean;
}

export interface ListNode extends Place {
  readonly kind: 'list';
  readonly items: Node[];
}

export interface MapNode extends Place {
  readonly kind: 'map';
  readonly entries: Map<string, Node>;
}

export type Node = ScalarNode | ListNode | MapNode;

/** The child under `key`, where there is one and it is whole. */
export function child(node: Node | undefined, key: string): Node | undefined {
  if (node?.kind !== 'map') return undefined;
  const found = node.entries.get(key);
  return found === undefined || found.broken ? undefined : found;
}

/** Whether there is a child under `key`, be it broken. */
export function has(node: Node | undefined, key: string): boolean {
  return node?.kind === 'map' && node.entries.has(key);
}

/** The whole children of a map, with their keys. */
export function entries(node: Node | undefined): [string, Node][] {
  return node?.kind === 'map' ? [...node.entries].filter(([, value]) => !value.broken) : [];
}

/** The whole items of a list. */
export function items(node: Node | undefined): Node[] {
  return node?.kind === 'list' ? node.items.filter((item) => !item.broken) : [];
}

/** RFC 6901; '' is the whole document. */
export function pointerOf(node: Node): string {
  let pointer = '';
  for (let at: Node | undefined = node; at?.parent !== undefined; at = at.parent) {
    pointer = pointerStep(at.key) + pointer;
  }
  return pointer;
}

/** One step of a pointer, with its slash. */
export function pointerStep(key: string | number): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** What a message calls a node: its key, `endpoints[1]` in a list, `the document` at the root. */
export function nameOf(node: Node): string {
  if (node.parent === undefined) return 'the document';
  return typeof node.key === 'number' ? `${nameOf(node.parent)}[${node.key}]` : node.key;
}

/** What a message says was found; never a value that came from the environment. `hidden`: what a secret is called. */
export function shown(node: Node, hidden = 'the value'): string {
  if (node.kind === 'map') return node.entries.size === 0 ? 'an empty map' : 'a map';
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list';
  if (node.value === null) return 'nothing';
  if (node.secret) return hidden;
  const written = node.written.length > 60 ? `${node.written.slice(0, 57)}...` : node.written;
  return typeof node.value === 'string' ? JSON.stringify(written) : written;
}
