/**
 * What an operator reads where no access log line can tell: the connection limit at level warn, silent ends at level debug,
 * both counted; and nothing at debug for whoever does not ask for it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRouterWithApp } from '../support/app.ts';
import { settled, watchHandles } from '../support/leaks.ts';
import { connectRaw } from '../support/raw-client.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { FIRST } from './refusing.ts';
import { documentFor, onStage } from './stage.ts';

test(
  'those over limits.connections are counted, and the log says how many it turned away, at most once a second',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const first = await stage.client();
      await first.ask(FIRST);
      for (let i = 0; i < 3; i++) {
        const over = await stage.client();
        const { text } = await over.untilClose();
        assert.match(text, /^HTTP\/1\.1 503 .*\r\nRetry-After: 1\r\n.*"code":"overloaded"/s);
        over.close();
      }
      const lines = () => stage.router.logs.filter(({ msg }) => String(msg).startsWith('connection limit reached'));
      const [{ level, listener, setting, limit, turnedAway }] = lines();
      assert.deepEqual([level, listener, setting, limit, turnedAway], [40, 'internal', 'limits.connections', 1, 1]);
      const rest = await until('those behind the first, though nobody else comes', () => lines()[1]);
      assert.equal(rest.turnedAway, 2);
      assert.deepEqual(await stage.metric('signalbox_connections_cut_total'), {
        '{listener="internal",reason="limit"}': 3,
      });
      assert.equal((await first.ask(FIRST)).status, 200);
    },
    { internal: { limits: { connections: 1 } } },
  ),
);

for (const workers of [0, 1]) {
  for (const logLevel of ['debug', 'info'] as const) {
    test(`a silent end is ${logLevel === 'debug' ? 'told' : 'not told'} at level ${logLevel}, with ${workers} data threads`, async () => {
      const handlesBack = watchHandles();
      const text = documentFor(1, { internal: { timeout: { head: '100ms' } } });
      const router = await startRouterWithApp(text, { workers, logLevel });
      const client = await connectRaw(router.port());
      await client.closed();
      client.close();
      await settled(router);
      const told = () => router.logs.find(({ reason }) => reason === 'silent');
      if (logLevel === 'debug') {
        const { level, setting, limit } = await until('the line', told);
        assert.deepEqual([level, setting, limit], [20, 'timeout.head', 100]);
      }
      await router.stop();
      if (logLevel === 'info') assert.equal(told(), undefined);
      await handlesBack();
    });
  }
}
