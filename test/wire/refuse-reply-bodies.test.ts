/**
 * Replies that go wrong in their body: the client's connection is reset, at once, so that no client of any version can take
 * it for a clean end; log and metric say whose fault it was, and that origin connection serves nobody else. At once, byte
 * by byte, and on a pooled connection.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { atOnce, inBytes } from './nonsense.ts';
import { BAD_BODIES, type BadBody } from './nonsense-bodies.ts';
import { FIRST } from './refusing.ts';
import { openStage, type Stage } from './stage.ts';

const WAYS = {
  'at once': { speak: atOnce, pooled: false, version: 'HTTP/1.1' },
  'byte by byte': { speak: inBytes, pooled: false, version: 'HTTP/1.1' },
  'on a pooled connection': { speak: atOnce, pooled: true, version: 'HTTP/1.1' },
  'to a client of HTTP/1.0': { speak: atOnce, pooled: false, version: 'HTTP/1.0' },
  'byte by byte to a client of HTTP/1.0': { speak: inBytes, pooled: false, version: 'HTTP/1.0' },
};

for (const [way, { speak, pooled, version }] of Object.entries(WAYS)) {
  describe(`a reply, ${way}`, () => {
    let stage: Stage;
    let count = 0;
    const speaking: OriginConnection[] = [];
    let entry = BAD_BODIES[0];
    before(async () => {
      stage = await openStage(async (connection) => {
        for (;;) {
          const { start } = await connection.request();
          if (!start.includes('/broken')) {
            connection.send(ok('fine'));
            continue;
          }
          connection.send(`HTTP/1.1 200 OK\r\n${entry.line}\r\n\r\n${entry.good}`);
          speaking.push(connection);
          return void (await connection.closed());
        }
      });
    });
    after(async () => {
      try {
        const outcomes = await stage.metric('signalbox_upstream_attempts_total');
        const protocol = BAD_BODIES.filter(({ how }) => how === 'stay').length;
        assert.equal(outcomes['{upstream="main",outcome="protocol"}'], protocol);
        assert.equal(outcomes['{upstream="main",outcome="reset"}'], BAD_BODIES.length - protocol);
        await stage.close();
      } finally {
        await stage.abandon();
      }
    });

    async function breakOff(bad: BadBody): Promise<void> {
      entry = bad;
      const path = `/broken-${++count}`;
      if (pooled) await stage.fence();
      const client = await stage.client();
      await client.send(`GET ${path} ${version}\r\nHost: a\r\n\r\n`);
      await client.inbox.until('hello', 'the good part');
      const connection = await until('the connection that speaks', () => speaking[count - 1]);
      await speak(connection, bad.bad);
      if (bad.how === 'end') connection.end();
      if (bad.how === 'reset') connection.reset();
      const { text, ending } = await client.untilClose();
      assert.equal(ending, 'rst', 'FIN would look like a clean end');
      assert.ok(!/EVIL|0\r\n\r\n$/.test(text), `it ended cleanly: ${JSON.stringify(text.slice(-200))}`);
      if (version === 'HTTP/1.0') assert.match(text, /^(?:\r\n)?(?:good|half|ha)?(?: of it)?$/);
      await connection.closed();
      assert.equal(connection.requests.length > 1, pooled);
      const { status, code, detail, member } = await stage.logged(path);
      assert.deepEqual([status, code], [200, bad.how === 'stay' ? 'upstream_protocol' : 'upstream_reset']);
      assert.ok(String(detail).startsWith(`${member} `), `the detail does not name the member: ${detail}`);
      client.close();
      const next = await stage.client();
      assert.equal((await next.ask(FIRST)).body, 'fine');
      next.close();
      if (!pooled) for (const open of stage.origin.open) open.end();
      if (!pooled) for (const open of stage.origin.connections) await open.closed();
    }

    for (const bad of BAD_BODIES) {
      test(`with ${bad.name} resets the client`.replace('with no', 'without a'), () => breakOff(bad));
    }
  });
}
