/**
 * From samples to the tables people read.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Outcome, Samples } from '../../../bench/figures/outcome.ts';
import { table } from '../../../bench/figures/report.ts';
import { type Result, resultOf, summary } from '../../../bench/figures/summary.ts';
import { toldIn } from '../../../bench/micro/timing.ts';

function outcome(id: string, samples: Readonly<Record<string, readonly number[]>>): Outcome {
  const gathered = new Samples();
  for (const [peer, values] of Object.entries(samples)) for (const us of values) gathered.add(peer, { us });
  const columns = [{ key: 'us', label: 'CPU us/request', digits: 1 }];
  return { id, title: 'a case', columns, rows: gathered.all(), notes: ['A note.'] };
}

/** The machine was twice as slow in the second rotation. */
const FLOOD = outcome('1k', { signalbox: [20, 40, 22], nginx: [10, 20, 10] });
const ROUTES = outcome('routes', { 'signalbox, 1000 routes': [24], 'signalbox, 10 routes': [20] });

test('a table shows medians, and the ratio of rotations with its quartiles', () => {
  const [title, , head, , own, nginx, note] = table(FLOOD).split('\n');
  assert.equal(title, '1k: a case');
  assert.match(head, /\| CPU us\/request \| signalbox \/ this/);
  assert.match(own, /^\| signalbox \| 22\.0 /);
  assert.match(nginx, /^\| nginx {5}\| 10\.0 .*\| 2\.000 \(2\.000 - 2\.100\) \|$/);
  assert.equal(note, 'A note.');
});

test('the table of the README has a row per case and a column per peer, also for cases of the router alone', () => {
  const result: Result = {
    measured: '2026-01-02T03:04:05.000Z',
    machine: { processor: 'A processor', cores: 2, memory: 1, system: 'Linux 6' },
    commit: { revision: 'abc', dirty: true },
    versions: { signalbox: 'signalbox 1', nginx: 'nginx 2' },
    settings: {},
    outcomes: [FLOOD, ROUTES],
    failures: [],
  };
  const [head, , flood, routes, , machine, versions] = summary(resultOf(JSON.stringify(result))).split('\n');
  assert.match(head, /^\| case +\| figure +\| signalbox +\| nginx +\|$/);
  assert.match(flood, /^\| `1k` a case +\| CPU us\/request \| 22\.0 +\| 10\.0 \(2\.00 x\) \|$/);
  assert.match(routes, /\| 1000 routes 24\.0, 10 routes 20\.0 \| +\|$/);
  assert.match(machine, /2026-01-02 on A processor, 2 cores, Linux 6, commit abc with changes\./);
  assert.match(versions, /signalbox 1; nginx 2\./);
  assert.throws(() => resultOf('{}'), /no result of the bench/);
});

test('a peer that lacks a figure leaves its cell empty', () => {
  const lines = summary({
    measured: '2026-01-02',
    machine: { processor: 'p', cores: 2, memory: 1, system: 's' },
    commit: undefined,
    versions: { signalbox: '1', nginx: '2', caddy: '3' },
    settings: {},
    outcomes: [FLOOD],
    failures: [],
  }).split('\n');
  assert.match(lines[2], /10\.0 \(2\.00 x\) \| +\|$/);
});

test('figures of a micro bench are found among whatever else it prints', () => {
  const told = toldIn('hello\nmatch among 10 paths, hot          143.8 ns\nno  figure ns\n{"a":1}\n');
  assert.deepEqual([...told], [['match among 10 paths, hot', 143.8]]);
});
