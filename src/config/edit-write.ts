/**
 * Values as YAML text, the way a careful hand writes them in this document.
 *
 * Rule: short maps and lists that hold little more than texts and numbers stand in one line, others in lines of their own
 * (`like`: unless what stands beside them is written otherwise). Texts are plain where YAML 1.2 reads them back as the
 * same text, and quoted wherever there is doubt; what refers to the environment is always quoted. The dumper of js-yaml is
 * not used: it knows nothing of the line a value comes to stand in, nor of what its neighbours look like.
 */

import { CORE_SCHEMA } from 'js-yaml';
import { isList, isMap, type Json, type JsonMap } from './patch.ts';

/** How a document is written as a whole. */
export interface Hand {
  /** Line break. */
  readonly eol: string;
  /** Columns by which a map, and by which a list, stands right of its key. */
  readonly step: number;
  readonly dash: number;
  /** It is JSON: every key and text is quoted, and all is in braces. */
  readonly json: boolean;
}

/** In lines of its own, or in braces. */
export type Like = 'block' | 'flow' | undefined;

/** What a new line is kept within. */
export const WIDTH = 110;

const QUOTE_ALWAYS =
  /^[-?:,[\]{}#&*!|>'"%@`\s=~]|^\.\.\.|[\s:]$|: |\s#|[,[\]{}]|\$\{|[^\x20-\x7e\xa1-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
/** What JSON leaves as it is, and YAML does not want to see. */
const UNSEEN = /[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]/g;

export function textIn(value: string, hand: Hand, quote: 'single' | 'double' | undefined = undefined): string {
  if (hand.json) return JSON.stringify(value);
  const plain =
    !QUOTE_ALWAYS.test(value) && value !== '' && CORE_SCHEMA.resolveImplicitScalarTag(value).value === value;
  return plain && quote === undefined ? value : quoted(value, quote);
}

function quoted(value: string, quote: 'single' | 'double' | undefined): string {
  const escaped = /["\\]/.test(value);
  if ((quote === 'single' || (quote === undefined && escaped && !value.includes("'"))) && /^[\x20-\x7e]*$/.test(value))
    return `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value).replace(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function keyIn(key: string, hand: Hand): string {
  if (hand.json) return JSON.stringify(key);
  return key === '' || key === '<<' || QUOTE_ALWAYS.test(key) ? quoted(key, undefined) : key;
}

/** In one line, however long. */
export function flowIn(value: Json, hand: Hand, quote: 'single' | 'double' | undefined = undefined): string {
  if (typeof value === 'string') return textIn(value, hand, quote);
  if (isList(value)) return `[${value.map((item) => flowIn(item, hand)).join(', ')}]`;
  if (!isMap(value)) return String(value);
  const entries = Object.entries(value).map(([key, part]) => flowEntry(key, part, hand));
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

export function flowEntry(key: string, value: Json, hand: Hand): string {
  return `${keyIn(key, hand)}: ${flowIn(value, hand)}`;
}

/** In one line that begins at `column`, where it should be; undefined where it should not. */
export function inline(value: Json, column: number, like: Like, hand: Hand): string | undefined {
  if (!isFull(value)) return flowIn(value, hand);
  if (like === 'block' || (like === undefined && !isSmall(value))) return undefined;
  const text = flowIn(value, hand);
  return column + text.length <= WIDTH ? text : undefined;
}

/** A value in lines of its own, all at `column`. Only for maps and lists that are not empty. */
export function blockIn(value: Json, column: number, hand: Hand): string[] {
  if (isList(value)) return value.flatMap((item) => itemIn(item, column, undefined, hand));
  return Object.entries(value as JsonMap).flatMap(([key, part]) =>
    entryIn(key, part, { column, like: undefined }, hand),
  );
}

/** Where an entry comes to stand. */
export interface Seat {
  readonly column: number;
  readonly like: Like;
  /** The column at which the values beside it begin, where they all do. */
  readonly values?: number | undefined;
}

/** The lines of an entry of a map. */
export function entryIn(key: string, value: Json, { column, like, values }: Seat, hand: Hand): string[] {
  const lead = `${' '.repeat(column)}${keyIn(key, hand)}:`;
  const padded = values !== undefined && lead.length < values ? lead.padEnd(values) : `${lead} `;
  const text = inline(value, padded.length, likeAt(column, value, like, hand), hand);
  if (text !== undefined) return [padded + text];
  return [lead, ...blockIn(value, column + (isList(value) ? hand.dash : hand.step), hand)];
}

/**
 * Whole sections keep a line for each of their parts, and so do these unless those beside them do not. `column`: of the
 * key.
 */
export function likeAt(column: number, value: Json, like: Like, hand: Hand): Like {
  const section = column === 0 || (column <= hand.step && like === undefined);
  return section && isMap(value) && Object.values(value).some(isMap) ? 'block' : like;
}

/** The lines of an item of a list; the dash stands at `column`. */
export function itemIn(value: Json, column: number, like: Like, hand: Hand): string[] {
  const lead = `${' '.repeat(column)}- `;
  const text = inline(value, lead.length, like ?? (isMap(value) ? 'flow' : undefined), hand);
  if (text !== undefined) return [lead + text];
  const [first, ...rest] = blockIn(value, lead.length, hand);
  return [lead + first.trimStart(), ...rest];
}

/** A map or a list with something in it. */
export function isFull(value: Json): boolean {
  return (isList(value) && value.length > 0) || (isMap(value) && Object.keys(value).length > 0);
}

/** Little enough to stand in one line: no map in it but such as `{ header: x }`. */
function isSmall(value: Json): boolean {
  if (isList(value)) return value.every((item) => !isFull(item)) || value.every(isOneText);
  return isMap(value) && Object.values(value).every((part) => isOneText(part) || isFlat(part));
}

function isFlat(value: Json): boolean {
  return isList(value) ? value.every((item) => !isFull(item) || isOneText(item)) : !isMap(value);
}

function isOneText(value: Json): boolean {
  return isMap(value) && Object.keys(value).length === 1 && !Object.values(value).some(isFull);
}
