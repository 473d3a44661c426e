/**
 * Events go to a reader one at a time; what a slow one misses is told as a number and never kept.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStream } from '../../../src/admin/event-stream.ts';

/** A connection that takes what is written when the test says so. */
class Sink {
  readonly written: string[] = [];
  destroyed = false;
  private waiting: (() => void)[] = [];

  write(text: string, taken: () => void): boolean {
    this.written.push(text);
    this.waiting.push(taken);
    return true;
  }

  take(): void {
    for (const taken of this.waiting.splice(0)) taken();
  }

  destroy(): void {
    this.destroyed = true;
  }
}

test('a reader hears when to come back, then each event with its number', () => {
  const sink = new Sink();
  const stream = new EventStream(sink);
  stream.send('live', '{"a":1}');
  sink.take();
  stream.send('live', '{"a":2}');
  assert.deepEqual(sink.written, [
    'retry: 2000\n\n',
    'id: 1\nevent: live\ndata: {"a":1}\n\n',
    'id: 2\nevent: live\ndata: {"a":2}\n\n',
  ]);
});

test('while one event is under way others are skipped, and the next one says how many', () => {
  const sink = new Sink();
  const stream = new EventStream(sink);
  for (let i = 0; i < 5; i++) stream.send('live', `${i}`);
  assert.equal(sink.written.length, 2, 'the greeting and one event');
  sink.take();
  stream.send('live', '5');
  assert.equal(sink.written.at(-1), ': skipped 4\n\nid: 6\nevent: live\ndata: 5\n\n');
  sink.take();
  stream.send('live', '6');
  assert.equal(sink.written.at(-1), 'id: 7\nevent: live\ndata: 6\n\n', 'it is said once');
});

test('whoever takes nothing for five minutes is let go, not whoever is slow', () => {
  const sink = new Sink();
  const stream = new EventStream(sink);
  for (let i = 0; i < 1000; i++) {
    stream.send('live', '');
    if (i % 200 === 0) sink.take();
  }
  assert.equal(sink.destroyed, false);
  for (let i = 0; i < 301; i++) stream.send('live', '');
  assert.equal(sink.destroyed, true);
});
