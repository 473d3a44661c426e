/**
 * The words that the shape of a document is written in.
 *
 * Rule: a shape is plain JSON Schema for whoever reads it from outside (OpenAPI, editors), with a `description` that
 * completes the sentence "expected ..."; what JSON Schema cannot say stands in `x-` keys, which only make messages better
 * or say what an inheriting part replaces. The walk over it is check-shape.ts. The few words below are all it takes: a
 * schema library was as much of the start's time as all of our own files.
 */

import { DURATION_PATTERN, formatDuration, LONGEST_AGE, SIZE_PATTERN } from '../core/duration.ts';

/** A schema as the walk reads it: the part of JSON Schema that is used here. */
export interface Shape {
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean';
  readonly description?: string;
  readonly const?: string | number | boolean;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Shape[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: false;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Shape;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  /** The unit of a text: whoever writes another one is told what was probably meant. */
  readonly 'x-unit'?: 'duration' | 'size';
  /** Least value of a text with a unit, in milliseconds or bytes. */
  readonly 'x-least'?: number;
  /** Largest value of a duration, in milliseconds, where it is not that of timers. */
  readonly 'x-most'?: number;
  /** What is wrong with a key that no pattern holds: completes "must be ...". */
  readonly 'x-keys'?: string;
  /** Keys of which at most one may be given; an own one displaces those inherited. */
  readonly 'x-exclusive'?: readonly (readonly string[])[];
  /** Replaced as a whole where a part inherits, never merged. */
  readonly 'x-whole'?: boolean;
  /** Checked, but without effect in this version. */
  readonly 'x-dormant'?: boolean;
  /** What to write where a value is no text at all; without it, quotes are advised. */
  readonly 'x-advice'?: string;
  /** The value is never shown. */
  readonly 'x-secret'?: boolean;
  /** Keys name headers or parameters: where one names a credential, its value is never shown. */
  readonly 'x-credentials'?: boolean;
}

/** Extra words on a schema. */
export interface Words {
  readonly description?: string;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-exclusive'?: readonly (readonly string[])[];
  readonly 'x-whole'?: boolean;
  readonly 'x-dormant'?: boolean;
  readonly 'x-credentials'?: boolean;
}

export const ID = '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';
const ID_WORDS = 'letters, digits, `.`, `_` and `-`, a letter or digit first, at most 128 of them';
/** RFC 9110 section 5.6.2. */
export const TOKEN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

export const OFF = literal('off');
export const TRUE = literal(true);
export const ID_TEXT = text('an id', { pattern: ID });
export const HEADER = text('the name of a header', { pattern: TOKEN });
export const TOKEN_TEXT = text('a name without spaces', { pattern: TOKEN });

/** A text; `description` says which. */
export function text(description = 'a text', words: Shape = {}): Shape {
  return { type: 'string', description, ...words };
}

/** One value and no other. */
export function literal(value: string | number | boolean, description = `\`${value}\``): Shape {
  return { type: typeof value as 'string' | 'number' | 'boolean', const: value, description };
}

/** A duration of at least `least` milliseconds. */
export function duration(least = 1): Shape {
  const description = `a duration such as \`250ms\` or \`3s\`${least > 1 ? `, at least ${formatDuration(least)}` : ''}`;
  return text(description, { pattern: DURATION_PATTERN, 'x-unit': 'duration', 'x-least': least });
}

/** A duration of at least `least` milliseconds that nobody waits for: it may be one of years. */
export function age(least: number): Shape {
  return { ...duration(least), 'x-most': LONGEST_AGE };
}

/** A duration that may be none at all. */
export function durationOrNone(): Shape {
  return either([duration(0), literal(0), OFF], { description: 'a duration such as `3s`, or `0` or `off`' });
}

/** A size of at least `least` bytes. */
export function size(least = 1): Shape {
  const description = 'a size such as `64KiB`';
  return text(description, { pattern: SIZE_PATTERN, 'x-unit': 'size', 'x-least': least });
}

/** A whole number within bounds. */
export function count(minimum: number, maximum = 2 ** 31 - 1): Shape {
  const upTo = maximum === 2 ** 31 - 1 ? `of ${minimum} or more` : `from ${minimum} to ${maximum}`;
  return { type: 'integer', minimum, maximum, description: `a whole number ${upTo}` };
}

/** A number within bounds. */
export function number(minimum: number, maximum?: number): Shape {
  if (maximum === undefined) return { type: 'number', minimum, description: `a number of ${minimum} or more` };
  return { type: 'number', minimum, maximum, description: `a number from ${minimum} to ${maximum}` };
}

/** One of some words. */
export function oneOf(...words: string[]): Shape {
  const description =
    words.length === 1 ? `\`${words[0]}\`` : `one of ${words.map((word) => `\`${word}\``).join(', ')}`;
  return { anyOf: words.map((word) => literal(word)), description };
}

/** One of several shapes; without a description, theirs are joined. */
export function either(branches: readonly Shape[], words: Words = {}): Shape {
  const description = branches.map((branch) => branch.description ?? 'a value').join(' or ');
  return { anyOf: branches, description, ...words };
}

export function orOff(shape: Shape, words: Words = {}): Shape {
  return either([shape, OFF], words);
}

/** A map with known keys; all may be left out but those in `required`. */
export function fields(
  keys: Readonly<Record<string, Shape>>,
  required: readonly string[] = [],
  words: Words = {},
): Shape {
  const description = `a map with ${listed(Object.keys(keys))}`;
  const needed = required.length === 0 ? {} : { required };
  return { type: 'object', properties: keys, ...needed, additionalProperties: false, description, ...words };
}

/** A map with exactly one of some keys, replaced as a whole where a part inherits. */
export function oneKey(keys: Readonly<Record<string, Shape>>, words: Words = {}): Shape {
  const description = `{ ${Object.keys(keys).join(' | ')} }`;
  return fields(keys, [], { minProperties: 1, maxProperties: 1, description, 'x-whole': true, ...words });
}

/** A map from names that the document gives to one shape. */
export function named(shape: Shape, words: Words = {}): Shape {
  return record(ID, ID_WORDS, shape, words);
}

/** A map from header names. */
export function byHeader(shape: Shape, words: Words = {}): Shape {
  return record(TOKEN, 'the name of a header: letters, digits and `-`', shape, { 'x-credentials': true, ...words });
}

/** A map from the names of query parameters, which may be anything but empty. */
export function byText(shape: Shape, words: Words = {}): Shape {
  return record('^[\\s\\S]+$', 'a name', shape, { 'x-credentials': true, ...words });
}

function record(pattern: string, keys: string, shape: Shape, words: Words): Shape {
  const description = 'a map';
  const patternProperties = { [pattern]: shape };
  return { type: 'object', patternProperties, additionalProperties: false, description, 'x-keys': keys, ...words };
}

export function list(shape: Shape, words: Shape = {}): Shape {
  return { type: 'array', items: shape, description: 'a list', ...words };
}

function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  return quoted.length > 4 ? `${quoted.slice(0, 4).join(', ')}, ...` : quoted.join(', ');
}
