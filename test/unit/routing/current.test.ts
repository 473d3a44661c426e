/**
 * Boarding, leaving, and the retirement of replaced tables.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Current } from '../../../src/routing/current.ts';
import type { Table } from '../../../src/routing/route.ts';
import { documentOf, tableOf } from '../../support/tables.ts';

function tables(count: number): Table[] {
  return Array.from({ length: count }, () => tableOf(documentOf({})));
}

test('nobody boards before a first table is swapped in', () => {
  const current = new Current();
  assert.equal(current.table, undefined);
  assert.throws(() => current.board(), /no table is current/);
});

test('a table without passengers retires at once when it is replaced', () => {
  const [first, second] = tables(2);
  const current = new Current();
  const retired: Table[] = [];
  current.swap(first, () => assert.fail('there was no table to retire'));
  current.swap(second, (table) => retired.push(table));
  assert.deepEqual(retired, [first]);
  assert.equal(current.board(), second);
});

test('a table retires once, when its last passenger leaves', () => {
  const [first, second] = tables(2);
  const current = new Current();
  const retired: Table[] = [];
  current.swap(first);
  const boarded = [current.board(), current.board()];
  current.swap(second, (table) => retired.push(table));
  const late = current.board();
  assert.equal(late, second);
  assert.equal(current.passengers, 3);
  current.leave(boarded[0]);
  assert.deepEqual([retired.length, current.retiring.length], [0, 1]);
  current.leave(boarded[1]);
  assert.deepEqual(retired, [first]);
  current.leave(late);
  assert.deepEqual([retired.length, current.passengers, current.retiring.length], [1, 0, 0]);
});

test('several tables retire each in its own time', () => {
  const [first, second, third] = tables(3);
  const current = new Current();
  const retired: string[] = [];
  current.swap(first);
  current.board();
  current.swap(second, () => retired.push('first'));
  current.board();
  current.swap(third, () => retired.push('second'));
  current.leave(second);
  assert.deepEqual(retired, ['second']);
  current.leave(first);
  assert.deepEqual(retired, ['second', 'first']);
});

test('swapping in the table that is current changes nothing', () => {
  const [only] = tables(1);
  const current = new Current();
  current.swap(only);
  current.board();
  current.swap(only, () => assert.fail('it is still current'));
  current.leave(only);
  assert.equal(current.passengers, 0);
});

test('leaving twice is an error, not a wrong count', () => {
  const [first, second] = tables(2);
  const current = new Current();
  current.swap(first);
  current.leave(current.board());
  assert.throws(() => current.leave(first), /left twice/);
  assert.throws(() => current.leave(second), /left twice/);
  assert.equal(current.passengers, 0);
});
