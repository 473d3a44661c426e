/**
 * What the rules say of each header, by zone and by what the document names.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WIRE_NAMES } from '../../../src/core/names.ts';
import { DROP, EXACT, KEEP, NAME_LENGTH } from '../../../src/proxy/rules.ts';
import { type Ground, ground, type Options } from './table.ts';

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', 'proxy-authorization'].concat([
  'proxy-authenticate',
  'http2-settings',
]);
const WRITTEN_ANEW = ['traceparent', 'forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'].concat([
  'x-signalbox-attempt',
  'x-signalbox-deadline-ms',
]);

const OPTIONS: Options = { context: ['x-user-id', 'Cookie'], caller: 'X-Caller' };

/** Names with a rule other than `keep`, under their rule. */
function ruled({ names }: Ground, rules: Uint8Array, rule: number): string[] {
  return names.names.filter((_, number) => rules[number] === rule).sort();
}

describe('for requests', () => {
  test('of zone internal, what belongs to the hop and what is written anew stops, all else goes on', () => {
    const on = ground(OPTIONS);
    assert.deepEqual(ruled(on, on.rules.request, DROP), [...HOP_BY_HOP, ...WRITTEN_ANEW].sort());
  });

  test('of zone edge, nothing that claims to know the caller goes on either', () => {
    const on = ground({ ...OPTIONS, zone: 'edge' });
    const more = ['x-signalbox-upstream', 'x-user-id', 'cookie', 'x-caller'];
    assert.deepEqual(ruled(on, on.rules.request, DROP), [...HOP_BY_HOP, ...WRITTEN_ANEW, ...more].sort());
  });

  test('host and framing go on in one spelling', () => {
    for (const zone of ['internal', 'edge'] as const) {
      const on = ground({ zone });
      assert.deepEqual(ruled(on, on.rules.request, EXACT), ['content-length', 'host', 'transfer-encoding']);
    }
  });

  test('tracestate, expect and the correlation header are left to what the exchange says', () => {
    const on = ground({ zone: 'edge' });
    for (const name of ['tracestate', 'expect', 'x-correlation-id']) {
      assert.equal(on.rules.request[on.names.number(name)], KEEP);
    }
  });

  test('what the router vouches for must not come as a trailer', () => {
    const { guarded } = ground(OPTIONS).rules;
    const wanted = ['traceparent', 'tracestate', 'forwarded', 'x-correlation-id', 'x-user-id', 'cookie', 'x-caller'];
    for (const name of [...wanted, ...WRITTEN_ANEW]) assert.ok(guarded.has(name), name);
    assert.ok(!ground({ context: [] }).rules.guarded.has('x-user-id'));
  });
});

describe('for replies', () => {
  for (const zone of ['internal', 'edge'] as const) {
    test(`of zone ${zone}, what belongs to the hop and what the router says itself stops, all else goes on`, () => {
      const on = ground({ ...OPTIONS, zone, header: 'X-Request-Id' });
      assert.deepEqual(ruled(on, on.rules.reply, DROP), [...HOP_BY_HOP, 'x-request-id', 'x-signalbox-upstream'].sort());
      assert.deepEqual(ruled(on, on.rules.reply, EXACT), ['content-length', 'transfer-encoding']);
    });
  }
});

test('every name of the table has a rule, and every wire name its length', () => {
  const on = ground(OPTIONS);
  assert.equal(on.rules.request.length, on.names.names.length);
  assert.equal(on.rules.reply.length, on.names.names.length);
  assert.deepEqual(
    NAME_LENGTH,
    WIRE_NAMES.map((name) => name.length),
  );
});
