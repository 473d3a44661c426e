/**
 * A key that stands twice in one object of JSON: its parser takes the last one and says nothing.
 *
 * Rule: for text that the parser has taken, so that only quotes, brackets and commas count. A document says everything once
 * (parse.ts): who sends a route twice has lost one of them. Nothing here calls itself.
 */

import { pointerStep } from './tree.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/** An object or a list that is being read. */
interface Open {
  /** Of a list there are none. */
  readonly keys: Set<string> | undefined;
  /** The key or index of what is being read in it. */
  at: string | number;
  /** The next text is a key. */
  isKey: boolean;
}

/** The pointer of the first such key; undefined where there is none. */
export function keyTwice(text: string): string | undefined {
  const open: Open[] = [];
  let top: Open | undefined;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = endOf(text, i);
      if (top?.isKey === true) {
        top.at = keyIn(text, i, end);
        if (top.keys?.has(top.at) === true) return open.map(({ at }) => pointerStep(at)).join('');
        top.keys?.add(top.at);
        top.isKey = false;
      }
      i = end;
    } else if (code === OPEN_MAP || code === OPEN_LIST) {
      top = code === OPEN_MAP ? { keys: new Set(), at: '', isKey: true } : { keys: undefined, at: 0, isKey: false };
      open.push(top);
    } else if (code === CLOSE_MAP || code === CLOSE_LIST) {
      open.pop();
      top = open.at(-1);
    } else if (code === COMMA && top !== undefined) {
      if (typeof top.at === 'number') top.at++;
      else top.isKey = true;
    }
  }
  return undefined;
}

/** Where the quote is that ends the text that begins at `start`. */
function endOf(text: string, start: number): number {
  let i = start + 1;
  for (let code = text.charCodeAt(i); code !== QUOTE; code = text.charCodeAt(i)) i += code === BACKSLASH ? 2 : 1;
  return i;
}

/** `\u0061` and `a` are one key. */
function keyIn(text: string, start: number, end: number): string {
  const key = text.slice(start + 1, end);
  return key.includes('\\') ? (JSON.parse(text.slice(start, end + 1)) as string) : key;
}
