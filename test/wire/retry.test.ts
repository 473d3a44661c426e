/**
 * Further tries: after which failures, of which methods, at which member, after which pause, and what log and counters say.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, type Script } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { bearing, failing, garbling, hanging, IN_ORDER, plain, RETRY, resetting, serving } from './failing.ts';
import { assertProblem } from './refusing.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

/** Sends a request and waits until its first try failed in this way, so that its pause begins now. */
async function failed(stage: TimedStage, request: string, outcome: string, listener?: string) {
  const client = await stage.client(listener);
  await client.send(request);
  await stage.counted(outcome);
  return client;
}

for (const method of ['GET', 'POST', 'DELETE', 'PATCH']) {
  test(
    `a ${method} that no connection stood for goes to another member at once`,
    onTimedStage(
      [serving, serving],
      async (stage) => {
        stage.origin.server.close();
        const client = await stage.client();
        const request = method === 'GET' ? plain('GET', '/x') : bearing(method, '/x', 'body');
        const reply = await client.ask(request);
        assert.equal(reply.body, 'served');
        const [sent] = stage.origins[1].requests;
        assert.equal(sent.body, method === 'GET' ? '' : 'body');
        assert.match(sent.head, /\r\nx-signalbox-attempt: 2\r\n/);
        const record = await stage.logged('/x');
        assert.deepEqual([record.status, record.attempts, record.code], [200, 2, undefined]);
        assert.equal(record.member, `http://127.0.0.1:${stage.origins[1].port}`);
        assert.deepEqual(stage.counts(), { connect: 1, success: 1, 'again: connect': 1 });
      },
      { upstream: IN_ORDER },
    ),
  );
}

const FAILURES: readonly [what: string, script: Script, outcome: string, reason: string][] = [
  ['a reset before the reply', resetting, 'reset', 'again: reset'],
  ['a 502', failing(502), 'server_error', 'again: 502'],
  ['a 503', failing(503), 'server_error', 'again: 503'],
  ['a 504', failing(504), 'server_error', 'again: 504'],
];

for (const [what, script, outcome, reason] of FAILURES) {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
    test(
      `${what} lets a ${method} go to another member after its pause, and not before`,
      onTimedStage(
        [script, serving],
        async (stage) => {
          stage.chance = 0.5;
          const client = await failed(stage, bearing(method, '/x', 'body'), outcome);
          await stage.passNearly(500);
          assert.equal(stage.origins[1].connections.length, 0, 'half of the first step is not over');
          await stage.passRest();
          assert.equal((await client.reply(method)).status, 200);
          assert.equal(stage.origins[1].requests[0].body, 'body');
          const record = await stage.logged('/x');
          assert.deepEqual([record.status, record.attempts], [200, 2]);
          assert.deepEqual(stage.counts(), { [outcome]: 1, success: 1, [reason]: 1 });
        },
        { upstream: IN_ORDER },
      ),
    );
  }
}

test(
  'an attempt that is over lets a GET go to another member, and its connection is closed',
  onTimedStage(
    [hanging, serving],
    async (stage) => {
      stage.chance = 0;
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await until('the first try', () => stage.origin.requests.length === 1);
      await stage.pass(3_050);
      await stage.counted('timeout');
      await stage.passRest();
      assert.equal((await client.reply()).body, 'served');
      await stage.origin.connections[0].closed();
      assert.deepEqual(stage.counts(), { timeout: 1, success: 1, 'again: timeout': 1 });
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'with one member alone a further try goes to that one, after a pause',
  onTimedStage(
    inTurn(resetting, serving),
    async (stage) => {
      stage.chance = 0.9;
      const client = await failed(stage, plain('GET', '/x'), 'reset');
      await stage.passNearly(900);
      assert.equal(stage.origin.connections.length, 1);
      await stage.passRest();
      assert.equal((await client.reply()).body, 'served');
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'where all members refuse the connection the tries go on after pauses that double, and the last failure is answered',
  onTimedStage(
    [serving, serving],
    async (stage) => {
      for (const origin of stage.origins) origin.server.close();
      stage.chance = 0.5;
      const client = await failed(stage, plain('POST', '/x'), 'connect');
      await stage.counted('connect', 2);
      // The second step: the first further try had none.
      await stage.passNearly(1_000);
      assert.equal(stage.counts().connect, 2);
      await stage.passRest();
      assertProblem(await client.reply(), 502, 'upstream_connect');
      assert.deepEqual(stage.counts(), { connect: 3, 'again: connect': 2, 'denied: attempts': 1 });
      const record = await stage.logged('/x');
      assert.deepEqual([record.status, record.code, record.attempts], [502, 'upstream_connect', 3]);
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'the time to connect in the log is that of the member it names: none where that did not take the connection',
  onTimedStage(
    [failing(503), serving],
    async (stage) => {
      const { port, server } = stage.origins[1];
      server.close();
      stage.chance = 0;
      const client = await failed(stage, plain('GET', '/x'), 'server_error');
      await stage.counted('connect');
      assertProblem(await client.reply(), 502, 'upstream_connect');
      const record = await stage.logged('/x');
      assert.equal(record.member, `http://127.0.0.1:${port}`);
      assert.deepEqual(Object.keys(record.durations as object), ['total']);
    },
    { upstream: { ...IN_ORDER, retry: { ...RETRY, attempts: 1 } } },
  ),
);

test(
  'further tries are no more than retry.attempts, no two at the same member while another is there, and the last reply passes',
  onTimedStage(
    [failing(503), failing(503), failing(503), serving],
    async (stage) => {
      stage.chance = 0.1;
      const client = await failed(stage, plain('GET', '/x'), 'server_error');
      await stage.pass(150);
      await stage.counted('server_error', 2);
      await stage.pass(250);
      const reply = await client.reply();
      assert.deepEqual([reply.status, reply.body], [503, 'sorry']);
      const numbers = stage.origins.flatMap(({ requests }) =>
        requests.map(({ head }) => /attempt: (\d)/.exec(head)?.[1]),
      );
      assert.deepEqual(numbers.sort(), ['1', '2', '3']);
      for (const { requests } of stage.origins) assert.ok(requests.length < 2, 'once at each member');
      const record = await stage.logged('/x');
      assert.deepEqual([record.status, record.code, record.attempts], [503, undefined, 3]);
      assert.deepEqual(stage.counts(), { server_error: 3, 'again: 503': 2, 'denied: attempts': 1 });
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'a failure that is not in retry.on is answered as it is',
  onTimedStage(
    [failing(503), serving],
    async (stage) => {
      assert.equal((await (await stage.client()).ask(plain('GET', '/x'))).status, 503);
      assert.equal(stage.origins[1].connections.length, 0);
      assert.deepEqual(stage.counts(), { server_error: 1 });
    },
    { upstream: { ...IN_ORDER, retry: { ...RETRY, on: ['connect', 'reset', 502] } } },
  ),
);

test(
  'nonsense is not in retry.on by default, and goes to another member where it is',
  onTimedStage(
    [garbling, serving],
    async (stage) => {
      stage.chance = 0;
      const client = await failed(stage, plain('GET', '/x'), 'protocol');
      await stage.passRest();
      assert.equal((await client.reply()).body, 'served');
      assert.deepEqual(stage.counts(), { protocol: 1, success: 1, 'again: protocol': 1 });
    },
    { upstream: { ...IN_ORDER, retry: { ...RETRY, on: ['protocol'] } } },
  ),
);

test(
  'nonsense is answered 502 by default',
  onTimedStage(
    [garbling, serving],
    async (stage) => {
      assertProblem(await (await stage.client()).ask(plain('GET', '/x')), 502, 'upstream_protocol');
      assert.equal(stage.origins[1].connections.length, 0);
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'a method that retry.methods leaves out is not sent again once it was sent',
  onTimedStage(
    [failing(503), serving],
    async (stage) => {
      assert.equal((await (await stage.client()).ask(bearing('PUT', '/x', 'body'))).status, 503);
      assert.equal(stage.origins[1].connections.length, 0);
    },
    { upstream: { ...IN_ORDER, retry: { ...RETRY, methods: ['GET'] } } },
  ),
);

test(
  'a method of one’s own in retry.methods is sent again with its body',
  onTimedStage(
    [failing(503), serving],
    async (stage) => {
      stage.chance = 0;
      const client = await failed(stage, bearing('STORE', '/x', 'body'), 'server_error');
      await stage.passRest();
      assert.equal((await client.reply()).status, 200);
      assert.equal(stage.origins[1].requests[0].body, 'body');
    },
    { upstream: { ...IN_ORDER, retry: { ...RETRY, methods: ['GET', 'STORE'] } } },
  ),
);

test(
  'the budget bounds further tries, and what it denies gets the failure of its try',
  onTimedStage(
    [failing(503), failing(503)],
    async (stage) => {
      stage.chance = 0;
      for (let i = 0; i < 12; i++) {
        const client = await stage.client();
        await client.send(plain('GET', `/${i}`));
        const answered = client.reply();
        await stage.counted('server_error', i + 1 + Math.min(i, 10));
        await stage.pass(60);
        assert.equal((await answered).status, 503);
        client.close();
      }
      // 12 requests x 0 percent + 1 a second over ten seconds.
      assert.deepEqual(stage.counts(), {
        server_error: 22,
        'again: 503': 10,
        'denied: attempts': 10,
        'denied: budget': 2,
      });
    },
    { upstream: { ...IN_ORDER, retry: { ...RETRY, attempts: 1, budget: { percent: 0, minPerSecond: 1 } } } },
  ),
);
