/**
 * Traffic as it is: frames as lines, and the screen of top.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { LiveFrame } from '../../../src/admin/shapes/live.ts';
import type { Alarms } from '../../../src/core/alarm.ts';
import { FRAME, problem } from '../../support/admin-samples.ts';
import { begin, FakeTerminal, type Outside, type Running } from '../../support/command.ts';
import { FakeAdmin } from '../../support/fake-admin.ts';
import { until } from '../../support/wait.ts';

let fake: FakeAdmin;
beforeEach(async () => {
  fake = await FakeAdmin.start();
});
/** A test that fails leaves a command running, which would never end. */
const begun: Running[] = [];
afterEach(async () => {
  for (const { signal } of begun) signal();
  await Promise.all(begun.splice(0).map(({ done }) => done));
  await fake.stop();
});

/** Pauses are short; the limit of a call stays. */
const QUICK: Alarms = {
  after: (milliseconds, ring) => {
    const timer = setTimeout(ring, milliseconds === 1000 ? 5 : milliseconds);
    return () => clearTimeout(timer);
  },
};

async function listening(words: readonly string[], outside: Outside = {}): Promise<Running> {
  const running = begin(words, { env: { SIGNALBOX_ADMIN: fake.url }, alarms: QUICK, ...outside });
  begun.push(running);
  await until('somebody to listen', () => fake.listeners > 0);
  return running;
}

test('live prints each frame as a line, until it is told to end', async () => {
  const running = await listening(['live']);
  fake.send(FRAME);
  fake.send({ ...FRAME, connections: 13 });
  await until('two lines', () => running.said.out.split('\n').length === 3);
  running.signal();
  const { code, out } = await running.done;
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out.split('\n')[0] ?? ''), FRAME);
});

test('--once prints one frame and ends by itself', async () => {
  const running = await listening(['live', '--once']);
  fake.send(FRAME);
  assert.equal((await running.done).out, `${JSON.stringify(FRAME)}\n`);
});

test('a stream that breaks is joined again, and both are said', async () => {
  const running = await listening(['live']);
  fake.send(FRAME);
  await until('a line', () => running.said.out !== '');
  const port = await fake.leave();
  await until('a word about it', () => running.said.err.includes('trying again'));
  await fake.listen(port);
  await until('somebody to listen again', () => fake.listeners > 0);
  fake.send(FRAME);
  await until('a word about that', () => running.said.err.includes('the router is back'));
  running.signal();
  assert.equal((await running.done).code, 0);
  assert.equal(running.said.err.trimEnd().split('\n').length, 2);
});

test('a stream that is refused ends, at the beginning and later', async () => {
  const running = await listening(['live']);
  fake.send(FRAME);
  await until('a line', () => running.said.out !== '');
  fake.on('GET /v1/live', () => ({ status: 401, body: problem(401, 'unauthorized', 'who are you?') }));
  const port = await fake.leave();
  await fake.listen(port);
  assert.equal((await running.done).code, 5);
  assert.equal((await begin(['live'], { env: { SIGNALBOX_ADMIN: fake.url } }).done).code, 5);
});

test('a stream that falls silent is taken for broken', async () => {
  const running = await listening(['live', '--timeout', '50ms']);
  fake.send(FRAME);
  await until('a word about it', () => running.said.err.includes('no answer within 50ms'));
  running.signal();
  await running.done;
});

test('top --once shows routes by what they carry, and every upstream', async () => {
  const running = await listening(['top', '--once']);
  fake.send(FRAME);
  const { code, out } = await running.done;
  assert.equal(code, 0);
  assert.deepEqual(out.split('\n'), [
    'rate 150.0/s, errors 2.0%, p50 1.3, p95 3.5, p99 128 ms, 12 connections',
    '',
    'ROUTE  RATE/S  ERRORS  P50 MS  P95 MS  P99 MS  CIRCUITS',
    'cart    120.0    0.0%     1.2     3.4     8.9  closed',
    'tax      30.0   10.0%     2.0     9.0     130  tax:half-open',
    '',
    'UPSTREAM  CIRCUIT     UP  IN FLIGHT  RATE/S  ERRORS  P50 MS  P95 MS  P99 MS  QUEUED  RETRIES/S',
    'cart      closed     2/2          1   120.0    0.0%     1.2     3.4     8.9       0        0.0',
    'idle      closed     1/1          0     0.0    0.0%       -       -       -       0        0.0',
    'tax       half-open  1/2          3    30.0   10.0%     2.0     9.0     130       0        1.5',
    '',
  ]);
});

test('on a terminal no line of top --once is longer than it is wide, and to a program all is given', async () => {
  const long = `the-service-of${'-a-team-with-long-names'.repeat(5)}`;
  const frame = { ...FRAME, routes: FRAME.routes.map((route) => ({ ...route, id: `${route.id}-${long}` })) };
  const once = async (outside: Outside): Promise<string[]> => {
    const running = await listening(['top', '--once'], outside);
    fake.send(frame);
    const { out } = await running.done;
    await until('nobody to listen', () => fake.listeners === 0);
    return out.split('\n');
  };
  const terminal = new FakeTerminal();
  terminal.columns = 80;
  const narrow = (await once({ terminal })).map((line) => stripVTControlCharacters(line));
  assert.ok(narrow.slice(2).every((line) => line.length <= 80));
  assert.match(narrow[3], /^cart-the-service-.*….*long-names +120\.0 +0\.0% +1\.2 +3\.4/);
  assert.match(narrow[6], /^UPSTREAM .*ERRORS/);
  assert.ok((await once({}))[3].startsWith(`cart-${long} `));
  terminal.columns = 0;
  assert.match((await once({ terminal }))[3], /closed/);
});

test('without a terminal top prints lines that say what they are of, each second', async () => {
  const running = await listening(['top', '--sort', 'errors']);
  fake.send(FRAME);
  await until('lines', () => running.said.out !== '');
  running.signal();
  const { out } = await running.done;
  assert.deepEqual(out.split('\n').slice(0, 3), [
    '03:04:05 total rate=150.0 errors=2.0% p50=1.3 p95=3.5 p99=128 connections=12',
    '03:04:05 route tax rate=30.0 errors=10.0% p50=2.0 p95=9.0 p99=130 circuits=tax:half-open',
    '03:04:05 route cart rate=120.0 errors=0.0% p50=1.2 p95=3.4 p99=8.9 circuits=closed',
  ]);
  assert.match(out, /\n03:04:05 upstream idle rate=0\.0 .* inflight=0 queued=0 up=1\/1 circuit=closed\n/);
});

/** top on a screen, with its first frame drawn. */
async function onScreen(frame: LiveFrame = FRAME): Promise<Running & { readonly terminal: FakeTerminal }> {
  const terminal = new FakeTerminal();
  const running = await listening(['top'], { terminal });
  assert.equal(terminal.written, '');
  fake.send(frame);
  await until('a screen', () => terminal.written.includes('\x1b[H'));
  return { ...running, terminal };
}

function firstWords(terminal: FakeTerminal): string[] {
  return terminal.screen.map((line) => line.split(' ')[0] ?? '');
}

test('on a terminal top takes the screen, and gives it back when q is pressed', async () => {
  const { terminal, done } = await onScreen();
  assert.ok(terminal.written.startsWith('\x1b[?1049h\x1b[?25l'));
  assert.match(
    terminal.screen[0] ?? '',
    /^signalbox 127\.0\.0\.1:\d+ {2}revision aaaaaaaaaaa1 {2}\d\d:04:05 {2}by rate$/,
  );
  assert.deepEqual(firstWords(terminal).slice(2), ['r', 'ROUTE', 'cart', 'tax', '', 'UPSTREAM', 'cart', 'idle', 'tax']);
  terminal.type('q');
  assert.equal((await done).code, 0);
  assert.ok(terminal.written.endsWith('\x1b[?25h\x1b[?1049l'));
  assert.equal(terminal.listening, 0);
});

for (const [what, end] of [
  ['control-C', (on: { terminal: FakeTerminal }) => on.terminal.type('\x03')],
  ['a signal', (on: { signal(): void }) => on.signal()],
] as const) {
  test(`${what} gives the screen back too`, async () => {
    const screen = await onScreen();
    end(screen);
    assert.equal((await screen.done).code, 0);
    assert.ok(screen.terminal.written.endsWith('\x1b[?25h\x1b[?1049l'));
    assert.equal(screen.terminal.listening, 0);
  });
}

test('a long name is cut in its middle, and pushes no figures off a narrow screen', async () => {
  const id = `a${'-long'.repeat(25)}-name`;
  const [route] = FRAME.routes;
  const [upstream] = FRAME.upstreams;
  const frame = { ...FRAME, routes: [{ ...route, id }], upstreams: [{ ...upstream, id }] };
  const { terminal, done } = await onScreen(frame);
  terminal.resize(80, 20);
  const lines = terminal.screen.filter((line) => line.startsWith('a-'));
  assert.equal(lines.length, 2);
  for (const line of lines) assert.match(line, /^a-long-lon\S*…\S*-long-name {2}/);
  assert.match(lines[0], / [\d.]+%( +[\d.]+){3} /);
  assert.match(lines[1], /half-open +1\/2 +\d+ +[\d.]+ +[\d.]+%/);
  terminal.type('q');
  await done;
});

test('keys sort, scroll and no more, and the screen follows its size', async () => {
  const { terminal, done } = await onScreen();
  terminal.type('e');
  assert.deepEqual(firstWords(terminal).slice(4, 6), ['tax', 'cart']);
  terminal.type('r');
  assert.deepEqual(firstWords(terminal).slice(4, 6), ['cart', 'tax']);
  terminal.type('p');
  assert.match(terminal.screen[0] ?? '', /by p99$/);
  terminal.resize(20, 6);
  assert.equal(terminal.screen.length, 6);
  assert.ok(terminal.screen.every((line) => line.length <= 20));
  assert.deepEqual(firstWords(terminal).slice(3), ['ROUTE', 'tax', 'cart']);
  terminal.type('\x1b[B\x1b[B');
  assert.deepEqual(firstWords(terminal).slice(3), ['cart', '', 'UPSTREAM']);
  terminal.type('\x1b[A');
  assert.deepEqual(firstWords(terminal).slice(3), ['tax', 'cart', '']);
  terminal.type('\x1b[6~\x1b[6~\x1b[6~\x1b[6~');
  assert.deepEqual(firstWords(terminal).slice(3), ['cart', 'idle', 'tax']);
  terminal.type('x\x1b[Z\x1b[H');
  assert.deepEqual(firstWords(terminal).slice(3), ['ROUTE', 'tax', 'cart']);
  terminal.type('q');
  await done;
});

test('a route that falls silent stays on the screen, until another document runs', async () => {
  const { terminal, done } = await onScreen();
  fake.send({ ...FRAME, routes: FRAME.routes.slice(1) });
  await until('tax alone', () => firstWords(terminal)[4] === 'tax');
  assert.match(terminal.screen[5] ?? '', /^cart +0\.0 +0\.0% +- +- +- +closed$/);
  fake.send({ ...FRAME, revision: 'r2', routes: FRAME.routes.slice(1) });
  await until('another revision', () => terminal.screen[0]?.includes('r2'));
  assert.equal(terminal.screen[5], '');
  terminal.type('q');
  await done;
});

test('the screen says that the router is away, and goes on when it is back', async () => {
  const { terminal, done } = await onScreen();
  const port = await fake.leave();
  await until('a word about it', () => terminal.screen[2]?.startsWith('the router is away, trying again: '));
  await fake.listen(port);
  await until('somebody to listen again', () => fake.listeners > 0);
  fake.send(FRAME);
  await until('the keys again', () => terminal.screen[2]?.startsWith('r rate'));
  terminal.type('q');
  assert.equal((await done).code, 0);
});

test('a router that was never there leaves the screen alone and ends with code 3', async () => {
  await fake.leave();
  const terminal = new FakeTerminal();
  const { code } = await begin(['top'], { env: { SIGNALBOX_ADMIN: fake.url }, terminal }).done;
  assert.equal(code, 3);
  assert.equal(terminal.written, '');
});
