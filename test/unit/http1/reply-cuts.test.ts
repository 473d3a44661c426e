/**
 * Reply heads cut at every byte, damaged, and made of noise: pieces say the same as the whole, a beginning of a valid head
 * is never refused, and a verdict is final.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { INCOMPLETE, REFUSED } from '../../../src/http1/fields.ts';
import { ReplyHead } from '../../../src/http1/reply.ts';
import { latin1, NAMES, readReply, replyFacts, replyPieces } from './feed.ts';
import { cuts, damaged, noise, pieces, replyHead } from './messages.ts';

function assertEveryBeginning(text: string): void {
  const bytes = latin1(text);
  const head = new ReplyHead();
  for (let end = 0; end < bytes.length; end++) {
    const after = head.parse(bytes, 0, end, NAMES, false);
    assert.equal(after, INCOMPLETE, `${head.refusal}, after ${JSON.stringify(text.slice(0, end))}`);
  }
  assert.equal(head.parse(bytes, 0, bytes.length, NAMES, false), bytes.length, head.refusal);
  assert.deepEqual(replyFacts(head), replyFacts(readReply(text).head));
}

for (const text of [
  'HTTP/1.1 200\r\n\r\n',
  'HTTP/1.1 200 \r\n\r\n',
  'HTTP/1.0 404 Not\tFound\xe9\r\nX:\r\n\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length:\t5 \r\nConnection: X, close\r\nKeep-Alive: timeout=5\r\nX: y\r\n\r\n',
]) {
  test(`${JSON.stringify(text.slice(0, 40))} is incomplete to its last byte, and says the same byte by byte`, () => {
    assertEveryBeginning(text);
    const head = new ReplyHead();
    const feed = replyPieces(head);
    const results = [...text].map((byte) => feed.push(latin1(byte)));
    assert.equal(results.pop(), text.length);
    assert.ok(results.every((result) => result === INCOMPLETE));
    assert.deepEqual(replyFacts(head), replyFacts(readReply(text).head));
  });
}

test('no beginning of a valid reply head is refused', () => {
  fc.assert(fc.property(replyHead, assertEveryBeginning), { numRuns: 300 });
});

test('a reply head in any pieces says what it says whole, on a connection that read others before', () => {
  const used = new ReplyHead();
  fc.assert(
    fc.property(replyHead, cuts, fc.boolean(), (text, places, headRequest) => {
      const feed = replyPieces(used, NAMES, headRequest);
      const results = pieces(text, places).map((piece) => feed.push(latin1(piece)));
      assert.equal(results.pop(), text.length);
      assert.ok(results.every((result) => result === INCOMPLETE));
      assert.deepEqual(replyFacts(used), replyFacts(readReply(text, headRequest).head));
    }),
    { numRuns: 1_000 },
  );
});

/** What became of each beginning of the text must change at most once, and then for good. */
function assertFinal(text: string): void {
  const bytes = latin1(text);
  const head = new ReplyHead();
  let verdict = INCOMPLETE;
  for (let end = 0; end <= bytes.length; end++) {
    const after = head.parse(bytes, 0, end, NAMES, false);
    assert.ok(after === REFUSED || after === INCOMPLETE || (after > 0 && after <= end));
    if (verdict !== INCOMPLETE) assert.equal(after, verdict, JSON.stringify(text.slice(0, end)));
    if (after === REFUSED) assert.notEqual(head.refusal, '');
    verdict = after;
  }
}

test('a verdict on a damaged reply head is final, whatever bytes follow', () => {
  fc.assert(
    fc.property(damaged(replyHead), noise, (text, more) => assertFinal(text + more)),
    { numRuns: 500 },
  );
});

test('a verdict on noise is final', () => {
  fc.assert(fc.property(noise, assertFinal), { numRuns: 1_000 });
});

/** The shape of a reply head, whatever its lines mean. */
const SHAPE =
  /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/;

test('nothing but a status line, field lines and an empty line is taken for a reply head', () => {
  let taken = 0;
  fc.assert(
    fc.property(damaged(replyHead), (text) => {
      const { after } = readReply(text);
      if (after <= 0) return;
      taken++;
      assert.equal(SHAPE.exec(text)?.[0].length, after, JSON.stringify(text));
    }),
    { numRuns: 3_000 },
  );
  assert.ok(taken > 100, `only ${taken} were taken at all`);
});
