/**
 * Bytes of no protocol at all, from clients and from origins: the router closes, answers 502, serves on, and keeps nothing.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { answering, ok } from '../support/raw-origin.ts';
import { breathe } from '../support/wait.ts';
import { FIRST } from './refusing.ts';
import { onStage, openStage, type Stage } from './stage.ts';

const RUNS = 300;
const garbage = fc.uint8Array({ minLength: 1, maxLength: 600 });

describe('garbage of clients', () => {
  let stage: Stage;
  before(async () => {
    stage = await openStage(answering(ok('fine')));
  });
  after(() => stage.close());

  for (const [name, begin] of Object.entries({
    'on its own': '',
    'behind a request': FIRST,
    // In the middle of a line: behind a whole one, bytes that happen to begin with CR LF would end the head rightly.
    'in a head': 'GET /bad HTTP/1.1\r\nHost: a\r\nX',
    'in chunks': 'POST /bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
  })) {
    test(`${name} makes no request`, async () => {
      const property = fc.asyncProperty(garbage, async (bytes) => {
        const client = await stage.client();
        await client.send(begin, bytes);
        await breathe();
        client.end();
        await client.untilClose();
        client.close();
      });
      await fc.assert(property, { numRuns: RUNS });
      await stage.fence();
      assert.ok(!stage.origin.requests.some((request) => request.start.includes('/bad')));
    });
  }
});

test(
  'garbage of an origin makes no reply, in the place of a head and behind one',
  onStage(
    async (connection) => {
      for (;;) {
        const [, hex, head] = /\/([0-9a-f]+)(-head)? /.exec((await connection.request()).start) ?? [];
        if (head !== undefined) connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        connection.send(Buffer.from(hex, 'hex'));
        connection.end();
      }
    },
    async (stage) => {
      const property = fc.asyncProperty(garbage, fc.boolean(), async (bytes, withHead) => {
        const client = await stage.client();
        const path = `/${Buffer.from(bytes).toString('hex')}${withHead ? '-head' : ''}`;
        await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        const { text } = await client.untilClose();
        client.close();
        const clean = text.includes('\r\n\r\n') && text.endsWith('0\r\n\r\n') && withHead;
        assert.ok(text.startsWith('HTTP/1.1 502 ') || !clean, text);
        assert.ok(text.startsWith('HTTP/1.1 502 ') || withHead, text);
      });
      await fc.assert(property, { numRuns: RUNS });
    },
  ),
);
