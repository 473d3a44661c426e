/**
 * Every schema of every call is a schema, and can be compiled: at start neither is looked at. What does not fit one is told,
 * however much of it there is.
 *
 * The plugins are given sources that cannot be asked, since nothing is.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyError, FastifySchemaValidationError, RouteOptions } from 'fastify';
import fastify from 'fastify';
import { config } from '../../../src/admin/config.ts';
import { live } from '../../../src/admin/live.ts';
import { parts } from '../../../src/admin/parts.ts';
import { revisions } from '../../../src/admin/revisions.ts';
import { status } from '../../../src/admin/status.ts';
import { upstreams } from '../../../src/admin/upstreams.ts';
import { checkSchemas } from '../../../src/admin/validator.ts';

const NOTHING = {} as never;

test('all schemas of all calls are valid and can be compiled', async () => {
  const server = fastify();
  const routes: RouteOptions[] = [];
  checkSchemas(server);
  server.addHook('onRoute', (route) => void routes.push(route));
  for (const plugin of [config, parts, revisions, upstreams, status, live]) server.register(plugin(NOTHING));
  await server.ready();
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  let count = 0;
  for (const { url, schema = {} } of routes) {
    const { params, querystring, headers, body, response = {} } = schema;
    for (const part of [params, querystring, headers, body, ...Object.values(response as object)]) {
      if (part === undefined) continue;
      count += 1;
      assert.doesNotThrow(() => ajv.compile(part as object), url);
    }
  }
  assert.ok(count > 60, String(count));
  await server.close();
});

const AGENT = { leases: [{ upstream: 'cart', instance: 'cart-1', ttl: '1s' }, { upstream: '-' }] };

test('of a body that does not fit all flaws are told, and of one with a thousand values the first', async () => {
  const server = fastify();
  checkSchemas(server);
  server.setErrorHandler((error: FastifyError, _request, reply) => reply.code(400).send(error.validation));
  for (const plugin of [upstreams, status]) server.register(plugin(NOTHING));
  const flaws = async (url: string, payload: object) => (await server.inject({ method: 'POST', url, payload })).json();
  const few: FastifySchemaValidationError[] = await flaws('/v1/leases/renew', AGENT);
  assert.deepEqual(few.map(({ instancePath, keyword }) => [instancePath, keyword]).toSorted(), [
    ['/leases/0', 'additionalProperties'],
    ['/leases/1', 'required'],
    ['/leases/1/upstream', 'pattern'],
  ]);
  const many = Array.from({ length: 5000 }, (_, i) => `k${i}`);
  const map = Object.fromEntries(many.map((key) => [key, 1]));
  for (const [url, payload] of [
    ['/v1/leases/renew', { leases: many }],
    ['/v1/explain', map],
    ['/v1/explain', { url: 'http://cart.internal/', headers: map }],
  ] as const) {
    const told: FastifySchemaValidationError[] = await flaws(url, payload);
    // A value that fits no form of a union is told once for each form.
    assert.equal(new Set(told.map(({ instancePath }) => instancePath)).size, 1, url);
    assert.ok(told.length <= 3, url);
  }
  await server.close();
});
