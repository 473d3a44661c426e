/**
 * Changes of state: one line each in the log, the last ones kept, and everybody who listens hears of them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Events } from '../../../src/control/events.ts';
import type { PlaneEvent } from '../../../src/core/events.ts';
import { FakeClock } from '../../support/clock.ts';

function bench() {
  const lines: { level: string; fields: Readonly<Record<string, unknown>>; message: string }[] = [];
  const clock = new FakeClock();
  const events = new Events(clock, (level, fields, message) => void lines.push({ level, fields, message }));
  return { events, lines, clock };
}

function circuit(state: 'closed' | 'open' | 'half-open' | 'isolated', until?: number): PlaneEvent {
  return { is: 'circuit', upstream: 'cart', state, cause: '10 failures in a row', until };
}

function member(state: Extract<PlaneEvent, { is: 'member' }>['state']): PlaneEvent {
  return { is: 'member', upstream: 'cart', member: 'http://10.0.0.1:80', state, cause: 'status 503', until: undefined };
}

test('an event is a line with what happened to whom, why, and until when', () => {
  const { events, lines } = bench();
  events.tell(circuit('open', Date.UTC(2026, 0, 2, 3, 4, 5)));
  assert.deepEqual(lines, [
    {
      level: 'warn',
      fields: {
        is: 'circuit',
        upstream: 'cart',
        state: 'open',
        cause: '10 failures in a row',
        until: '2026-01-02T03:04:05.000Z',
      },
      message: 'the circuit of an upstream is open',
    },
  ]);
});

test('what takes traffic away is a warning, what brings it back is not', () => {
  const { events, lines } = bench();
  const told: PlaneEvent[] = [
    ...(['open', 'isolated', 'half-open', 'closed'] as const).map((state) => circuit(state)),
    ...(['ejected', 'unhealthy', 'probation', 'up'] as const).map(member),
    { is: 'panic', upstream: 'cart', on: true, cause: '1 of 4' },
    { is: 'panic', upstream: 'cart', on: false, cause: '3 of 4' },
  ];
  for (const event of told) events.tell(event);
  assert.deepEqual(lines.map(({ level }) => level).join(' '), 'warn warn info info warn warn info info warn info');
});

test('who joined and who left is kept and heard, and written by who knows all of them', () => {
  const { events, lines } = bench();
  events.tell(member('joined'));
  events.tell(member('left'));
  assert.deepEqual(lines, []);
  assert.equal(events.recent().length, 2);
});

test('the last 256 are kept, each with its time', () => {
  const { events, clock } = bench();
  for (let i = 0; i < 300; i++) {
    events.tell({ is: 'panic', upstream: `u${i}`, on: true, cause: '' });
    clock.advance(1_000);
  }
  const kept = events.recent();
  assert.equal(kept.length, 256);
  assert.equal(kept[0].event.upstream, 'u44');
  assert.equal(kept[255].at - kept[0].at, 255_000);
});

test('who listens hears until it ends that, and one that throws keeps nobody else from hearing', () => {
  const { events, lines } = bench();
  const heard: string[] = [];
  events.listen(() => {
    throw new Error('a bug');
  });
  const end = events.listen(({ event }) => void heard.push(event.is));
  events.tell(circuit('open'));
  end();
  events.tell(circuit('open'));
  assert.deepEqual(heard, ['circuit']);
  assert.equal(lines.filter(({ level }) => level === 'error').length, 2);
});
