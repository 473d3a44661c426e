/**
 * The operational log: pino's lines, a threshold, and a data thread that cannot flood it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlaneLog } from '../../../src/core/events.ts';
import { limitedDebug, limitedLog } from '../../../src/telemetry/limited-log.ts';
import { operationalLog } from '../../../src/telemetry/log.ts';
import { FakeClock } from '../../support/clock.ts';
import { LineCatcher } from '../../support/lines.ts';

test('a line carries level, time, fields and one sentence', () => {
  const caught = new LineCatcher();
  const clock = new FakeClock();
  operationalLog(caught, 'info', clock).log('warn', { listener: 'edge' }, 'connection limit reached');
  const { level, listener, msg, pid, time } = caught.parsed[0];
  assert.deepEqual(
    { level, listener, msg, pid, time },
    { level: 40, listener: 'edge', msg: 'connection limit reached', pid: process.pid, time: clock.wall() },
  );
});

test('what is below the threshold is not written', () => {
  const caught = new LineCatcher();
  const { log, open } = operationalLog(caught, 'error', new FakeClock());
  log('info', {}, 'one');
  open();
  log('info', {}, 'two');
  log('warn', {}, 'three');
  log('error', {}, 'four');
  assert.deepEqual(messagesOf(caught), ['four']);
});

test('before the log is opened lines wait, and each keeps its time and its place', () => {
  const caught = new LineCatcher();
  const clock = new FakeClock();
  const { log, open } = operationalLog(caught, 'info', clock);
  const began = clock.wall();
  log('info', {}, 'one');
  clock.advance(50);
  log('debug', {}, 'nobody reads this');
  log('info', {}, 'two');
  clock.advance(50);
  assert.deepEqual(messagesOf(caught), []);
  open();
  log('info', {}, 'three');
  assert.deepEqual(
    caught.parsed.map(({ msg, time }) => [msg, Number(time) - began]),
    [
      ['one', 0],
      ['two', 50],
      ['three', 100],
    ],
  );
});

test('a warning waits for nobody, and what waited goes before it', () => {
  const caught = new LineCatcher();
  const { log } = operationalLog(caught, 'info', new FakeClock());
  log('info', {}, 'one');
  log('warn', {}, 'two');
  log('info', {}, 'three');
  assert.deepEqual(messagesOf(caught), ['one', 'two', 'three']);
});

function messagesOf(caught: LineCatcher): unknown[] {
  return caught.parsed.map(({ msg }) => msg);
}

test('a thread’s flood of lines is cut, and the next line that passes says how many are missing', () => {
  const clock = new FakeClock();
  const seen: Record<string, unknown>[] = [];
  const log: PlaneLog = (_level, fields, message) => void seen.push({ ...fields, message });
  const limited = limitedLog(log, clock);
  for (let i = 0; i < 500; i++) limited('error', { i }, 'again');
  assert.equal(seen.length, 100);
  clock.advance(1000);
  limited('error', { i: 500 }, 'again');
  assert.deepEqual(seen.at(-1), { i: 500, omitted: 400, message: 'again' });
  limited('error', { i: 501 }, 'again');
  assert.deepEqual(seen.at(-1), { i: 501, message: 'again' }, 'told once');
  clock.advance(3_600_000);
  for (let i = 0; i < 500; i++) limited('error', { i }, 'again');
  assert.equal(seen.length, 202, 'an hour of silence allows no more than one burst');
});

test('a flood at level debug is cut by a limit of its own, and crowds nothing else out', () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  const log: PlaneLog = (level) => void seen.push(level);
  const [limited, debug] = [limitedLog(log, clock), limitedDebug(log, clock)];
  for (let i = 0; i < 500; i++) debug?.({}, 'again');
  limited('warn', {}, 'this matters');
  assert.equal(seen.length, 101);
  assert.equal(seen.at(-1), 'warn');
});
