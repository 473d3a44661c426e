/**
 * What leaves the router for a message it accepted: heads through the code of the data path (proxy/heads.ts), bodies as
 * they are relayed; and what readers with bad habits make of it.
 */

import assert from 'node:assert/strict';
import { interimHead } from '../../src/proxy/heads.ts';
import { AUTHORITY, CLIENT, lead, relayed, textOn } from '../unit/proxy/table.ts';
import { describeHabits, type Habits, LenientReader, type Loose, READERS, STRICT } from './lenient.ts';
import { GROUND, replyAgain, type Said } from './ours.ts';

/** Fields that say how a message is framed or whose it is: all readers must find the same. */
const VITAL = ['content-length', 'transfer-encoding', 'x-correlation-id', 'x-signalbox-upstream'];
/** Of a request also where it goes and who asked. */
const VOUCHED = ['host', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'traceparent'];
/** What an outside client may not say of itself, and what nobody says to the next hop. */
const SPOOFED = ['x-user-id', 'x-caller'];
const OF_THE_HOP = ['proxy-authorization', 'keep-alive', 'http2-settings'];

const IN_REQUESTS = { alike: [...VITAL, ...VOUCHED], absent: [...SPOOFED, ...OF_THE_HOP] };
const IN_BELIEVED_REQUESTS = { alike: [...VITAL, ...VOUCHED], absent: OF_THE_HOP };
const IN_REPLIES = { alike: VITAL, absent: [] };

interface Expected {
  readonly start: string;
  readonly body: string;
  readonly end: number;
  readonly values: Readonly<Record<string, string | undefined>>;
}

/** A request that follows on the same connection, so that a body read too long or too short shows. */
const NEXT_REQUEST = 'GET /next HTTP/1.1\r\nHost: next\r\n\r\n';
const NEXT_REPLY = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext';

/** The requests as they leave for one origin, one behind the other. */
export function forwardRequests(messages: readonly Said[], on = GROUND): { text: string; expected: Expected[] } {
  let text = '';
  const expected: Expected[] = [];
  for (const said of messages) {
    const { sent, head, exchange } = lead(said.head, on);
    text += sent + said.raw;
    const host = head.rawHost || AUTHORITY;
    expected.push({
      start: `${head.method} ${head.target}`,
      body: said.body,
      end: text.length,
      values: { host, 'x-forwarded-for': CLIENT, 'x-correlation-id': exchange.correlationId },
    });
  }
  return { text, expected };
}

/** Every reader finds these requests, and the one behind them. */
export function assertReadByAll(messages: readonly Said[], on = GROUND): void {
  const { text, expected } = forwardRequests(messages, on);
  const whole = text + NEXT_REQUEST;
  const next = { start: 'GET /next', body: '', end: whole.length, values: { host: 'next' } };
  const names = on.listener.internal ? IN_BELIEVED_REQUESTS : IN_REQUESTS;
  assertAlike(whole, [...expected, next], READERS, names, (reader, most) => reader.requests(most));
}

/** The replies as they leave for a client of this version: interim ones, then the final one. */
export function forwardReplies(
  messages: readonly Said[],
  method: string,
  minor: number,
): { text: string; expected: Expected[]; close: boolean } {
  let text = '';
  let close = false;
  const expected: Expected[] = [];
  for (const said of messages) {
    const head = replyAgain(said, GROUND.names, method);
    const interim = head.status < 200 && head.status !== 101;
    if (interim && minor === 0) continue;
    close = said.byClose || (minor === 0 && said.chunked);
    const date = head.dated || head.status < 200 ? '' : 'Tue, 24 Nov 2026 08:00:00 GMT';
    const parts = { upstream: 'main', close, minor, date };
    text += interim ? textOn((sheet) => interimHead(sheet, head, GROUND.rules)) : relayed(head, GROUND, parts);
    text += minor === 0 ? said.body : said.raw;
    const own = interim ? {} : { 'x-correlation-id': 'id', 'x-signalbox-upstream': 'main' };
    expected.push({ start: String(head.status), body: said.body, end: text.length, values: own });
  }
  return { text, expected, close };
}

export function assertRepliesReadByAll(messages: readonly Said[], method: string, readers = READERS): void {
  for (const minor of [1, 0]) {
    const { text, expected, close } = forwardReplies(messages, method, minor);
    // Behind a 101 another protocol is spoken; a body that ends with the connection is nobody's beginning.
    if (expected.length === 0 || expected.at(-1)?.start === '101') continue;
    // Behind a reply that the connection's end delimits there is nothing.
    const whole = close ? text : text + NEXT_REPLY;
    const next = { start: '200', body: 'next', end: whole.length, values: {} };
    const methods = /^1/.test(expected.at(-1)?.start ?? '') ? ['GET'] : [method, 'GET'];
    const all = close ? expected : [...expected, next];
    assertAlike(whole, all, readers, IN_REPLIES, (reader, most) => reader.replies(methods, most));
  }
}

function assertAlike(
  text: string,
  expected: readonly Expected[],
  readers: readonly Habits[],
  names: { readonly alike: readonly string[]; readonly absent: readonly string[] },
  read: (reader: LenientReader, most: number) => Loose[],
): void {
  let first: readonly Loose[] | undefined;
  for (const habits of readers) {
    const found = read(new LenientReader(text, habits), expected.length + 2);
    const same = (what: string, actual: unknown, wanted: unknown): void => {
      if (actual === wanted) return;
      const who = `a reader where ${describeHabits(habits)} is led astray by ${JSON.stringify(text)}`;
      assert.equal(actual, wanted, `${who}: ${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`);
    };
    same('the number of messages', found.length, expected.length);
    first ??= found;
    for (const [i, { start, body, end, values }] of expected.entries()) {
      const one = found[i];
      same('the start line', one.start, start);
      same(`the body of ${start}`, one.body, body);
      same(`the end of ${start}`, one.end, end);
      for (const name in values) same(name, one.values.get(name), values[name]);
      for (const name of names.alike) same(name, one.values.get(name), first[i].values.get(name));
      for (const name of names.absent) same(name, one.values.get(name), undefined);
    }
  }
}

/** The lines that the router writes itself, however they are valued; nobody else's come through the ground's edge. */
const OWN = [
  // Of replies that brought none.
  'date',
  ...[
    'x-correlation-id',
    'traceparent',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'forwarded',
    'via',
  ],
  ...['x-signalbox-attempt', 'x-signalbox-deadline-ms', 'x-signalbox-upstream'],
];
const OWN_LINE = new RegExp(`^(?:${OWN.join('|')}): [^\\r\\n]*\\r\\n`, 'gim');

/** What left the router, without the lines it wrote itself. */
export function withoutOwn(text: string): string {
  return text.replace(OWN_LINE, '');
}

/** Every reader finds in these bytes, taken from a wire, what the strict one finds. `methods`: of the requests, for replies. */
export function assertWireReadByAll(text: string, methods?: readonly string[]): void {
  const read = (reader: LenientReader, most: number): Loose[] =>
    methods === undefined ? reader.requests(most) : reader.replies(methods, most);
  const meant = read(new LenientReader(text, STRICT), 100);
  const expected = meant.map(({ start, body, end }): Expected => ({ start, body, end, values: {} }));
  const names = methods === undefined ? IN_REQUESTS : IN_REPLIES;
  if (expected.length > 0) assertAlike(text, expected, READERS, names, read);
}
