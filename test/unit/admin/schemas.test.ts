/**
 * Every schema of every call is a schema, and can be compiled: at start neither is looked at.
 *
 * The plugins are given sources that cannot be asked, since nothing is.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { RouteOptions } from 'fastify';
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
