/**
 * The three properties. A: what the router accepts, llhttp and the grammar read the same way. B: what it forwards, every
 * reader with a bad habit reads the same way. C: neither the pieces nor the buffer they stand in make a difference.
 *
 * Rule: where a second reader is knowingly different, the exception stands in EXCEPTIONS below, as narrow as it can be.
 */

import assert from 'node:assert/strict';
import { CUT } from '../../src/http1/fields.ts';
import type { HeadLimits } from '../../src/http1/request.ts';
import { type Chance, cutAt } from './chance.ts';
import { assertReadByAll, assertRepliesReadByAll } from './forward.ts';
import { type Field, type Message, meaningOf, readReply, readRequest } from './grammar.ts';
import { KNOWN_METHODS, listen, listenToMessage } from './llhttp.ts';
import {
  GROUND,
  type How,
  INTERNAL,
  LIMITS,
  namesOf,
  readPieces,
  replyAgain,
  requestAgain,
  type Said,
  type Verdict,
} from './ours.ts';

/** What is done to a message before a second reader gets it, each with its reason. */
const EXCEPTIONS = {
  /**
   * RFC 3986 wants `"<>[]\^`{|}` and a bare `%` encoded in paths and queries. Clients send them as they are and the
   * contract passes targets on byte for byte; so the grammar gets an `x` in their place, behind the authority only.
   */
  wideTargets: (text: string): string =>
    text.replace(/^([^ ]+ (?:http:\/\/[^/? ]*)?)([^ ]*)/i, (_, before: string, rest: string) => {
      return before + rest.replace(/["<>[\]\\^`{|}]|%(?![0-9A-Fa-f]{2})/g, 'x');
    }),
  /** llhttp refuses a tab behind `chunked`, which is optional white space to RFC 9112 section 5. What is passed on has none. */
  blanksBehindCoding: (text: string): string => {
    const headEnd = text.indexOf('\r\n\r\n') + 4;
    const head = text.slice(0, headEnd).replace(/^(transfer-encoding:[ \t]*chunked)[ \t]+\r\n/im, '$1\r\n');
    return head + text.slice(headEnd);
  },
  /** llhttp reads a length in a 1xx that it has no name for (104); Node's client tells it not to, and so is it told here. */
  bodiless: (method: string, status: string): boolean => method === 'HEAD' || status.startsWith('1'),
  /** llhttp knows a list of methods and refuses all others, and those of RTSP in HTTP; the grammar knows any token. */
  methods: (text: string, method: string): string =>
    KNOWN_METHODS.has(method) && !RTSP.has(method) ? text : `POST${text.slice(method.length)}`,
};
const RTSP = new Set(['DESCRIBE', 'ANNOUNCE', 'SETUP', 'PLAY', 'PAUSE', 'TEARDOWN', 'GET_PARAMETER'])
  .add('SET_PARAMETER')
  .add('REDIRECT')
  .add('RECORD')
  .add('FLUSH');

export interface Outcome {
  readonly accepted: number;
  readonly verdict: Verdict;
}

/** Throws where a property does not hold for this stream of requests. */
export function checkRequests(text: string, chance: Chance, limits: HeadLimits = LIMITS): Outcome {
  const how = { limits, guarded: GROUND.rules.guarded };
  const verdict = readPieces('request', [text], how);
  assertSameAnyhow('request', text, verdict, how, chance);
  for (const said of verdict.messages) assertRequestAgreed(text.slice(said.start, said.end), said, limits);
  if (verdict.last === 'incomplete') assertIncomplete(text.slice(verdict.messages.at(-1)?.end ?? 0));
  if (verdict.messages.length > 0) assertReadByAll(verdict.messages, chance.once(3) ? INTERNAL : GROUND);
  return { accepted: verdict.messages.length, verdict };
}

/** The same for the replies to one request. `closed`: the origin closes behind them. */
export function checkReplies(text: string, chance: Chance, method: string, closed: boolean): Outcome {
  const how = { method, closed, guarded: GROUND.rules.replyGuarded };
  const verdict = readPieces('reply', [text], how);
  assertSameAnyhow('reply', text, verdict, how, chance);
  for (const said of verdict.messages) assertReplyAgreed(text.slice(said.start, said.end), said, method);
  if (verdict.last === 'incomplete') {
    const rest = readReply(text, verdict.messages.at(-1)?.end ?? 0, method, false);
    assert.notEqual(rest.is, 'message', 'the router waits for more of a reply that is complete');
  }
  if (verdict.messages.length > 0) assertRepliesReadByAll(verdict.messages, method);
  return { accepted: verdict.messages.length, verdict };
}

/** C: pieces, and the shared buffer at any place of it, say the same as the whole. */
function assertSameAnyhow(kind: 'request' | 'reply', text: string, whole: Verdict, how: How, chance: Chance): void {
  assertSame(readPieces(kind, [text], { ...how, shared: true, offset: chance.int(64) }), whole, 'in the shared buffer');
  for (const shared of [true, false]) {
    const pieces = text === '' ? [''] : cutAt(text, chance.cuts(text.length));
    const read = (all: readonly string[]) => readPieces(kind, all, { ...how, shared, offset: chance.int(64) });
    let verdict = read(pieces);
    // Nothing is learnt of a head in pieces until a line end comes: then at the latest the verdict is the same.
    const waits = verdict.last === 'incomplete' && whole.last === 'refused' && how.closed !== true;
    if (waits && !(pieces.at(-1) ?? '').includes('\n')) verdict = read([...pieces, '\n']);
    else if (waits) assert.fail('pieces hide a refusal');
    if (how.closed === true && verdict.last === 'incomplete' && whole.last === 'refused') continue;
    assertSame(verdict, whole, `in ${pieces.length} pieces`);
  }
}

function assertSame(verdict: Verdict, whole: Verdict, where: string): void {
  assert.equal(verdict.last, whole.last, `${where}: ${verdict.reason}, as a whole: ${whole.reason}`);
  if (!verdict.bySize && !whole.bySize) assert.equal(verdict.reason, whole.reason, where);
  assert.deepEqual(verdict.messages, whole.messages, where);
}

/** A for one request. */
function assertRequestAgreed(text: string, said: Said, limits: HeadLimits): void {
  const meant = readRequest(EXCEPTIONS.wideTargets(text));
  assert.ok(meant.is === 'message', `the grammar: ${meant.is === 'invalid' ? meant.why : 'incomplete'}`);
  assertMessage(text, said, meant);
  const names = namesOf(meant.fields);
  const head = requestAgain(said, names, limits);
  const [method, target, version] = head
    .text()
    .slice(0, head.fieldsStart - 2)
    .split(' ');
  assert.deepEqual([method, version], [meant.start[0], meant.start[2]]);
  const named = valueIn(meant.fields, 'host') ?? '';
  const meaning = meaningOf(method, EXCEPTIONS.wideTargets(`${method} ${target}`).split(' ')[1], named);
  assert.equal(EXCEPTIONS.wideTargets(`${method} ${head.target}`).split(' ')[1], meaning.path);
  assert.equal(head.host, meaning.host.toLowerCase().replace(/:[0-9]*$/, ''));
  assert.equal(head.rawHost, named === '' ? meaning.host : named);
  assertNoted(head, meant.fields);
  const toLlhttp = EXCEPTIONS.methods(EXCEPTIONS.blanksBehindCoding(text), method);
  const seen = listenToMessage(toLlhttp, 'request', false, false);
  assertSeen(seen, said, meant.trailers);
  if (KNOWN_METHODS.has(method) && !RTSP.has(method)) assert.equal(seen.method, method);
  assert.deepEqual([seen.target, seen.version], [target, version]);
}

function assertReplyAgreed(text: string, said: Said, method: string): void {
  const meant = readReply(text, 0, method, said.byClose);
  assert.ok(meant.is === 'message', `the grammar: ${meant.is === 'invalid' ? meant.why : 'incomplete'}`);
  assertMessage(text, said, meant);
  const head = replyAgain(said, namesOf(meant.fields), method);
  assert.deepEqual([`HTTP/1.${head.minor}`, String(head.status)], meant.start.slice(0, 2));
  assertNoted(head, meant.fields);
  const bodiless = EXCEPTIONS.bodiless(method, meant.start[1]);
  const seen = listenToMessage(EXCEPTIONS.blanksBehindCoding(text), 'reply', bodiless, said.byClose);
  assertSeen(seen, said, meant.trailers);
  assert.deepEqual([seen.version, String(seen.status), seen.reason], meant.start);
}

function assertMessage(text: string, said: Said, meant: Message): void {
  assert.equal(meant.end, text.length, 'the grammar sees another end');
  assert.deepEqual(said.fields, meant.fields);
  assert.equal(said.body, meant.body, 'the grammar sees another body');
}

/** llhttp read exactly this message. */
function assertSeen(seen: ReturnType<typeof listenToMessage>, said: Said, trailers: readonly Field[]): void {
  assert.equal(seen.error, '', 'llhttp refuses');
  assert.deepEqual([seen.heads, seen.complete, seen.early], [1, 1, false], 'llhttp sees another end');
  assert.deepEqual(seen.fields, said.fields, 'llhttp reads other fields');
  assert.deepEqual(seen.trailers, trailers, 'llhttp reads other trailers');
  assert.equal(seen.body, said.body, 'llhttp reads another body');
}

/** The lines noted by number say what the fields say, but for those that go no further. */
function assertNoted(
  head: ReturnType<typeof requestAgain> | ReturnType<typeof replyAgain>,
  fields: readonly Field[],
): void {
  const { lines, used } = head.fields;
  const cut = new Set<number>();
  for (let at = 0; at < used; at += 5) if (lines[at] === CUT) cut.add(lines[at + 1]);
  const text = head.text();
  let place = head.fieldsStart;
  const kept = new Map<string, string>();
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    if (!cut.has(place)) kept.set(lower, kept.has(lower) ? `${kept.get(lower)}, ${value}` : value);
    place = text.indexOf('\r\n', place) + 2;
  }
  const names = namesOf(fields);
  for (const name of names.names)
    assert.equal(head.fields.value(head.bytes, head.start, names.number(name)), kept.get(name), name);
}

/** Where the router waits for more of a request, the others must not take it for complete. */
function assertIncomplete(rest: string): void {
  const text = rest.startsWith('\r\n') ? rest.slice(2) : rest;
  const meant = readRequest(EXCEPTIONS.wideTargets(text));
  assert.notEqual(meant.is, 'message', 'the router waits for more of a request that is complete');
  if (!text.startsWith('\r')) assert.equal(listen(text, 'request').complete, 0, 'llhttp has it complete');
}

function valueIn(fields: readonly Field[], name: string): string | undefined {
  return fields.find((field) => field[0].toLowerCase() === name)?.[1];
}
