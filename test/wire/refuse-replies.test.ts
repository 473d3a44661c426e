/**
 * Replies whose head makes no sense: 502 upstream_protocol, whole, byte by byte, and as the reply of a pooled connection; log
 * and metric say whose fault it was, that origin connection is closed, and the client's goes on.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ok } from '../support/raw-origin.ts';
import { atOnce, inBytes, NONSENSE, type Nonsense } from './nonsense.ts';
import { assertProblem } from './refusing.ts';
import { openStage, type Stage } from './stage.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

const WAYS = {
  whole: { speak: atOnce, pooled: false },
  'byte by byte': { speak: inBytes, pooled: false },
  'on a pooled connection': { speak: atOnce, pooled: true },
};

for (const [way, { speak, pooled }] of Object.entries(WAYS)) {
  describe(`a reply, ${way}`, () => {
    let stage: Stage;
    let nonsense = '';
    let count = 0;
    before(async () => {
      stage = await openStage(async (connection) => {
        for (;;) {
          const { start } = await connection.request();
          if (start.includes('/nonsense')) await speak(connection, nonsense);
          else connection.send(ok('fine'));
        }
      });
    });
    after(async () => {
      try {
        const outcomes = await stage.metric('signalbox_upstream_attempts_total');
        assert.equal(outcomes['{upstream="main",outcome="protocol"}'], count);
        const others = Object.keys(outcomes).filter((labels) => !/"(?:protocol|success)"/.test(labels));
        assert.deepEqual(others, []);
        await stage.close();
      } finally {
        await stage.abandon();
      }
    });

    async function refuse({ bytes }: Nonsense): Promise<void> {
      const client = await stage.client();
      nonsense = bytes;
      const path = `/nonsense-${++count}`;
      if (pooled) await client.ask(get('/before'));
      // Where the pool is empty the next connection is a fresh one.
      const expected = pooled ? stage.origin.connections.length - 1 : stage.origin.connections.length;
      await client.send(get(path));
      let reply = await client.reply();
      if (reply.status === 103) reply = await client.reply();
      assertProblem(reply, 502, 'upstream_protocol');
      const connection = stage.origin.connections[expected];
      await connection.closed();
      assert.ok(connection.requests.at(-1)?.start.includes(path), 'it stood on another connection');
      const { status, code, detail, member, attempts } = await stage.logged(path);
      assert.deepEqual(
        [status, code, member, attempts],
        [502, 'upstream_protocol', `http://127.0.0.1:${stage.origin.port}`, 1],
      );
      assert.ok(String(detail).startsWith(`${member} `), `the detail does not name the member: ${detail}`);
      // Its connection may not be pooled, and the client's may not be harmed.
      const next = await client.ask(get('/after'));
      assert.deepEqual([next.status, next.body], [200, 'fine']);
      client.reset();
      for (const open of stage.origin.open) open.end();
      for (const open of stage.origin.connections) await open.closed();
    }

    for (const entry of NONSENSE) {
      test(`with ${entry.name} is 502`.replace('with no', 'without a'), () => refuse(entry));
    }
  });
}
