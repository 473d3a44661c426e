/**
 * Documents as people write them: the same kinds of values in random styles, with comments whose owner is known.
 *
 * Rule: every line says to which part of the document it belongs, so that a test can ask which ones an edit may touch.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import type { Json, JsonMap } from '../../src/config/patch.ts';
import { pointerStep } from '../../src/config/tree.ts';

export interface StyledLine {
  readonly text: string;
  /** The part that begins on the line, or that its comment is about. */
  readonly owner: string;
  /** What the line holds besides: `key` only the key of its owner, `whole` its value too (`text`: of several lines; `item`: in braces), `comment` nothing, `head` of the file. */
  readonly is: 'key' | 'whole' | 'text' | 'item' | 'comment' | 'head';
}

export interface Styled {
  readonly text: string;
  readonly lines: readonly StyledLine[];
}

export type Chance = () => number;

/** mulberry32: small, seeded, and even enough. */
export function chanceOf(seed: number): Chance {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const pick = <T>(chance: Chance, from: readonly T[]): T => from[Math.floor(chance() * from.length)] as T;

const TEXTS = [
  'off',
  'yes',
  '1.2.3',
  '',
  'null',
  '12',
  ' x ',
  'a: b',
  'c #d',
  "it's",
  'say "no"',
  '${NAME:-}',
  '>=2.0.0',
];
const MORE = [
  'http://127.0.0.1:7001',
  '/cart',
  'line\nbreak',
  'é',
  '- x',
  '*',
  '10s',
  'true',
  '{a}',
  '[b',
  'x,',
  '\\d+',
];
const KEYS = [
  'cart',
  'tax',
  'x-user-id',
  '404',
  'a b',
  'null',
  "o'k",
  'k#',
  'url',
  'weight',
  'é',
  'path',
  'h:p',
  '<<',
  '~',
];

export function randomScalar(chance: Chance): Json {
  const kind = chance();
  if (kind < 0.6) return pick(chance, [...TEXTS, ...MORE]);
  return kind < 0.9 ? pick(chance, [0, 1, -2, 0.5, 1e21, 443]) : pick(chance, [true, false, null]);
}

export function randomValue(chance: Chance, depth: number): Json {
  const kind = chance();
  if (depth === 0 || kind < 0.35) return randomScalar(chance);
  const size = Math.floor(chance() * 4);
  if (kind < 0.5) return Array.from({ length: size }, () => randomValue(chance, depth - 1));
  return randomMap(chance, depth, size);
}

export function randomMap(chance: Chance, depth: number, size: number): JsonMap {
  const keys = Array.from({ length: size }, () => pick(chance, KEYS));
  return Object.fromEntries(keys.map((key) => [key, randomValue(chance, depth - 1)]));
}

/** The document in some style. */
export function styled(document: JsonMap, chance: Chance): Styled {
  const writer = new StyledWriter(chance);
  if (chance() < 0.3) writer.line(`# head ${writer.tag()}`, '', 'head');
  if (chance() < 0.3) writer.line('', '', 'head');
  writer.block(document, '', chance() < 0.1 ? 2 : 0);
  const eol = chance() < 0.2 ? '\r\n' : '\n';
  const end = chance() < 0.15 ? '' : eol;
  const text = (chance() < 0.1 ? '\ufeff' : '') + writer.lines.map((line) => line.text).join(eol) + end;
  return { text, lines: writer.lines };
}

class StyledWriter {
  readonly lines: StyledLine[] = [];
  private readonly chance: Chance;
  private tags = 0;

  constructor(chance: Chance) {
    this.chance = chance;
  }

  /** Never the same twice. */
  tag(): string {
    return `c${this.tags++}`;
  }

  line(text: string, owner: string, is: StyledLine['is']): void {
    this.lines.push({ text, owner, is });
  }

  /** A map or list with something in it, in lines of its own. */
  block(value: Json, pointer: string, column: number, compact = ''): void {
    const { chance } = this;
    const spaced = chance() < 0.3;
    const pad = ' '.repeat(column);
    const parts: [string, Json][] = Object.entries(value as JsonMap);
    for (const [i, [key, part]] of parts.entries()) {
      const below = pointer + pointerStep(key);
      const first = i === 0 && compact !== '';
      if (spaced && i > 0) this.line('', below, 'head');
      if (!first && i > 0 && chance() < 0.25) this.line(`${pad}# above ${this.tag()}`, below, 'comment');
      const lead = Array.isArray(value) ? '-' : `${this.key(key)}:`;
      this.entry((first ? compact : pad) + lead, part, below, column);
    }
  }

  private entry(lead: string, value: Json, pointer: string, column: number): void {
    const { chance } = this;
    const full = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    if (full && chance() < 0.6) {
      const dash = lead.endsWith('-');
      const list = Array.isArray(value);
      if (dash && chance() < 0.7) this.block(value, pointer, column + 2, `${lead} `);
      else {
        this.line(lead + this.comment(), pointer, 'key');
        this.block(value, pointer, column + (list && !dash && chance() < 0.3 ? 0 : pick(chance, [2, 2, 4, 3])));
      }
    } else if (full && chance() < 0.3) {
      this.spread(lead, value, pointer, column + 2);
    } else if (typeof value === 'string' && /^\w+\n\w+$/.test(value) && chance() < 0.5) {
      this.line(`${lead} |-`, pointer, 'text');
      for (const part of value.split('\n')) this.line(`${' '.repeat(column + 2)}${part}`, pointer, 'text');
    } else {
      const text = value === null && chance() < 0.5 ? '' : ' '.repeat(pick(chance, [1, 1, 1, 3])) + this.flow(value);
      this.line(lead + text + this.comment(), pointer, 'whole');
    }
    // Deeper than a text in lines of its own it would be text; deeper than a dash, the item's.
    const last = this.lines.at(-1);
    if (last?.owner === pointer && last.is !== 'text' && chance() < 0.15)
      this.line(`${' '.repeat(column + 2)}# below ${this.tag()}`, pointer, 'comment');
  }

  /** In braces, a line each. */
  private spread(lead: string, value: Json, pointer: string, column: number): void {
    const [open, close] = Array.isArray(value) ? '[]' : '{}';
    this.line(`${lead} ${open}${this.comment()}`, pointer, 'key');
    const parts: [string, Json][] = Object.entries(value as JsonMap);
    const trailing = this.chance() < 0.3;
    for (const [i, [key, part]] of parts.entries()) {
      const below = pointer + pointerStep(key);
      if (i > 0 && this.chance() < 0.2) this.line(`${' '.repeat(column)}# above ${this.tag()}`, below, 'comment');
      const own = Array.isArray(value) ? '' : `${this.key(key)}: `;
      const comma = i < parts.length - 1 || trailing ? ',' : '';
      this.line(`${' '.repeat(column)}${own}${this.flow(part)}${comma}${this.comment()}`, below, 'item');
    }
    this.line(`${' '.repeat(column)}${close}`, pointer, 'key');
  }

  private comment(): string {
    return this.chance() < 0.2 ? `${' '.repeat(pick(this.chance, [1, 2, 8]))}# beside ${this.tag()}` : '';
  }

  private flow(value: Json): string {
    const gap = this.chance() < 0.5 ? ' ' : '';
    if (Array.isArray(value)) return `[${gap}${value.map((part) => this.flow(part)).join(', ')}${gap}]`;
    if (typeof value === 'object' && value !== null) {
      const parts = Object.entries(value as JsonMap).map(([key, part]) => `${this.key(key)}: ${this.flow(part)}`);
      return `{${gap}${parts.join(', ')}${gap}}`;
    }
    return typeof value === 'string' ? this.text(value) : String(value);
  }

  private text(value: string): string {
    const { chance } = this;
    if (/^[\w./-]*[a-z/][\w./-]*$/.test(value) && !/^(?:null|true|false|-.*)$/.test(value) && chance() < 0.7)
      return value;
    return /^[ -~]*$/.test(value) && chance() < 0.4 ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value);
  }

  private key(key: string): string {
    return /^[\w-]+$/.test(key) && this.chance() < 0.8 ? key : JSON.stringify(key);
  }
}
