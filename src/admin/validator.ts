/**
 * How what comes in is checked against its schema.
 *
 * Rule: a body says what it means: `"5"` is no number. Paths, queries and headers are texts, so there numbers and yes or no
 * are read from them. All that is wrong is told at once, as long as somebody can read it: of a body with more than MOST_VALUES
 * values the first. Nothing is silently taken away: a call that knows no query refuses one.
 */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FastifyInstance, FastifySchemaValidationError } from 'fastify';

const NO_QUERY = { type: 'object', additionalProperties: false };
const LENIENT = { strict: false, useDefaults: true, validateFormats: false } as const;
/** Schemas are checked by a test: to check them at each start takes twice as long as to compile them. */
const OPTIONS = { ...LENIENT, validateSchema: false } as const;
const ALL = { ...OPTIONS, allErrors: true } as const;
/** A body of 8 MiB can have a million of them, and each may be wrong in several ways. */
const MOST_VALUES = 1000;

export function checkSchemas(server: FastifyInstance): void {
  const bodies = { first: new Ajv2020(OPTIONS), all: new Ajv2020(ALL) };
  const texts = {
    first: new Ajv2020({ ...OPTIONS, coerceTypes: 'array' }),
    all: new Ajv2020({ ...ALL, coerceTypes: 'array' }),
  };
  server.addHook('onRoute', (route) => {
    if (route.url.startsWith('/v1/')) route.schema = { querystring: NO_QUERY, ...route.schema };
  });
  server.setValidatorCompiler(({ schema, httpPart }) => {
    const { first, all } = httpPart === 'body' ? bodies : texts;
    return thorough(
      whenAsked(() => first.compile(schema as object)),
      whenAsked(() => all.compile(schema as object)),
    );
  });
}

type Validator = ((data: unknown) => boolean) & { errors: FastifySchemaValidationError[] | null };

/** Stops at the first flaw, and looks for all of them where that cannot be many. */
function thorough(first: Validator, all: Validator): Validator {
  const validate = (data: unknown): boolean => {
    if (first(data)) return true;
    const asked = valuesLeft(data, MOST_VALUES) < 0 ? first : all;
    if (asked === all) all(data);
    validator.errors = asked.errors;
    return false;
  };
  const validator: Validator = Object.assign(validate, { errors: null });
  return validator;
}

/** How many of `most` are left when those in `data` are counted; below 0 it counts no further. */
function valuesLeft(data: unknown, most: number): number {
  let left = most - 1;
  if (typeof data !== 'object' || data === null) return left;
  for (const key in data) {
    if (left < 0) return left;
    left = valuesLeft((data as Record<string, unknown>)[key], left);
  }
  return left;
}

/** A schema is compiled when its call is made first; those that calls share have no name to collide under. */
function whenAsked(compile: () => ValidateFunction): Validator {
  let compiled: ValidateFunction | undefined;
  const validate = (data: unknown): boolean => {
    compiled ??= compile();
    const valid = compiled(data);
    validator.errors = compiled.errors ?? null;
    return valid;
  };
  const validator: Validator = Object.assign(validate, { errors: null });
  return validator;
}
