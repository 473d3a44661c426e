/**
 * What the dashboard says is wrong.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveUpstream } from '../../../src/admin/shapes/live.ts';
import type { Status } from '../../../src/admin/shapes/status.ts';
import { objection } from '../../../src/dashboard/logic/access.ts';
import { History } from '../../../src/dashboard/logic/history.ts';
import { overallOf, troublesOf } from '../../../src/dashboard/logic/troubles.ts';
import { FakeWorld } from '../../support/fake-world.ts';
import { type FlowLine, frameOf, upstreamOf } from '../../support/frames.ts';

function status(part: Partial<Status> = {}): Status {
  return { ...new FakeWorld(0).status({ name: 'ada', role: 'admin' }), ...part };
}

function troubles(part: Partial<Status>, lines: readonly FlowLine[] = [], upstreams: readonly LiveUpstream[] = []) {
  const history = new History();
  const frame = frameOf(0, lines, upstreams);
  history.push(frame);
  return troublesOf(status(part), frame, history);
}

const headline = (found: ReturnType<typeof troubles>): string => overallOf('live', found, true).headline;

test('without trouble all is well, in green', () => {
  assert.deepEqual(overallOf('live', troubles({}, [['web', 'cart', 'cart', 50, 0.001]]), true), {
    tone: 'ok',
    headline: 'All well',
  });
});

test('an open circuit leads to its upstream, and its route does not complain as well', () => {
  const found = troubles({}, [['web', 'pay', 'pay', 50, 1]], [upstreamOf('pay', { circuit: 'open' })]);
  assert.deepEqual(
    found.map(({ tone, text, place }) => [tone, text, place]),
    [['bad', 'pay: circuit open', { tab: 'upstreams', kind: 'upstream', id: 'pay' }]],
  );
  assert.equal(headline(found), '1 circuit open');
});

test('a split does not complain of an isolated side in the seconds in which that side was not asked', () => {
  const history = new History();
  const away = upstreamOf('cart-v2', { circuit: 'isolated' });
  history.push(
    frameOf(
      0,
      [
        ['web', 'cart', 'cart', 8, 0],
        ['web', 'cart', 'cart-v2', 2, 1],
      ],
      [away],
    ),
  );
  const frame = frameOf(1, [['web', 'cart', 'cart', 8, 0]], [away]);
  history.push(frame);
  const found = troublesOf(status(), frame, history);
  assert.deepEqual(
    found.map(({ text }) => text),
    ['cart-v2: circuit isolated'],
  );
});

test('the worst comes first, and the headline counts what is equally bad', () => {
  const upstreams = [
    upstreamOf('a', { up: 1, members: 2 }),
    upstreamOf('b', { circuit: 'open' }),
    upstreamOf('c', { circuit: 'open' }),
    upstreamOf('d', { up: 0, members: 2 }),
  ];
  const found = troubles({}, [], upstreams);
  assert.equal(found.at(-1)?.text, 'a: 1 of 2 members up');
  assert.equal(headline(found), '2 circuits open, 1 upstream down');
});

test('an upstream whose last lease ran out is down once somebody asks it, and its route does not complain as well', () => {
  const gone = { up: 0, members: 0 };
  assert.deepEqual(troubles({}, [], [upstreamOf('pay', gone)]), []);
  const found = troubles({}, [['web', 'pay', 'pay', 50, 1]], [upstreamOf('pay', { ...gone, rate: 50, errorShare: 1 })]);
  assert.deepEqual(
    found.map(({ tone, text, place }) => [tone, text, place]),
    [['bad', 'pay: no member can serve', { tab: 'upstreams', kind: 'upstream', id: 'pay' }]],
  );
  assert.equal(headline(found), '1 upstream down');
});

test('a missing thread and a refused document are told with their places', () => {
  const problem = { severity: 'error', pointer: '', detail: 'unknown key "pth"', advice: '', line: 7 } as const;
  const lastReload = { successful: false, at: '', source: 'file', author: '', reason: '', problems: [problem] };
  const found = troubles({ threads: { wanted: 2, running: 1, restarts: 3 }, lastReload });
  assert.deepEqual(
    found.map(({ text }) => text),
    ['1 of 2 threads serving', 'document refused: line 7: unknown key "pth"'],
  );
  assert.equal(headline(found), 'Thread missing, document refused');
});

test('a route that fails is told of from one request a second on', () => {
  assert.deepEqual(troubles({}, [['web', 'cart', 'cart', 0.9, 1]]), []);
  assert.equal(headline(troubles({}, [['web', 'cart', 'cart', 20, 0.06]])), '1 route failing');
  assert.equal(troubles({}, [['web', 'cart', 'cart', 20, 0.02]])[0]?.tone, 'warn');
});

test('a router that is gone is worse than anything it said last', () => {
  assert.equal(overallOf('gone', [], true).headline, 'Router gone');
  assert.equal(overallOf('reconnecting', [], true).headline, 'Connection lost');
  assert.equal(overallOf('live', [], false).headline, 'Looking');
});

test('what a role may not do is refused with the reason, and edits where they cannot be written', () => {
  const viewer = status({ you: { name: 'eve', role: 'viewer' } });
  assert.equal(objection(viewer, 'operator', false), 'This needs the role operator; you are viewer.');
  assert.equal(objection(status(), 'admin', true), undefined);
  const sealed = status({
    writeBack: { to: 'file', path: 'routes.yaml', writable: false, detail: 'the folder is read-only' },
  });
  assert.equal(objection(sealed, 'operator', true), 'Edits cannot be written: the folder is read-only.');
  assert.equal(objection(sealed, 'operator', false), undefined);
});
