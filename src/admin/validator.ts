/**
 * How what comes in is checked against its schema.
 *
 * Rule: a body says what it means: `"5"` is no number. Paths, queries and headers are texts, so there numbers and yes or no
 * are read from them. All that is wrong is told at once, and nothing is silently taken away: a call that knows no query
 * refuses one.
 */

import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';

const NO_QUERY = { type: 'object', additionalProperties: false };
const OPTIONS = { allErrors: true, strict: false, useDefaults: true, validateFormats: false } as const;

export function checkSchemas(server: FastifyInstance): void {
  const bodies = new Ajv2020(OPTIONS);
  const texts = new Ajv2020({ ...OPTIONS, coerceTypes: 'array' });
  server.addHook('onRoute', (route) => {
    if (route.url.startsWith('/v1/')) route.schema = { querystring: NO_QUERY, ...route.schema };
  });
  server.setValidatorCompiler(({ schema, httpPart }) => {
    // A schema is compiled once per call that has it; those that calls share have no name to collide under.
    return (httpPart === 'body' ? bodies : texts).compile(schema as object);
  });
}
