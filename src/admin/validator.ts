/**
 * How what comes in is checked against its schema.
 *
 * Rule: a body says what it means: `"5"` is no number. Paths, queries and headers are texts, so there numbers and yes or no
 * are read from them. All that is wrong is told at once, and nothing is silently taken away: a call that knows no query
 * refuses one.
 */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FastifyInstance, FastifySchemaValidationError } from 'fastify';

const NO_QUERY = { type: 'object', additionalProperties: false };
const LENIENT = { allErrors: true, strict: false, useDefaults: true, validateFormats: false } as const;
/** Schemas are checked by a test: to check them at each start takes twice as long as to compile them. */
const OPTIONS = { ...LENIENT, validateSchema: false } as const;

export function checkSchemas(server: FastifyInstance): void {
  const bodies = new Ajv2020(OPTIONS);
  const texts = new Ajv2020({ ...OPTIONS, coerceTypes: 'array' });
  server.addHook('onRoute', (route) => {
    if (route.url.startsWith('/v1/')) route.schema = { querystring: NO_QUERY, ...route.schema };
  });
  server.setValidatorCompiler(({ schema, httpPart }) => {
    return whenAsked(() => (httpPart === 'body' ? bodies : texts).compile(schema as object));
  });
}

type Validator = ((data: unknown) => boolean) & { errors: FastifySchemaValidationError[] | null };

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
