/**
 * What the load generators print, as the bench reads it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busiest } from '../../../bench/cases/instructions.ts';
import { descriptorLimit } from '../../../bench/load/connections.ts';
import { EventReader } from '../../../bench/load/event-streams.ts';
import { readLog, readSummary, together } from '../../../bench/load/h2load.ts';
import { readFlood } from '../../../bench/load/wrk.ts';

test('counts and latencies of wrk come from the line of its script, in milliseconds and requests a second', () => {
  const text = 'Running 1s test @ http://127.0.0.1\n  2 threads\nsignalbox-bench 30000 1500000 2100 7250 0 0 0 0 0\n';
  assert.deepEqual(readFlood(text), { requests: 30_000, perSecond: 20_000, p50: 2.1, p99: 7.25 });
});

test('a run of wrk with errors, without requests or without a line is no measurement', () => {
  assert.throws(() => readFlood('signalbox-bench 30000 1500000 1 1 0 3 0 12 0\n'), /answered well: 3 read, 12 status/);
  assert.throws(() => readFlood('signalbox-bench 0 1500000 0 0 0 0 0 0 0\n'), /not one request/);
  assert.throws(() => readFlood('unable to connect\n'), /said nothing/);
});

test('the runs of several h2load processes become one, without their first second', () => {
  const at = (start: number, took: number, status = 200) => ({ start, status, took });
  const one = { requests: 2, failed: 0, lines: [at(5_000_000, 900_000), at(6_500_000, 1_500)] };
  const two = { requests: 2, failed: 0, lines: [at(5_900_000, 800), at(7_000_000, 2_500)] };
  const result = together([one, two]);
  assert.deepEqual(result.times, [1.5, 2.5]);
  assert.equal(result.perSecond, 2);
  assert.equal(result.requests, 4);
  assert.equal(result.failed, 0);
});

test('a status that is not 200 counts as failed, also where h2load takes it for a success', () => {
  const lines = readLog('5000000\t200\t100\n5000010\t304\t100\n5000020\t-1\t100\n');
  assert.equal(together([{ requests: 3, failed: 0, lines }]).failed, 2);
});

test('the summary of h2load tells successes and every kind of failure', () => {
  const text = 'requests: 10 total, 10 started, 9 done, 6 succeeded, 1 failed, 2 errored, 1 timeout\n';
  assert.deepEqual(readSummary(text), { requests: 6, failed: 4 });
  assert.throws(() => readSummary('nothing'), /said nothing/);
});

test('events are read across any cut, and a missing one is an error', () => {
  const event = (number: number, sent: number) => `5c\r\nid: ${number}\ndata: {"sent":${sent},"what":"tick"}\n\n\r\n`;
  const text = event(0, 100) + event(1, 110);
  for (let cut = 0; cut <= text.length; cut++) {
    const late: number[] = [];
    const reader = new EventReader((ms) => late.push(ms));
    reader.read(text.slice(0, cut), 150);
    reader.read(text.slice(cut), 150);
    assert.deepEqual(late, [50, 40], `cut at ${cut}`);
    assert.equal(reader.last, 1);
    assert.throws(() => reader.read(event(3, 120), 150), /event 3 came after event 1/);
  }
});

test('the limit of descriptors is the one in force', () => {
  assert.equal(descriptorLimit('Max open files            1024                 20000                files\n'), 1024);
  assert.equal(
    descriptorLimit('Max open files            unlimited            unlimited            files\n'),
    Infinity,
  );
});

test('callgrind: the thread that took most counts, and a dump that says nothing is no count', () => {
  const dump = (line: string) => `version: 1\npart: 1\nevents: Ir\n${line}\nfn=(1)\n0 5\n`;
  assert.equal(busiest([dump('summary: 12'), dump('summary: 900'), dump('totals: 7')]), 900);
  assert.throws(() => busiest([]), /did not say/);
  assert.throws(() => busiest([dump('summary: 12'), dump('')]), /did not say/);
});
