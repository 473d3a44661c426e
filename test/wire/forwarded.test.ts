/**
 * Who asked, by which name, over what: Forwarded, X-Forwarded-* and Via. Nobody is believed but trusted proxies.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Field, valuesOf } from '../support/bytes.ts';
import { only } from '../support/raw-client.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { onStage } from './stage.ts';

const get = (...lines: string[]) =>
  `GET /first HTTP/1.1\r\nHost: a.example:8080\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

const FORGED = [
  'X-Forwarded-For: 203.0.113.9',
  'x-forwarded-for: 203.0.113.8',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: forged.example',
  'Forwarded: for=203.0.113.9;proto=https;host=forged.example',
];

/** The last element of Forwarded (RFC 7239 section 4) as pairs. */
function lastForwarded(fields: readonly Field[]): Record<string, string> {
  const element = (only(fields, 'forwarded') ?? '').split(/,\s*/).at(-1) ?? '';
  return Object.fromEntries(
    element.split(';').map((pair) => {
      const [, name, value] =
        /^\s*([a-z]+)=("(?:[^"\\]|\\.)*"|[\w!#$%&'*+.^`|~-]+)\s*$/i.exec(pair) ?? assert.fail(pair);
      return [name.toLowerCase(), value.replaceAll('"', '')];
    }),
  );
}

for (const listener of ['internal', 'edge']) {
  test(
    `on listener ${listener} the upstream learns the client, its host and its scheme`,
    onStage(answering(ok('')), async (stage) => {
      await (await stage.client(listener)).ask(get());
      const { fields } = stage.origin.requests[0];
      assert.equal(only(fields, 'x-forwarded-for'), '127.0.0.1');
      assert.equal(only(fields, 'x-forwarded-proto'), 'http');
      assert.equal(only(fields, 'x-forwarded-host'), 'a.example:8080');
      const { for: who, proto, host } = lastForwarded(fields);
      assert.deepEqual({ who, proto, host }, { who: '127.0.0.1', proto: 'http', host: 'a.example:8080' });
      assert.match(only(fields, 'via') ?? '', /^1\.1 \S+/);
    }),
  );

  test(
    `on listener ${listener} what an untrusted client says of itself is overwritten`,
    onStage(answering(ok('')), async (stage) => {
      await (await stage.client(listener)).ask(get(...FORGED));
      const { fields, head } = stage.origin.requests[0];
      assert.equal(only(fields, 'x-forwarded-for'), '127.0.0.1');
      assert.equal(only(fields, 'x-forwarded-proto'), 'http');
      assert.equal(only(fields, 'x-forwarded-host'), 'a.example:8080');
      assert.ok(!head.includes('203.0.113') && !head.includes('forged'), head);
      assert.equal((await stage.logged('/first')).client, '127.0.0.1');
    }),
  );
}

const TRUSTING = { edge: { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] } };

test(
  'a trusted proxy is believed, and the chain goes on',
  onStage(
    answering(ok('')),
    async (stage) => {
      const client = await stage.client('edge');
      await client.ask(
        get('X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: shop.example'),
      );
      const { fields } = stage.origin.requests[0];
      assert.equal(valuesOf(fields, 'x-forwarded-for').join(', '), '203.0.113.9, 127.0.0.1');
      assert.equal(only(fields, 'x-forwarded-proto'), 'https');
      assert.equal(only(fields, 'x-forwarded-host'), 'shop.example');
      assert.equal((await stage.logged('/first')).client, '203.0.113.9');
    },
    TRUSTING,
  ),
);

test(
  'the chain is read from the right: what an outsider put before it is not the client',
  onStage(
    answering(ok('')),
    async (stage) => {
      const client = await stage.client('edge');
      await client.ask(get('X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.1.2.3'));
      assert.equal((await stage.logged('/first')).client, '203.0.113.9');
    },
    TRUSTING,
  ),
);

test(
  'nonsense from a trusted proxy is not taken for an address',
  onStage(
    answering(ok('')),
    async (stage) => {
      const client = await stage.client('edge');
      await client.ask(get('X-Forwarded-For: <script>, unknown'));
      assert.equal((await stage.logged('/first')).client, '127.0.0.1');
    },
    TRUSTING,
  ),
);

test(
  'Forwarded of a trusted proxy goes on with this hop behind it',
  onStage(
    answering(ok('')),
    async (stage) => {
      const client = await stage.client('edge');
      await client.ask(get('Forwarded: for=203.0.113.9;proto=https;host=shop.example'));
      const value = only(stage.origin.requests[0].fields, 'forwarded') ?? '';
      assert.match(value, /^for=203\.0\.113\.9;proto=https;host=shop\.example, ?\S/);
      assert.equal(lastForwarded(stage.origin.requests[0].fields).for, '127.0.0.1');
      assert.equal((await stage.logged('/first')).client, '203.0.113.9');
    },
    TRUSTING,
  ),
);

test(
  'Via of the hops before goes on with this hop behind it',
  onStage(answering(ok('')), async (stage) => {
    await (await stage.client()).ask(get('Via: 1.0 fred, 1.1 p.example'));
    assert.match(
      valuesOf(stage.origin.requests[0].fields, 'via').join(', '),
      /^1\.0 fred, 1\.1 p\.example, ?1\.1 \S+$/,
    );
  }),
);

test(
  'a 1.0 client is named so in Via',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.send('GET / HTTP/1.0\r\n\r\n');
    await client.lastReply();
    assert.match(only(stage.origin.requests[0].fields, 'via') ?? '', /^1\.0 \S+$/);
  }),
);
