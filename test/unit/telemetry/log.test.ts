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
  operationalLog(caught, 'info')('warn', { listener: 'edge' }, 'connection limit reached');
  const { level, listener, msg, pid, time } = caught.parsed[0];
  assert.deepEqual(
    { level, listener, msg, pid },
    { level: 40, listener: 'edge', msg: 'connection limit reached', pid: process.pid },
  );
  assert.equal(typeof time, 'number');
});

test('what is below the threshold is not written', () => {
  const caught = new LineCatcher();
  const log = operationalLog(caught, 'error');
  log('info', {}, 'one');
  log('warn', {}, 'two');
  log('error', {}, 'three');
  assert.deepEqual(
    caught.parsed.map(({ msg }) => msg),
    ['three'],
  );
});

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
