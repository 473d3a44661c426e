/**
 * YAML 1.2 (and with it JSON) into a tree that knows where everything stands.
 *
 * Rule: scalars are read by the core schema, so `off`, `yes` and `1.2.3` are texts; keys are always texts. A key that
 * stands twice, an anchor, an alias, a merge key or a tag is an error: a document says everything once and in place, so
 * that it can be edited part by part; what many parts share stands in `defaults`.
 * What the keys mean is left to shape and resolve.
 */

import { CORE_SCHEMA, EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml';
import type { Problems } from './problems.ts';
import { Recent } from './recent.ts';
import { syntaxAdvice, syntaxOffset } from './syntax.ts';
import { type ListNode, type MapNode, type Node, pointerOf, pointerStep, type ScalarNode } from './tree.ts';

/** No part of a document is nested half as deep. */
const DEPTH = 50;

const SHARE = 'put what many parts share under `defaults`';

type ScalarEvent = Extract<Event, { type: typeof EVENT_ID.SCALAR }>;
type OpenEvent = Extract<Event, { type: typeof EVENT_ID.MAPPING | typeof EVENT_ID.SEQUENCE }>;

/**
 * The root of the one document in `text`, or undefined where there is none to speak of; `problems` says why. The tree is the
 * caller's, who may change it.
 */
export function parseTree(text: string, problems: Problems): Node | undefined {
  const left = LEFT.take(text);
  if (left !== undefined) return left;
  let events: Event[];
  try {
    events = eventsOf(text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const offset = syntaxOffset(text, Math.min(error.mark?.position ?? 0, text.length));
    const advice = syntaxAdvice(text, offset, error.reason);
    problems.error({ offset, pointer: '' }, `not valid YAML: ${error.reason}`, advice);
    return undefined;
  }
  const root = new TreeBuilder(text, problems).build(events);
  if (root === undefined || (root.kind === 'scalar' && root.value === null)) {
    problems.error({ offset: 0, pointer: '' }, 'the document is empty', 'write `{}` where an empty one is meant');
    return undefined;
  }
  return root;
}

/** For the next who parses the same text: a tree that was looked at and not changed, and had no problems. */
export function leaveTree(text: string, root: Node): void {
  LEFT.keep(text, root);
}

/** An edit reads its text twice: as it is written, to see that it says what it should, and then as a document. */
const LEFT = new Recent<Node>(1);

/** The parser's events; throws its YAMLException. Nobody may change what is given out. */
export function eventsOf(text: string): Event[] {
  return RECENT.of(text) ?? RECENT.keep(text, parseEvents(text, { maxDepth: DEPTH }));
}

/** An edit looks at each of its texts in three ways. */
const RECENT = new Recent<Event[]>(2);

/** A key whose value is still to come. */
interface Key {
  readonly name: string;
  readonly start: number;
}

/** A map or list that is being read; `key` is set while a map waits for a value. */
interface Open {
  readonly node: MapNode | ListNode;
  key: Key | undefined;
}

class TreeBuilder {
  private readonly text: string;
  private readonly problems: Problems;
  private readonly open: Open[] = [];
  private root: Node | undefined = undefined;
  private documents = 0;
  /** Depth inside a key that is a map or a list, which is passed over. */
  private inKey = 0;

  constructor(text: string, problems: Problems) {
    this.text = text;
    this.problems = problems;
  }

  build(events: readonly Event[]): Node | undefined {
    for (const event of events) {
      if (event.type === EVENT_ID.DOCUMENT) {
        this.documents++;
      } else if (this.documents > 1) {
        const offset = offsetOf(event) ?? this.text.length;
        this.refuse(offset, 'a second document begins here', 'keep one document in a file');
        break;
      } else {
        this.take(event);
      }
    }
    return this.root;
  }

  private take(event: Event): void {
    const top = this.open.at(-1);
    const opens = event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE;
    if (this.inKey > 0) {
      this.inKey += opens ? 1 : event.type === EVENT_ID.POP ? -1 : 0;
    } else if (event.type === EVENT_ID.POP) {
      this.open.pop();
    } else if (top?.node.kind === 'map' && top.key === undefined) {
      this.takeKey(top, event, opens);
    } else {
      this.takeValue(top, event);
    }
  }

  /** A key that is refused keeps the name '': what stands under it is read past. */
  private takeKey(top: Open, event: Event, opens: boolean): void {
    const start = offsetOf(event) ?? top.node.start;
    top.key = { name: '', start };
    if (event.type !== EVENT_ID.SCALAR) {
      this.refuse(start, 'a key is no text', 'write a plain name in front of the colon');
      if (opens) this.inKey = 1;
      return;
    }
    const name = getScalarValue(this.text, event);
    this.refuseProperties(event);
    if (name === '') {
      this.refuse(start, 'a key is empty', 'write a name in front of the colon');
    } else if (name === '<<' && event.style === SCALAR_STYLE.PLAIN) {
      this.refuse(start, 'a merge key is not supported', SHARE);
    } else {
      top.key = { name, start };
    }
  }

  private takeValue(top: Open | undefined, event: Event): void {
    const node = this.nodeOf(event, top);
    if (node === undefined) return;
    if (top === undefined) this.root = node;
    else this.put(top, node);
    if (node.kind !== 'scalar') this.open.push({ node, key: undefined });
  }

  private put(top: Open, node: Node): void {
    if (top.node.kind === 'list') {
      top.node.items.push(node);
      return;
    }
    const key = String(node.key);
    if (top.node.entries.has(key)) {
      this.refuse(node.keyStart, `the key "${key}" stands here a second time`, 'keep one of the two');
    } else if (key !== '') {
      top.node.entries.set(key, node);
    }
    top.key = undefined;
  }

  private nodeOf(event: Event, top: Open | undefined): Node | undefined {
    const key = top?.node.kind === 'list' ? top.node.items.length : (top?.key?.name ?? '');
    const start = offsetOf(event) ?? top?.key?.start ?? top?.node.start ?? 0;
    const place = { parent: top?.node, key, keyStart: top?.key?.start ?? start, start };
    if (event.type !== EVENT_ID.ALIAS && event.type !== EVENT_ID.POP && event.type !== EVENT_ID.DOCUMENT)
      this.refuseProperties(event);
    switch (event.type) {
      case EVENT_ID.MAPPING:
        return { kind: 'map', entries: new Map(), broken: false, ...place };
      case EVENT_ID.SEQUENCE:
        return { kind: 'list', items: [], broken: false, ...place };
      case EVENT_ID.SCALAR:
        return { ...this.scalarOf(event), broken: false, ...place };
      case EVENT_ID.ALIAS:
        this.refuse(start, 'an alias is not supported', SHARE);
        return { kind: 'scalar', value: null, written: '', expanded: false, secret: false, broken: true, ...place };
      default:
        return undefined;
    }
  }

  private scalarOf(event: ScalarEvent): Pick<ScalarNode, 'kind' | 'value' | 'written' | 'expanded' | 'secret'> {
    const written = getScalarValue(this.text, event);
    const plain = event.style === SCALAR_STYLE.PLAIN;
    const value = plain ? CORE_SCHEMA.resolveImplicitScalarTag(written).value : written;
    const known = value === null || typeof value === 'number' || typeof value === 'boolean';
    return { kind: 'scalar', value: known ? value : written, written, expanded: false, secret: false };
  }

  private refuseProperties(event: ScalarEvent | OpenEvent): void {
    if (event.anchorStart >= 0) this.refuse(event.anchorStart - 1, 'an anchor is not supported', SHARE);
    if (event.tagStart >= 0)
      this.refuse(event.tagStart, 'a tag is not supported', 'remove it; put a text that begins with ! in quotes');
  }

  /** A problem in the part that is being read. */
  private refuse(offset: number, reason: string, advice: string): void {
    const top = this.open.at(-1);
    const key = top?.node.kind === 'list' ? top.node.items.length : top?.key?.name;
    const step = key === undefined || key === '' ? '' : pointerStep(key);
    this.problems.error({ offset, pointer: top === undefined ? '' : pointerOf(top.node) + step }, reason, advice);
  }
}

/** Where an event's text begins, with its quote or sigil; undefined where it has none. */
function offsetOf(event: Event): number | undefined {
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart - 1;
  if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) return event.start;
  if (event.type !== EVENT_ID.SCALAR || event.valueStart < 0) return undefined;
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  return event.valueStart - (quoted ? 1 : 0);
}
