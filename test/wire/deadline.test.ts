/**
 * The time an exchange has, all of it: tries, pauses and the queue together, shortened by what its caller gives, and told to
 * the upstream as what is left of it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { bearing, failing, hanging, holding, IN_ORDER, plain, resetting, serving } from './failing.ts';
import { assertProblem } from './refusing.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

const DEADLINE = 'x-signalbox-deadline-ms';

/** The time left as an upstream was told it. */
function told(head: string): number {
  const lines = [...head.matchAll(/\r\nx-signalbox-deadline-ms: *([^\r]*)/gi)];
  assert.equal(lines.length, 1, head);
  return Number(lines[0][1]);
}

async function asked(stage: TimedStage, head: string): Promise<number> {
  const client = await stage.client();
  assert.equal((await client.ask(head)).status, 200);
  client.close();
  return told(stage.origins.flatMap(({ requests }) => requests).at(-1)?.head ?? '');
}

test(
  'an upstream is told the time that is left: the total, and where the caller gives less, that',
  onTimedStage(serving, async (stage) => {
    assert.equal(await asked(stage, plain('GET', '/')), 10_000);
    assert.equal(await asked(stage, plain('GET', '/', `${DEADLINE}: 1234`)), 1_234);
    assert.equal(await asked(stage, plain('GET', '/', `${DEADLINE}: 10001`)), 10_000, 'never more than the total');
  }),
);

test(
  'before the last byte of a request is here the upstream is told no time but its caller’s',
  onTimedStage(serving, async (stage) => {
    for (const lines of [[], [`${DEADLINE}: 90000`]]) {
      const client = await stage.client();
      await client.send(plain('PUT', '/', 'Content-Length: 2', ...lines), 'a');
      await until('the head', () => stage.origin.received.includes('\r\n\r\na'));
      await stage.pass(9_000);
      await client.send('b');
      assert.equal((await client.reply()).status, 200);
      client.close();
    }
    const [open, bound] = stage.origin.requests;
    assert.doesNotMatch(open.head, /deadline/i);
    assert.equal(told(bound.head), 90_000);
  }),
);

test(
  'what cannot be read as a time counts as not said, and is not passed on',
  onTimedStage(serving, async (stage) => {
    for (const nonsense of ['', 'soon', '-1', '1.5', '1e3', '0x10', '1 000', '99999999999999', '5, 7']) {
      assert.equal(await asked(stage, plain('GET', '/', `${DEADLINE}: ${nonsense}`)), 10_000, nonsense);
    }
    assert.equal(await asked(stage, plain('GET', '/', `${DEADLINE}: 5`, `${DEADLINE}: 7`)), 10_000, 'said twice');
  }),
);

test(
  'a deadline from the edge is not believed, and not passed on',
  onTimedStage(serving, async (stage) => {
    const client = await stage.client('edge');
    for (const value of ['0', '50', '5000']) {
      assert.equal((await client.ask(plain('GET', '/', `${DEADLINE}: ${value}`))).status, 200);
    }
    for (const { head } of stage.origin.requests) assert.equal(told(head), 10_000);
  }),
);

test(
  'with total off there is no time to tell, but a caller’s',
  onTimedStage(
    serving,
    async (stage) => {
      const client = await stage.client();
      await client.ask(plain('GET', '/'));
      assert.doesNotMatch(stage.origin.requests[0].head, /deadline/);
      assert.equal(await asked(stage, plain('GET', '/', `${DEADLINE}: 700`)), 700);
    },
    { upstream: { timeout: { total: 'off' } } },
  ),
);

test(
  'a caller without any time left is answered 504 at once, and nobody is asked',
  onTimedStage(serving, async (stage) => {
    const client = await stage.client();
    const reply = await client.ask(bearing('POST', '/x', 'body', `${DEADLINE}: 0`));
    assertProblem(reply, 504, 'upstream_timeout');
    assert.equal(stage.origin.connections.length, 0);
    const record = await stage.logged('/x');
    assert.deepEqual([record.attempts, record.upstream, record.code], [0, 'main', 'upstream_timeout']);
    assert.equal((await client.ask(plain('GET', '/y'))).status, 200, 'the connection goes on');
  }),
);

for (const [what, line, limit, detail] of [
  ['timeout.total', [], 2_000, 'within the total time of 2000 ms (timeout.total)'],
  ['the caller’s deadline', [`${DEADLINE}: 900`], 900, 'within the 900 ms of x-signalbox-deadline-ms'],
] as const) {
  test(
    `an upstream that says nothing is let go once ${what} is over`,
    onTimedStage(
      [hanging, serving],
      async (stage) => {
        const client = await stage.client();
        await client.send(plain('GET', '/x', ...line));
        await until('the request', () => stage.asked('/x') === 1);
        await stage.passNearly(limit);
        assert.equal(stage.counts().timeout, undefined);
        await stage.passRest();
        assertProblem(await client.reply(), 504, 'upstream_timeout');
        await stage.origin.connections[0].closed();
        assert.ok(String((await stage.logged('/x')).detail).endsWith(detail));
        assert.equal(stage.origins[1].connections.length, 0, 'no time is left for another');
      },
      { upstream: { ...IN_ORDER, timeout: { attempt: '3s', total: '2s' } } },
    ),
  );

  test(
    `the time in the queue counts: ${what} ends it there with 504`,
    onTimedStage(
      holding,
      async (stage) => {
        const first = await stage.client();
        await first.send(plain('GET', '/first'));
        await until('the first one’s reply', () => first.inbox.all.endsWith('held'));
        await stage.pass(100);
        const client = await stage.client();
        await client.send(plain('GET', '/x', ...line));
        await until('one to wait', () => stage.waiting() === 1);
        await stage.passNearly(limit);
        assert.equal(stage.waiting(), 1);
        await stage.passRest();
        assertProblem(await client.reply(), 504, 'upstream_timeout');
        const record = await stage.logged('/x');
        assert.ok(String(record.detail).endsWith(detail), String(record.detail));
        assert.ok((record.durations as { queue: number }).queue >= limit);
        assert.equal(record.attempts, 0);
        first.close();
      },
      {
        upstream: {
          timeout: { attempt: '60s', total: '2s' },
          limits: { concurrency: 1, queueTimeout: 'off' },
        },
      },
    ),
  );
}

test(
  'a place in the queue does not begin the time anew: what was waited is taken off what is told',
  onTimedStage(
    inTurn(async (connection) => {
      await connection.request();
      await connection.inbox.until('!', 'nothing').catch(() => {});
    }, serving),
    async (stage) => {
      const first = await stage.client();
      await first.send(plain('GET', '/first'));
      await stage.origin.connection();
      const client = await stage.client();
      await client.send(plain('GET', '/x', `${DEADLINE}: 2000`));
      await until('one to wait', () => stage.waiting() === 1);
      await stage.pass(600);
      first.close();
      assert.equal((await client.reply()).status, 200);
      assert.equal(told(stage.origin.connections[1].requests[0].head), 1_400);
      assert.equal(((await stage.logged('/x')).durations as { queue: number }).queue, 600);
    },
    { upstream: { limits: { concurrency: 1, queueTimeout: '5s' } } },
  ),
);

test(
  'each further try is told less time, by its pause and by what the one before took',
  onTimedStage(
    [resetting, failing(503), serving],
    async (stage) => {
      stage.chance = 0;
      const client = await stage.client();
      stage.chance = 0.3;
      await client.send(plain('GET', '/x', `${DEADLINE}: 4000`));
      await stage.counted('reset');
      await stage.pass(400);
      await stage.counted('server_error');
      await stage.pass(700);
      assert.equal((await client.reply()).status, 200);
      const heads = stage.origins.flatMap(({ requests }) => requests.map(({ head }) => head));
      const times = heads.map(told).sort((one, other) => other - one);
      assert.equal(times[0], 4_000);
      assert.ok(times[1] <= 3_700 && times[1] >= 3_600, String(times));
      assert.ok(times[2] <= times[1] - 600 && times[2] >= times[1] - 800, String(times));
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'where the pause would end behind the time that is left, the failure is answered at once',
  onTimedStage(
    [failing(503), serving],
    async (stage) => {
      stage.chance = 0.9;
      const client = await stage.client();
      const reply = await client.ask(plain('GET', '/x', `${DEADLINE}: 800`));
      assert.deepEqual([reply.status, reply.body], [503, 'sorry']);
      assert.equal(stage.origins[1].connections.length, 0);
      assert.deepEqual(stage.counts(), { server_error: 1, 'denied: deadline': 1 });
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'timeout.total bounds all tries together, and the last one gets only what is left',
  onTimedStage(
    [hanging, hanging, hanging],
    async (stage) => {
      stage.chance = 0.1;
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await until('the first try', () => stage.asked('/x') === 1);
      await stage.pass(3_200);
      await until('the second try', () => stage.asked('/x') === 2);
      await stage.passNearly(1_700);
      assert.equal(stage.counts().timeout, 1);
      await stage.pass(200);
      assertProblem(await client.reply(), 504, 'upstream_timeout');
      const record = await stage.logged('/x');
      assert.match(String(record.detail), /total time of 5000 ms/);
      assert.equal(record.attempts, 2);
      assert.deepEqual(stage.counts(), { timeout: 2, 'again: timeout': 1 });
    },
    { upstream: { ...IN_ORDER, timeout: { attempt: '3s', total: '5s' } } },
  ),
);

for (const [what, line, opens] of [
  ['the total', [], true],
  ['the caller’s deadline', [`${DEADLINE}: 900`], false],
] as const) {
  test(
    `an exchange that ends by ${what} ${opens ? 'counts' : 'does not count'} against the upstream`,
    onTimedStage(
      hanging,
      async (stage) => {
        const client = await stage.client();
        await client.send(plain('GET', '/x', ...line));
        await until('the request', () => stage.asked('/x') === 1);
        await stage.pass(2_050);
        assertProblem(await client.reply(), 504, 'upstream_timeout');
        assert.deepEqual(
          stage.events.map((event) => event.is === 'circuit' && event.state),
          opens ? ['open'] : [],
        );
        assert.equal(stage.counts().timeout, 1);
      },
      { upstream: { timeout: { attempt: '3s', total: '2s' }, circuitBreaker: { consecutiveFailures: 1 } } },
    ),
  );
}

test(
  'behind a long upload the caller’s deadline may come first, though it is longer than the total: it counts against nobody',
  onTimedStage(
    hanging,
    async (stage) => {
      const client = await stage.client();
      await client.send(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n${DEADLINE}: 3000\r\n\r\n`);
      await stage.pass(1_500);
      await client.send('b');
      await stage.pass(500);
      await client.send('b');
      await until('the request', () => stage.asked('/x') === 1);
      await stage.pass(1_050);
      assertProblem(await client.reply(), 504, 'upstream_timeout');
      assert.match(String((await stage.logged('/x')).detail), /within the 3000 ms of x-signalbox-deadline-ms/);
      assert.deepEqual(stage.events, []);
    },
    { upstream: { timeout: { attempt: '3s', total: '2s' }, circuitBreaker: { consecutiveFailures: 1 } } },
  ),
);
