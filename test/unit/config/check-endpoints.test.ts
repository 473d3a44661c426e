/**
 * Endpoints that are the router's own admin port.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../../../src/config/read.ts';

function noticesOf(admin: string, endpoint: string): string[] {
  const text = `admin: ${admin}\nupstreams: { a: { endpoints: [ "${endpoint}" ] } }\nroutes: { a: { match: { path: / }, upstream: a } }\n`;
  const read = readDocument(text, 'routes.yaml', {});
  assert.ok(read.ok);
  return read.notices.map(({ pointer, reason }) => `${pointer} ${reason}`);
}

test('an upstream that leads to the admin port is said, by whichever address of this machine', () => {
  const open = '{ address: 0.0.0.0:9901, token: x }';
  for (const [admin, endpoint] of [
    ['{}', 'http://127.0.0.1:9901'],
    ['{}', 'http://localhost:9901'],
    ['{}', 'http://[::1]:9901'],
    [open, 'http://127.0.0.1:9901'],
    ['{ address: 10.0.0.1:9901, token: x }', 'http://10.0.0.1:9901/'],
  ])
    assert.deepEqual(noticesOf(admin, endpoint).length, 1, `${admin} ${endpoint}`);
  assert.match(noticesOf('{}', 'http://127.0.0.1:9901')[0], /^\/upstreams\/a "a" leads to the router's own admin port/);
  for (const endpoint of ['http://127.0.0.1:19901', 'http://10.0.0.7:9901', 'http://cart.internal:9901'])
    assert.deepEqual(noticesOf('{}', endpoint), [], endpoint);
});
