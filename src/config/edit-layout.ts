/**
 * Where every part of a text begins and ends, and how it is written: what an edit needs and reading does not.
 *
 * Rule: only for a text that parse.ts has found no fault with. It is a walk of its own over the parser's events, so that
 * reading 100,000 routes does not pay for what an edit of one needs. The events tell where things begin; where flow
 * collections and empty values end is found by looking at the few characters between two events, spaces and comments.
 */

import { CHOMPING_MODE, COLLECTION_STYLE, EVENT_ID, type Event, getScalarValue, SCALAR_STYLE } from 'js-yaml';
import { eventsOf } from './parse.ts';

export interface Layout {
  readonly kind: 'map' | 'list' | 'scalar';
  /** `pair`: the map of `[ a: 1 ]`, which has no braces. `text`: a block scalar. */
  readonly form: 'block' | 'flow' | 'pair' | 'empty' | 'plain' | 'single' | 'double' | 'text';
  readonly start: number;
  /** Behind the last character; in block form, of the last value. */
  readonly end: number;
  readonly units: readonly Unit[];
}

/** An entry of a map or an item of a list. */
export interface Unit {
  /** The key; the index in a list. */
  readonly key: string;
  /** Of the key, of the dash, or of the item in a flow list. */
  readonly start: number;
  /** Where a value may begin: behind the colon or the dash. */
  readonly mark: number;
  /** `{ key }`: there is no colon. */
  readonly bare: boolean;
  readonly value: Layout;
}

type ScalarEvent = Extract<Event, { type: typeof EVENT_ID.SCALAR }>;
type OpenEvent = Extract<Event, { type: typeof EVENT_ID.MAPPING | typeof EVENT_ID.SEQUENCE }>;

export function layoutOf(text: string): Layout {
  // The first event opens the document.
  return new LayoutReader(text, eventsOf(text)).read(0);
}

class LayoutReader {
  private readonly text: string;
  private readonly events: readonly Event[];
  private next = 1;

  constructor(text: string, events: readonly Event[]) {
    this.text = text;
    this.events = events;
  }

  /** The value whose event is next; `mark`: where it may begin. */
  read(mark: number): Layout {
    const event = this.events[this.next++];
    if (event.type === EVENT_ID.SCALAR) return this.scalar(event, mark);
    if (event.type === EVENT_ID.MAPPING) return this.map(event);
    if (event.type === EVENT_ID.SEQUENCE) return this.list(event);
    throw new Error(`an event of type ${event.type} cannot begin a value`);
  }

  private scalar(event: ScalarEvent, mark: number): Layout {
    const { valueStart: start, valueEnd: end, style } = event;
    const scalar = { kind: 'scalar', units: [] } as const;
    if (start < 0) return { ...scalar, form: 'empty', start: mark, end: mark };
    if (style === SCALAR_STYLE.PLAIN) return { ...scalar, form: 'plain', start, end };
    if (style === SCALAR_STYLE.SINGLE_QUOTED) return { ...scalar, form: 'single', start: start - 1, end: end + 1 };
    if (style === SCALAR_STYLE.DOUBLE_QUOTED) return { ...scalar, form: 'double', start: start - 1, end: end + 1 };
    const header = skipSpace(this.text, mark);
    const lines = this.text.slice(header, end);
    // Blank lines below it are its own only behind `|+`.
    const kept = event.chomping === CHOMPING_MODE.KEEP ? lines.replace(/(?:\r\n|\r|\n)$/, '') : lines.trimEnd();
    return { ...scalar, form: 'text', start: header, end: header + kept.length };
  }

  private map(event: OpenEvent): Layout {
    const { start } = event;
    const flow = event.style === COLLECTION_STYLE.FLOW;
    const pair = flow && this.text[start] !== '{';
    const units: Unit[] = [];
    while (this.events[this.next].type !== EVENT_ID.POP) units.push(this.entry());
    this.next++;
    const last = units.at(-1)?.value.end ?? start + 1;
    const end = flow && !pair ? closeOf(this.text, last, '}') : last;
    return { kind: 'map', form: pair ? 'pair' : flow ? 'flow' : 'block', start, end, units };
  }

  private entry(): Unit {
    const event = this.events[this.next];
    if (event.type !== EVENT_ID.SCALAR) throw new Error('a key is no text');
    const name = getScalarValue(this.text, event);
    const key = this.read(event.valueStart);
    const colon = skipSpace(this.text, key.end);
    const bare = this.text[colon] !== ':';
    const mark = bare ? key.end : colon + 1;
    return { key: name, start: this.markedStart(key.start), mark, bare, value: this.read(mark) };
  }

  /** `? key` begins with its mark. */
  private markedStart(start: number): number {
    let at = start - 1;
    while (this.text[at] === ' ') at--;
    return this.text[at] === '?' && at < start - 1 ? at : start;
  }

  private list(event: OpenEvent): Layout {
    const { start } = event;
    const flow = event.style === COLLECTION_STYLE.FLOW;
    const units: Unit[] = [];
    let at = flow ? start + 1 : start;
    while (this.events[this.next].type !== EVENT_ID.POP) {
      const dash = flow ? -1 : skipSpace(this.text, at);
      const value = this.read(flow ? at : dash + 1);
      const begin = flow ? value.start : dash;
      units.push({ key: String(units.length), start: begin, mark: flow ? begin : dash + 1, bare: false, value });
      at = value.end;
    }
    this.next++;
    return { kind: 'list', form: flow ? 'flow' : 'block', start, end: flow ? closeOf(this.text, at, ']') : at, units };
  }
}

/** The first place from `at` on that is neither space nor comment, nor one of `more`. */
export function skipSpace(text: string, at: number, more = ''): number {
  for (let i = at; ; i++) {
    const found = text[i];
    if (found === '#' && /[\s,]/.test(text[i - 1] ?? ' ')) {
      while (i + 1 < text.length && !/[\r\n]/.test(text[i + 1])) i++;
    } else if (found === undefined || !(/[ \t\r\n]/.test(found) || more.includes(found))) {
      return i;
    }
  }
}

/** Behind the bracket that closes a flow collection whose last part ends at `from`. */
function closeOf(text: string, from: number, bracket: string): number {
  const at = skipSpace(text, from, ',:');
  if (text[at] !== bracket) throw new Error(`no ${bracket} at offset ${at}`);
  return at + 1;
}
