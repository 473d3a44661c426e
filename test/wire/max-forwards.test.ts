/**
 * Max-Forwards (RFC 9110 section 7.6.2): an OPTIONS or a TRACE goes one hop less far, and at 0 the router is its end. Other
 * methods carry it as they like.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valuesOf } from '../support/bytes.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { assertLastProblem } from './refusing.ts';
import { onStage } from './stage.ts';

const ask = (method: string, ...lines: string[]) =>
  `${method} /a HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

for (const method of ['OPTIONS', 'TRACE']) {
  test(
    `${method} goes on with one hop less`,
    onStage(answering(ok('fine')), async (stage) => {
      const client = await stage.client();
      const told = [
        ['Max-Forwards: 1', '0'],
        ['max-forwards:  070 ', '69'],
        ['MAX-FORWARDS: 99999999999999999999999', '999'],
      ];
      for (const [line, sent] of told) {
        assert.equal((await client.ask(ask(method, 'X: y', line, 'Z: y'))).body, 'fine');
        assert.deepEqual(valuesOf(stage.origin.requests.at(-1)?.fields ?? [], 'max-forwards'), [sent]);
      }
      await client.ask(ask(method));
      assert.deepEqual(valuesOf(stage.origin.requests.at(-1)?.fields ?? [], 'max-forwards'), []);
    }),
  );

  test(
    `${method} with a malformed number of hops is 400`,
    onStage(answering(ok('fine')), async (stage) => {
      for (const lines of [['-1'], ['x'], [''], ['1.0'], ['1, 1'], ['1', '1']]) {
        const client = await stage.client();
        await client.send(ask(method, ...lines.map((value) => `Max-Forwards: ${value}`)));
        await assertLastProblem(await client.lastReply(), 400, 'bad_request');
        client.close();
      }
      assert.equal(stage.origin.connections.length, 0);
    }),
  );
}

test(
  'OPTIONS without a hop left is answered here, and the connection goes on',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    const reply = await client.ask(ask('OPTIONS', 'Max-Forwards: 0'));
    assert.deepEqual([reply.status, reply.body, reply.field('content-length')], [200, '', '0']);
    assert.equal(stage.origin.connections.length, 0);
    assert.equal((await client.ask(ask('GET'))).body, 'fine');
    const [{ status, upstream }] = await stage.router.accessLog(2);
    assert.deepEqual([status, upstream], [200, undefined]);
  }),
);

test(
  'TRACE without a hop left is shown its way and none of its secrets',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    const secrets = ['Cookie: a=secret', 'Authorization: secret', 'X-Api-Key: secret'];
    const reply = await client.ask(ask('TRACE', ...secrets, 'Via: 1.1 first', 'via: 1.1 second', 'Max-Forwards: 0'));
    assert.deepEqual([reply.status, reply.field('content-type')], [200, 'message/http']);
    assert.equal(
      reply.body,
      'TRACE /a HTTP/1.1\r\nHost: a\r\nVia: 1.1 first\r\nvia: 1.1 second\r\nMax-Forwards: 0\r\n\r\n',
    );
    assert.equal(stage.origin.connections.length, 0);
  }),
);

test(
  'any other method carries it as it came',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    for (const value of ['0', '5', 'nonsense']) {
      assert.equal((await client.ask(ask('GET', `Max-Forwards: ${value}`))).body, 'fine');
      assert.deepEqual(valuesOf(stage.origin.requests.at(-1)?.fields ?? [], 'max-forwards'), [value]);
    }
  }),
);
