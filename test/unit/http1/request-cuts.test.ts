/**
 * Request heads cut at every byte, damaged, and made of noise: pieces say the same as the whole, a beginning of a valid
 * head is never refused, a refused one never recovers, and a second reader agrees about both.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NameSet } from '../../../src/core/names.ts';
import { FRAMING, INCOMPLETE, REFUSED } from '../../../src/http1/fields.ts';
import { RequestHead } from '../../../src/http1/request.ts';
import { LIMITS, latin1, NAMES, readRequest, requestFacts, requestPieces } from './feed.ts';
import { cuts, damaged, noise, pieces, requestHead } from './messages.ts';
import { endOf, readHead } from './reference.ts';

const EXAMPLES = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET http://a/x HTTP/1.0\r\n\r\n',
  'POST /x?y HTTP/1.1\r\nhost:\ta:80 \r\nContent-Length: 5\r\nX:\r\nConnection: X, close\r\nTE: trailers\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nA: \xe9\xff\t\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n',
];

/** Reads every beginning of the text anew: INCOMPLETE up to the last byte, then all of it. */
function assertEveryBeginning(text: string): void {
  const bytes = latin1(text);
  const head = new RequestHead();
  for (let end = 0; end < bytes.length; end++) {
    const after = head.parse(bytes, 0, end, NAMES, LIMITS);
    assert.equal(after, INCOMPLETE, `${head.refusal}, after ${JSON.stringify(text.slice(0, end))}`);
  }
  assert.equal(head.parse(bytes, 0, bytes.length, NAMES, LIMITS), bytes.length, head.refusal);
  assert.deepEqual(requestFacts(head), requestFacts(readRequest(text).head));
}

for (const text of EXAMPLES) {
  test(`${JSON.stringify(text.slice(0, 50))} is incomplete to its last byte, and says the same in two pieces and byte by byte`, () => {
    assertEveryBeginning(text);
    const whole = requestFacts(readRequest(text).head);
    for (let cut = 1; cut < text.length; cut++) {
      const head = new RequestHead();
      const feed = requestPieces(head);
      assert.equal(feed.push(latin1(text.slice(0, cut))), INCOMPLETE);
      assert.equal(feed.push(latin1(text.slice(cut))), text.length, head.refusal);
      assert.deepEqual(requestFacts(head), whole);
    }
    const head = new RequestHead();
    const feed = requestPieces(head);
    const results = [...text].map((byte) => feed.push(latin1(byte)));
    assert.equal(results.pop(), text.length);
    assert.ok(results.every((result) => result === INCOMPLETE));
    assert.deepEqual(requestFacts(head), whole);
  });
}

test('no beginning of a valid head is refused', () => {
  fc.assert(fc.property(requestHead, assertEveryBeginning), { numRuns: 300 });
});

test('a head in any pieces says what it says whole, on a connection that read others before', () => {
  const used = new RequestHead();
  fc.assert(
    fc.property(requestHead, cuts, (text, places) => {
      const feed = requestPieces(used);
      const results = pieces(text, places).map((piece) => feed.push(latin1(piece)));
      assert.equal(results.pop(), text.length);
      assert.ok(results.every((result) => result === INCOMPLETE));
      assert.deepEqual(requestFacts(used), requestFacts(readRequest(text).head));
    }),
    { numRuns: 1_000 },
  );
});

test('a head is read alike between other bytes, and what follows it is left', () => {
  fc.assert(
    fc.property(noise, requestHead, noise, (before, text, behind) => {
      const bytes = latin1(before + text + behind);
      const head = new RequestHead();
      assert.equal(head.parse(bytes, before.length, bytes.length, NAMES, LIMITS), before.length + text.length);
      assert.deepEqual(requestFacts(head), requestFacts(readRequest(text).head));
    }),
    { numRuns: 500 },
  );
});

/** What became of each beginning of the text must change at most once, and then for good. */
function assertFinal(text: string): void {
  const bytes = latin1(text);
  const head = new RequestHead();
  let verdict = INCOMPLETE;
  let reason = '';
  for (let end = 0; end <= bytes.length; end++) {
    const after = head.parse(bytes, 0, end, NAMES, LIMITS);
    assert.ok(after === REFUSED || after === INCOMPLETE || (after > 0 && after <= end));
    if (verdict !== INCOMPLETE) assert.equal(after, verdict, JSON.stringify(text.slice(0, end)));
    if (verdict === REFUSED) assert.equal(head.refusal, reason);
    if (after === REFUSED) assert.notEqual(head.refusal, '');
    verdict = after;
    reason = after === REFUSED ? head.refusal : '';
  }
}

test('a verdict on a damaged head is final, whatever bytes follow', () => {
  fc.assert(
    fc.property(damaged(requestHead), noise, (text, more) => assertFinal(text + more)),
    { numRuns: 500 },
  );
});

test('a verdict on noise is final', () => {
  fc.assert(fc.property(noise, assertFinal), { numRuns: 1_000 });
});

const FRAMINGS = { none: FRAMING.none, length: FRAMING.length, chunked: FRAMING.chunked } as const;

/** Reads the text with both readers; true where they accepted it. */
function assertAgreed(text: string): boolean {
  const end = endOf(text);
  const wanted = end === -1 ? undefined : readHead(text.slice(0, end));
  const names = new NameSet();
  for (const name of wanted?.values.keys() ?? []) names.add(name);
  const { head, after } = readRequest(text, names);
  if (wanted === undefined) {
    assert.ok(after === REFUSED || (after === INCOMPLETE && end === -1), `accepted ${JSON.stringify(text)}`);
    return false;
  }
  assert.equal(after, end, `${head.refusal}: ${JSON.stringify(text)}`);
  const { method, target, host, minor, framing, length, values } = wanted;
  assert.deepEqual(
    [head.method, head.target, head.host, head.minor, head.framing, head.length],
    [method, target, host, minor, FRAMINGS[framing], length],
  );
  for (const name of names.names) assert.equal(head.field(names.number(name)), values.get(name), name);
  return true;
}

test('a second reader of valid heads reads the same', () => {
  fc.assert(
    fc.property(requestHead, (text) => assert.ok(assertAgreed(text), text)),
    { numRuns: 1_000, examples: [['GET / HTTP/1.1\r\nHost: a\r\n^: b\r\n~: c\r\n\r\n']] },
  );
});

test('a second reader of damaged heads accepts the same, refuses the same, and reads the same', () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(damaged(requestHead), (text) => {
      if (assertAgreed(text)) accepted++;
      else refused++;
    }),
    { numRuns: 5_000 },
  );
  assert.ok(accepted > 200 && refused > 200, `${accepted} accepted, ${refused} refused: too few of one to mean much`);
});

test('noise never throws, and both readers agree about it', () => {
  fc.assert(
    fc.property(noise, (text) => {
      assertAgreed(text);
    }),
    { numRuns: 2_000 },
  );
});
