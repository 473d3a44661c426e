/**
 * Server-sent events, in whatever pieces they come.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Event, EventReader } from '../../../src/cli/sse.ts';

const TEXT =
  ': hello\n\nevent: live\ndata: {"a":1}\nid: 7\n\ndata: one\r\ndata:two\r\n\r\nevent: none\n\nevent: live\rdata: x\r\rdata: cut off';
const EVENTS = [
  { name: 'live', data: '{"a":1}' },
  { name: 'message', data: 'one\ntwo' },
  { name: 'live', data: 'x' },
];

test('events are the same whether they come whole or byte by byte', () => {
  for (const size of [1, 2, 3, 7, TEXT.length]) {
    const events: Event[] = [];
    const reader = new EventReader((event) => void events.push(event));
    for (let at = 0; at < TEXT.length; at += size) reader.read(TEXT.slice(at, at + size));
    assert.deepEqual(events, EVENTS, `pieces of ${size}`);
  }
});
