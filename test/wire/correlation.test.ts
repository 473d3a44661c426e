/**
 * Correlation: made where it is missing, a valid one kept byte for byte, echoed, logged, passed on; context by allow-list;
 * the edge believes nothing.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, valuesOf } from '../support/bytes.ts';
import { only } from '../support/raw-client.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const ID = 'x-correlation-id';
const get = (...lines: string[]) =>
  `GET /first HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const last = (requests: readonly Message[]) => requests[requests.length - 1];

test(
  'a missing id is made, sent on, echoed, and logged; two requests get two',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    const ids = [];
    for (let i = 0; i < 2; i++) {
      const reply = await client.ask(FIRST);
      const id = only(last(stage.origin.requests).fields, ID);
      assert.match(id ?? '', /^[\x21-\x7e]{16,128}$/);
      assert.equal(reply.field(ID), id);
      ids.push(id);
    }
    assert.notEqual(ids[0], ids[1]);
    const records = await stage.router.accessLog(2);
    assert.deepEqual(
      records.map((record) => record.correlationId),
      ids,
    );
  }),
);

for (const id of ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'Order-4711', 'a.b_c-D9', '0', 'x'.repeat(64)]) {
  test(
    `a valid id ${id.slice(0, 40)} is kept byte for byte`,
    onStage(answering(ok('')), async (stage) => {
      const client = await stage.client();
      const reply = await client.ask(get(`X-CORRELATION-ID:  ${id} `));
      assert.equal(reply.field(ID), id);
      assert.deepEqual(valuesOf(stage.origin.requests[0].fields, ID), [id]);
      assert.equal((await stage.logged('/first')).correlationId, id);
    }),
  );
}

const INVALID: readonly (readonly [name: string, lines: string[]])[] = [
  ['an empty one', [`${ID}:`]],
  ['one of blanks inside', [`${ID}: a b`]],
  ['one of foreign bytes', [`${ID}: \xe9\xff`]],
  ['one that breaks out of a quoted string', [`${ID}: a"b`]],
  ['one of five thousand characters', [`${ID}: ${'x'.repeat(5000)}`]],
  ['a doubled one', [`${ID}: a`, `X-Correlation-Id: b`]],
];

for (const [name, lines] of INVALID) {
  test(
    `an invalid id, ${name}, is replaced`,
    onStage(answering(ok('')), async (stage) => {
      const client = await stage.client();
      const reply = await client.ask(get(...lines));
      const id = only(stage.origin.requests[0].fields, ID);
      assert.match(id ?? '', /^[\w.-]{16,128}$/);
      assert.equal(reply.field(ID), id);
    }),
  );
}

test(
  'an id the origin sends back is not doubled',
  onStage(
    answering((request) => ok('', `X-Correlation-ID: ${only(request.fields, ID)}`)),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(get(`${ID}: mine-1`))).field(ID), 'mine-1');
    },
  ),
);

test(
  'the header’s name comes from the document',
  onStage(
    answering(ok('')),
    async (stage) => {
      const client = await stage.client();
      const reply = await client.ask(get('X-Request-Id: mine-1', 'X-Correlation-Id: other'));
      assert.equal(reply.field('x-request-id'), 'mine-1');
      assert.deepEqual(valuesOf(stage.origin.requests[0].fields, 'x-request-id'), ['mine-1']);
      assert.deepEqual(valuesOf(stage.origin.requests[0].fields, ID), ['other'], 'then this one is like any other');
    },
    { document: { correlation: { header: 'x-request-id', context: [] } } },
  ),
);

test(
  'context headers pass and are in the log, with the caller; other headers are not in it',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask(get('X-User-Id: u-7', 'x-caller: cart', 'X-Secret: s3cr3t', 'Authorization: Bearer s3cr3t'));
    const { fields } = stage.origin.requests[0];
    assert.deepEqual(valuesOf(fields, 'x-user-id'), ['u-7']);
    const record = await stage.logged('/first');
    assert.deepEqual(record.context, { 'x-user-id': 'u-7' });
    assert.equal(record.caller, 'cart');
    assert.ok(!JSON.stringify(record).includes('s3cr3t'));
  }),
);

test(
  'context of odd bytes is logged as it is, and a line of the log stays a line',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    const odd = 'a"b\\c\t{}\xe9\x85\xa0,[x]';
    await client.ask(get(`X-User-Id: ${odd}`, `x-caller: ${odd}`, 'x-tournament-id: 1', 'x-tournament-id: 2'));
    const record = await stage.logged('/first');
    assert.deepEqual(record.context, { 'x-user-id': odd, 'x-tournament-id': '1, 2' });
    assert.equal(record.caller, odd);
  }),
);

test(
  'the edge does not believe an id or a context',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client('edge');
    const reply = await client.ask(get(`${ID}: forged`, 'X-User-Id: root', 'x-TOURNAMENT-id: 1', 'X-Other: stays'));
    const { fields } = stage.origin.requests[0];
    const id = only(fields, ID);
    assert.notEqual(id, 'forged');
    assert.equal(reply.field(ID), id);
    assert.deepEqual(valuesOf(fields, 'x-user-id'), []);
    assert.deepEqual(valuesOf(fields, 'x-tournament-id'), []);
    assert.deepEqual(valuesOf(fields, 'x-other'), ['stays']);
    const record = await stage.logged('/first');
    assert.equal(record.correlationId, id);
    assert.ok(!JSON.stringify(record).includes('root'));
  }),
);

test(
  'what the router itself says upstream cannot be forged by a client',
  onStage(answering(ok('')), async (stage) => {
    for (const listener of ['internal', 'edge']) {
      const client = await stage.client(listener);
      await client.ask(get('X-Signalbox-Attempt: 9', 'x-signalbox-deadline-ms: 99999999', 'X-Signalbox-Attempt: 8'));
      const { fields } = last(stage.origin.requests);
      assert.equal(only(fields, 'x-signalbox-attempt'), '1');
      const left = only(fields, 'x-signalbox-deadline-ms') ?? '';
      assert.match(left, /^\d+$/);
      assert.ok(Number(left) > 0 && Number(left) <= 10_000, left);
    }
  }),
);

test(
  'which upstream served is told to internal clients only',
  onStage(answering(ok('', 'X-Signalbox-Upstream: forged')), async (stage) => {
    assert.equal((await (await stage.client()).ask(FIRST)).field('x-signalbox-upstream'), 'main');
    assert.deepEqual((await (await stage.client('edge')).ask(FIRST)).all('x-signalbox-upstream'), []);
  }),
);

test(
  'the log has the exchange’s facts',
  onStage(answering(ok('hello')), async (stage) => {
    const client = await stage.client();
    await client.ask('POST /first?secret=1 HTTP/1.1\r\nHost: A.example:80\r\nContent-Length: 3\r\n\r\nabc');
    const record = await stage.logged('/first');
    assert.equal(record.method, 'POST');
    assert.equal(record.host, 'a.example');
    assert.equal(record.listener, 'internal');
    assert.equal(record.client, '127.0.0.1');
    assert.equal(record.route, 'main');
    assert.equal(record.upstream, 'main');
    assert.equal(record.member, `http://127.0.0.1:${stage.origin.port}`);
    assert.equal(record.status, 200);
    assert.equal(record.attempts, 1);
    assert.equal(record.bytesIn, 3);
    assert.equal(record.bytesOut, 5);
    assert.ok(!('code' in record));
    assert.ok(!JSON.stringify(record).includes('secret'));
  }),
);
