/**
 * Upstream times that are switched off: no limit, and no deadline to tell.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../support/raw-origin.ts';
import { onStage } from './stage.ts';

test(
  'an upstream without a total time is told no deadline, and serves',
  onStage(
    async (connection) => {
      const { head } = await connection.request();
      connection.send(ok(String(/x-signalbox-deadline-ms: .*/i.exec(head)?.[0])));
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      const reply = await client.ask('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.deepEqual([reply.status, reply.body], [200, 'undefined']);
    },
    { upstream: { timeout: { attempt: 'off', total: 'off', idle: 'off' } } },
  ),
);
