/**
 * What a client's connection holds, exactly: requests that wait, replies that were not taken; and its end behind the last
 * reply, where bytes that were not taken are never followed by a clean end.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Handle } from '../../../src/core/handle.ts';
import { NameSet } from '../../../src/core/names.ts';
import { Timers } from '../../../src/core/timers.ts';
import { ClientConnection } from '../../../src/proxy/client.ts';
import type { Client, Doorway, Passage } from '../../../src/proxy/parts.ts';
import { NO_BODY, NO_REQUEST } from '../../../src/proxy/readers.ts';
import { FakeClock } from '../../support/clock.ts';
import { listenerSettings } from '../../support/tables.ts';

/** A connection that is only told how much waits to be taken, and what was done to it. */
function connection(unsent = 0) {
  const clock = new FakeClock();
  const timers = new Timers(clock, false);
  const done: string[] = [];
  const waits = { unsent };
  const nothing = () => 0;
  const handle = { useUserBuffer: nothing, setNoDelay: nothing, getpeername: nothing, readStart: nothing };
  const door = {
    clock,
    timers,
    settings: listenerSettings(),
    names: new NameSet(),
    rules: {},
    left: nothing,
    cut: (_client: unknown, reason: string) => done.push(reason),
    line: { follow: ({ request }: Client) => done.push(request.target) },
  };
  const client = new ClientConnection(door as unknown as Doorway, handle as unknown as Handle);
  const { wire } = client;
  Object.defineProperty(wire, 'unsent', { get: () => waits.unsent });
  wire.end = (taken) => unsent === 0 && taken?.();
  wire.resume = () => done.push('resume');
  wire.destroy = (reset) => done.push(reset === true ? 'reset' : 'destroy');
  return { client, waits, done, run: (ms: number) => clock.run(timers, ms) };
}

const asking = (target: string) => Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);

test('64 KiB of requests may wait for their turn, one byte more stops the reading until it is theirs', () => {
  const { client, done } = connection();
  client.onRead(asking('/1'), 0, asking('/1').length);
  const kib = asking(`/${'2'.repeat(1_024 - asking('/').length)}`);
  const second = Buffer.concat(Array.from({ length: 64 }, () => kib));
  assert.equal(second.length, 65_536);
  assert.equal(client.onRead(second, 0, second.length), true);
  assert.equal(client.onRead(Buffer.from('G'), 0, 1), false);
  assert.deepEqual(done, ['/1']);
  client.next(0);
  assert.equal(done.at(-1), 'resume');
});

test('a request is taken up where 64 KiB of replies wait to be taken, and not where one byte more does', () => {
  const { client, waits, done } = connection(65_537);
  assert.equal(client.onRead(asking('/1'), 0, asking('/1').length), true);
  assert.deepEqual(done, []);
  client.onDrain();
  assert.deepEqual(done, []);
  waits.unsent = 65_536;
  client.onDrain();
  assert.deepEqual(done, ['/1']);
});

/** A connection behind its last reply. */
function stuck(unsent: number) {
  const { client, done, run } = connection(unsent);
  client.closing = true;
  client.next(0);
  done.length = 0;
  return { done, run };
}

test('a client that does not take its last reply is reset after timeout.keepAlive', () => {
  const { done, run } = stuck(5);
  run(75_000 - 20);
  assert.deepEqual(done, []);
  run(60);
  assert.deepEqual(done, ['unread', 'reset', 'destroy']);
});

test('one that took it and keeps its side open is closed after 2 s', () => {
  const { done, run } = stuck(0);
  run(2_000 - 20);
  assert.deepEqual(done, []);
  run(60);
  assert.deepEqual(done, ['lingering', 'destroy']);
});

test('a connection has readers while a request is here or under way, and leaves them to the next one when it rests', () => {
  const { client } = connection();
  const has = () => client.request !== NO_REQUEST && client.body !== NO_BODY;
  assert.equal(has(), false);
  const [begun, ended] = ['POST /1 HTTP/1.0\r\nHost: a\r\n', 'Connection: keep-alive\r\n\r\n'].map((text) =>
    Buffer.from(text),
  );
  client.onRead(begun, 0, begun.length);
  assert.equal(has(), true);
  const { request, body } = client;
  client.onRead(ended, 0, ended.length);
  assert.deepEqual([client.request, client.body, request.minor], [request, body, 0]);
  client.next(0);
  assert.equal(has(), false);
  const other = connection();
  const later = asking('/2');
  other.client.onRead(later, 0, later.length - 1);
  assert.equal(other.client.request, request);
  assert.equal(other.client.body, body);
  client.onRead(later, 0, later.length);
  assert.notEqual(client.request, request);
  assert.deepEqual([client.request.method, client.request.minor], ['GET', 1]);
});

test('a connection keeps its readers while the next request has begun behind the one under way', () => {
  const { client, done } = connection();
  const both = Buffer.concat([asking('/1'), asking('/2')]);
  client.onRead(both, 0, both.length - 1);
  const { request } = client;
  client.next(0);
  assert.equal(client.request, request);
  client.onRead(both, both.length - 1, both.length);
  assert.deepEqual(done, ['/1', '/2']);
});

test('a connection that closes leaves its readers, one that breaks under an exchange takes them with it', () => {
  const readersOf = ({ client }: { client: ClientConnection }) => {
    const head = asking('/1');
    client.onRead(head, 0, head.length);
    return client.request;
  };
  const closing = connection();
  const left = readersOf(closing);
  closing.client.closing = true;
  closing.client.last = true;
  closing.client.next(0);
  const breaking = connection();
  assert.equal(readersOf(breaking), left);
  breaking.client.passage = { onClientGone: () => {} } as unknown as Passage;
  breaking.client.break();
  assert.notEqual(readersOf(connection()), left);
});
