/**
 * W3C Trace Context: a valid traceparent continues under a new parent, an invalid one restarts and takes its tracestate
 * with it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, valuesOf } from '../support/bytes.ts';
import { only } from '../support/raw-client.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const SHAPE = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

const get = (...lines: string[]) =>
  `GET /first HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

interface Parent {
  readonly trace: string;
  readonly parent: string;
  readonly flags: string;
}

function sentParent(request: Message): Parent {
  const value = only(request.fields, 'traceparent') ?? '';
  const [, trace, parent, flags] = SHAPE.exec(value) ?? assert.fail(`not a traceparent: ${value}`);
  return { trace, parent, flags };
}

test(
  'without traceparent a trace begins, a new one for each request',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask(FIRST);
    await client.ask(FIRST);
    const [first, second] = stage.origin.requests.map(sentParent);
    assert.notEqual(first.trace, second.trace);
  }),
);

for (const flags of ['00', '01']) {
  test(
    `a valid traceparent with flags ${flags} continues under a new parent, with its tracestate`,
    onStage(answering(ok('')), async (stage) => {
      const client = await stage.client();
      const state = 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7';
      await client.ask(get(`TraceParent: 00-${TRACE}-${PARENT}-${flags}`, `tracestate: ${state}`));
      const { trace, parent, flags: sent } = sentParent(stage.origin.requests[0]);
      assert.equal(trace, TRACE);
      assert.notEqual(parent, PARENT);
      assert.equal(sent, flags);
      assert.ok(valuesOf(stage.origin.requests[0].fields, 'tracestate').join().endsWith(state));
      const record = await stage.logged('/first');
      assert.equal(record.traceId, TRACE);
      assert.equal(record.spanId, parent);
    }),
  );
}

test(
  'tracestate in several lines stays in order',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask(get('tracestate: a=1', `traceparent: 00-${TRACE}-${PARENT}-01`, 'Tracestate: b=2'));
    const state = valuesOf(stage.origin.requests[0].fields, 'tracestate').join(',').replaceAll(' ', '');
    assert.ok(state.endsWith('a=1,b=2'), state);
  }),
);

test(
  'a traceparent of a higher version is read by the known format',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask(get(`traceparent: cc-${TRACE}-${PARENT}-01-what-the-future-holds`));
    assert.equal(sentParent(stage.origin.requests[0]).trace, TRACE);
  }),
);

const INVALID: readonly (readonly [name: string, lines: string[]])[] = [
  ['an empty one', ['traceparent:']],
  ['version ff', [`traceparent: ff-${TRACE}-${PARENT}-01`]],
  ['a version of one digit', [`traceparent: 0-${TRACE}-${PARENT}-01`]],
  ['upper case', [`traceparent: 00-${TRACE.toUpperCase()}-${PARENT}-01`]],
  ['a trace id of zeros', [`traceparent: 00-${'0'.repeat(32)}-${PARENT}-01`]],
  ['a parent id of zeros', [`traceparent: 00-${TRACE}-${'0'.repeat(16)}-01`]],
  ['a short trace id', [`traceparent: 00-${TRACE.slice(1)}-${PARENT}-01`]],
  ['a letter beyond f', [`traceparent: 00-g${TRACE.slice(1)}-${PARENT}-01`]],
  ['flags of one digit', [`traceparent: 00-${TRACE}-${PARENT}-1`]],
  ['flags of letters', [`traceparent: 00-${TRACE}-${PARENT}-xx`]],
  ['no flags', [`traceparent: 00-${TRACE}-${PARENT}`]],
  ['more than version 00 has', [`traceparent: 00-${TRACE}-${PARENT}-01-more`]],
  ['a higher version with more, unseparated', [`traceparent: cc-${TRACE}-${PARENT}-01more`]],
  ['two of them', [`traceparent: 00-${TRACE}-${PARENT}-01`, `traceparent: 00-${TRACE}-${PARENT}-00`]],
];

for (const [name, lines] of INVALID) {
  test(
    `an invalid traceparent, ${name}, restarts the trace and drops its tracestate`,
    onStage(answering(ok('')), async (stage) => {
      const client = await stage.client();
      await client.ask(get(...lines, 'tracestate: congo=t61rcWkgMzE'));
      assert.notEqual(sentParent(stage.origin.requests[0]).trace, TRACE);
      assert.ok(!valuesOf(stage.origin.requests[0].fields, 'tracestate').join().includes('congo'));
    }),
  );
}

test(
  'a tracestate without traceparent is dropped',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask(get('tracestate: congo=t61rcWkgMzE'));
    assert.ok(!valuesOf(stage.origin.requests[0].fields, 'tracestate').join().includes('congo'));
  }),
);

test(
  'traceparent is not told to the client',
  onStage(answering(ok('')), async (stage) => {
    const reply = await (await stage.client('edge')).ask(FIRST);
    assert.deepEqual(reply.all('traceparent'), []);
  }),
);
