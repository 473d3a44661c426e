/**
 * The words that the shape of a document is written in.
 *
 * Rule: a shape is a TypeBox schema, plain JSON Schema for whoever reads it from outside (OpenAPI, editors), with a
 * `description` that completes the sentence "expected ..."; what JSON Schema cannot say stands in `x-` keys, which only
 * make messages better or say what an inheriting part replaces. The walk over it is check-shape.ts.
 */

import { type TSchema, Type } from 'typebox';
import { DURATION_PATTERN, SIZE_PATTERN } from '../core/duration.ts';

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
}

/** Extra words on a schema. */
export interface Words {
  readonly description?: string;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-exclusive'?: readonly (readonly string[])[];
  readonly 'x-whole'?: boolean;
  readonly 'x-dormant'?: boolean;
}

export const ID = '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';
const ID_WORDS = 'letters, digits, `.`, `_` and `-`, a letter or digit first, at most 128 of them';
/** RFC 9110 section 5.6.2. */
export const TOKEN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

export const OFF: TSchema = Type.Literal('off', { description: '`off`' });
export const ID_TEXT: TSchema = Type.String({ pattern: ID, description: 'an id' });
export const HEADER: TSchema = Type.String({ pattern: TOKEN, description: 'the name of a header' });
export const TOKEN_TEXT: TSchema = Type.String({ pattern: TOKEN, description: 'a name without spaces' });

/** A text; `description` says which. */
export function text(description = 'a text', words: Readonly<Record<string, unknown>> = {}): TSchema {
  return Type.String({ description, ...words });
}

/** A duration of at least `least` milliseconds. */
export function duration(least = 1): TSchema {
  const description = 'a duration such as `250ms` or `3s`';
  return Type.String({ pattern: DURATION_PATTERN, description, 'x-unit': 'duration', 'x-least': least });
}

/** A size of at least `least` bytes. */
export function size(least = 1): TSchema {
  const description = 'a size such as `64KiB`';
  return Type.String({ pattern: SIZE_PATTERN, description, 'x-unit': 'size', 'x-least': least });
}

/** A whole number within bounds. */
export function count(minimum: number, maximum = 2 ** 31 - 1): TSchema {
  const upTo = maximum === 2 ** 31 - 1 ? `of ${minimum} or more` : `from ${minimum} to ${maximum}`;
  return Type.Integer({ minimum, maximum, description: `a whole number ${upTo}` });
}

/** A number within bounds. */
export function number(minimum: number, maximum?: number): TSchema {
  if (maximum === undefined) return Type.Number({ minimum, description: `a number of ${minimum} or more` });
  return Type.Number({ minimum, maximum, description: `a number from ${minimum} to ${maximum}` });
}

/** One of some words. */
export function oneOf(...words: string[]): TSchema {
  const description =
    words.length === 1 ? `\`${words[0]}\`` : `one of ${words.map((word) => `\`${word}\``).join(', ')}`;
  return Type.Union(
    words.map((word) => Type.Literal(word, { description: `\`${word}\`` })),
    { description },
  );
}

/** One of several shapes; without a description, theirs are joined. */
export function either(branches: TSchema[], words: Words = {}): TSchema {
  const description = branches.map((branch: Shape) => branch.description ?? 'a value').join(' or ');
  return Type.Union(branches, { description, ...words });
}

export function orOff(shape: TSchema, words: Words = {}): TSchema {
  return either([shape, OFF], words);
}

/** A map with known keys; all may be left out but those in `required`. */
export function fields(
  keys: Readonly<Record<string, TSchema>>,
  required: readonly string[] = [],
  words: Words = {},
): TSchema {
  const properties = Object.fromEntries(
    Object.entries(keys).map(([key, shape]) => [key, required.includes(key) ? shape : Type.Optional(shape)]),
  );
  const description = `a map with ${listed(Object.keys(keys))}`;
  return Type.Object(properties, { additionalProperties: false, description, ...words });
}

/** A map with exactly one of some keys, replaced as a whole where a part inherits. */
export function oneKey(keys: Readonly<Record<string, TSchema>>, words: Words = {}): TSchema {
  const description = `{ ${Object.keys(keys).join(' | ')} }`;
  return fields(keys, [], { minProperties: 1, maxProperties: 1, description, 'x-whole': true, ...words });
}

/** A map from names that the document gives to one shape. */
export function named(shape: TSchema, words: Words = {}): TSchema {
  return record(ID, ID_WORDS, shape, words);
}

/** A map from header names. */
export function byHeader(shape: TSchema, words: Words = {}): TSchema {
  return record(TOKEN, 'the name of a header: letters, digits and `-`', shape, words);
}

/** A map from texts that may be anything but empty. */
export function byText(shape: TSchema, words: Words = {}): TSchema {
  return record('^[\\s\\S]+$', 'a name', shape, words);
}

function record(pattern: string, keys: string, shape: TSchema, words: Words): TSchema {
  const description = 'a map';
  const options = { additionalProperties: false, description, 'x-keys': keys, ...words };
  return Type.Record(Type.String({ pattern }), shape, options);
}

export function list(shape: TSchema, words: Readonly<Record<string, unknown>> = {}): TSchema {
  return Type.Array(shape, { description: `a list`, ...words });
}

function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  return quoted.length > 4 ? `${quoted.slice(0, 4).join(', ')}, ...` : quoted.join(', ');
}
