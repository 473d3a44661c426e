/**
 * What is easily typed wrong: the usual port, one side twice, the port of traffic in place of the admin port.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { problem } from '../../support/admin-samples.ts';
import { run } from '../../support/command.ts';
import { FakeAdmin } from '../../support/fake-admin.ts';

let fake: FakeAdmin;
beforeEach(async () => {
  fake = await FakeAdmin.start();
});
afterEach(() => fake.stop());

for (const [typed, url, instance] of [
  ['10.0.0.7:80', 'http://10.0.0.7:80', '10.0.0.7-80'],
  ['http://10.0.0.7:80/', 'http://10.0.0.7:80', '10.0.0.7-80'],
  ['http://[fd00::7]:80', 'http://[fd00::7]:80', 'fd00-7-80'],
  ['http://10.0.0.7:8080', 'http://10.0.0.7:8080', '10.0.0.7-8080'],
  ['http://10.0.0.7', 'http://10.0.0.7', '10.0.0.7'],
] as const) {
  test(`${typed} is registered with the port that was typed`, async () => {
    const call = `PUT /v1/upstreams/cart/leases/${instance}`;
    fake.on(call, () => ({ status: 422, body: problem(422, 'invalid_lease', 'enough') }));
    await run(['register', 'cart', typed, '--admin', fake.url]);
    assert.deepEqual(fake.asked(call)[0]?.body, { url });
  });
}

test('one side that is given two weights is told so, and nothing is asked', async () => {
  const { code, err } = await run(['weight', 'cart', 'cart=50', 'cart=60', '--admin', fake.url]);
  assert.equal(code, 2);
  assert.match(err, /^signalbox weight: cart stands there twice; write one weight for each upstream\n/);
  assert.equal(fake.heard.length, 0);
});

test('a listener for traffic is not taken for the admin port', async () => {
  const detail = 'no route for GET /v1/status on host 127.0.0.1';
  const body = { ...problem(404, 'no_route', detail), type: 'urn:signalbox:fault:no_route' };
  fake.on('GET /v1/status', () => ({ status: 404, body }));
  const { code, err } = await run(['status', '--admin', fake.url]);
  assert.equal(code, 3);
  assert.equal(
    err,
    `signalbox status: ${fake.url} answers as a listener for traffic does (404 no_route: ${detail}); ` +
      'name the admin port: --admin URL or SIGNALBOX_ADMIN\n',
  );
});
