/**
 * Where a body ends: the same place, the same data and the same verdict however the bytes are cut.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BodyReader } from '../../../src/http1/body.ts';
import { FRAMING } from '../../../src/http1/fields.ts';
import { chunkedReference, readBody } from './body-feed.ts';
import { latin1 } from './feed.ts';
import { chunkedBody, cuts, damaged, noise, pieces } from './messages.ts';

const NEXT = 'GET / HTTP/1.1\r\n';

describe('a body', () => {
  test('is done at its beginning where it is empty, and nowhere else', () => {
    const reader = new BodyReader();
    for (const [framing, length, done] of [
      [FRAMING.none, 0, true],
      [FRAMING.length, 0, true],
      [FRAMING.length, 1, false],
      [FRAMING.chunked, 0, false],
      [FRAMING.close, 0, false],
    ] as const) {
      reader.begin(framing, length, false, undefined);
      assert.deepEqual([reader.done, reader.refusal, reader.dataBytes], [done, '', 0]);
    }
  });

  test('of none is done before it begins, and takes nothing', () => {
    const whole = { consumed: 0, data: '', dataBytes: 0, done: true, refusal: '' };
    assert.deepEqual(readBody([NEXT], { framing: FRAMING.none }), whole);
    assert.deepEqual(readBody([NEXT], { framing: FRAMING.length, length: 0 }), whole);
  });

  for (const length of [1, 5, 16]) {
    test(`of ${length} bytes takes exactly these, however they are cut`, () => {
      for (let cut = 0; cut <= NEXT.length; cut++) {
        const { consumed, dataBytes, done } = readBody([NEXT.slice(0, cut), NEXT.slice(cut)], {
          framing: FRAMING.length,
          length,
        });
        assert.deepEqual({ consumed, dataBytes, done }, { consumed: length, dataBytes: length, done: true });
      }
    });
  }

  test('that is longer than what came is not done', () => {
    const { consumed, dataBytes, done } = readBody(['abc', 'def'], { framing: FRAMING.length, length: 7 });
    assert.deepEqual({ consumed, dataBytes, done }, { consumed: 6, dataBytes: 6, done: false });
  });

  test('of 2^53 - 1 bytes is counted to its end', () => {
    const reader = new BodyReader();
    reader.begin(FRAMING.length, Number.MAX_SAFE_INTEGER, false, undefined);
    const bytes = Buffer.alloc(8);
    // Positions are numbers alone: no byte of a body of known length is looked at.
    assert.equal(reader.read(bytes, 0, Number.MAX_SAFE_INTEGER - 3), Number.MAX_SAFE_INTEGER - 3);
    assert.equal(reader.done, false);
    assert.equal(reader.read(bytes, 0, 8), 3);
    assert.deepEqual([reader.done, reader.dataBytes], [true, Number.MAX_SAFE_INTEGER]);
  });

  test('delimited by close takes everything and is never done', () => {
    const { consumed, dataBytes, done } = readBody([NEXT, NEXT], { framing: FRAMING.close });
    assert.deepEqual({ consumed, dataBytes, done }, { consumed: 32, dataBytes: 32, done: false });
  });

  test('says where its data stands only where it is chunked and decoding was asked for', () => {
    const reader = new BodyReader();
    for (const framing of [FRAMING.none, FRAMING.length, FRAMING.close]) {
      reader.begin(framing, 5, true, undefined);
      assert.equal(reader.ranges, undefined);
    }
    reader.begin(FRAMING.chunked, 0, false, undefined);
    assert.equal(reader.ranges, undefined);
    reader.begin(FRAMING.chunked, 0, true, undefined);
    assert.deepEqual(reader.ranges, []);
    const bytes = latin1('2\r\nab\r\n1;x=y\r\nc\r\n4\r\nde');
    reader.read(bytes, 0, bytes.length);
    assert.deepEqual(reader.ranges, [3, 5, 14, 15, 20, 22]);
    reader.read(latin1('fg\r\n0\r\n\r\n'), 0, 9);
    assert.deepEqual(reader.ranges, [0, 2]);
  });
});

/** Bodies that are complete, with their data. */
const CHUNKED: readonly (readonly [text: string, data: string])[] = [
  ['0\r\n\r\n', ''],
  ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', 'hello world'],
  ['a\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
  ['A\r\n\r\n\r\n\r\n\r\n\r\n\r\n000\r\n\r\n', '\r\n\r\n\r\n\r\n\r\n'],
  ['0000000000000005\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'],
  ['1;a\r\nx\r\n1;a=b;c=d\r\ny\r\n0;e="f;\\"\r\n\t\\\\ \xff"\r\n\r\n'.replace('\r\n\t', '\t'), 'xy'],
  ['1;a=""\r\nx\r\n0;!#$%&\'*+-.^_`|~=~\r\n\r\n', 'x'],
  ['0\r\nX: y\r\nx-sum:\t1\xe9 \r\nEmpty:\r\n\r\n', ''],
  ['3\r\n\x00\xff\n\r\n0\r\nETag: "x"\r\n\r\n', '\x00\xff\n'],
];

describe('a chunked body', () => {
  for (const [text, data] of CHUNKED) {
    test(`${JSON.stringify(text.slice(0, 60))} ends where it ends, cut at every byte and byte by byte`, () => {
      const whole = { consumed: text.length, data, dataBytes: data.length, done: true, refusal: '' };
      assert.deepEqual(readBody([text + NEXT]), whole);
      assert.deepEqual(readBody([...text, ...NEXT]), whole);
      for (let cut = 0; cut <= text.length; cut++) {
        assert.deepEqual(readBody([text.slice(0, cut), text.slice(cut) + NEXT]), whole);
        const { done, refusal } = readBody([text.slice(0, cut)]);
        assert.deepEqual([done, refusal], [cut === text.length, '']);
      }
      assert.deepEqual(chunkedReference(text + NEXT), { end: text.length, data });
    });
  }

  test('in any pieces ends at the same place with the same data, on a reader that read others before', () => {
    const reader = new BodyReader();
    fc.assert(
      fc.property(chunkedBody, noise, cuts, ({ text, data }, behind, places) => {
        const whole = { consumed: text.length, data, dataBytes: data.length, done: true, refusal: '' };
        assert.deepEqual(readBody([text + behind]), whole);
        assert.deepEqual(readBody(pieces(text + behind, places), {}, reader), whole);
      }),
      { numRuns: 1_000 },
    );
  });

  test('cut at every byte is not done before its last, and never refused', () => {
    fc.assert(
      fc.property(chunkedBody, ({ text, data }) => {
        const reader = new BodyReader();
        for (let cut = 0; cut <= text.length; cut++) {
          const { done, refusal } = readBody([text.slice(0, cut)], {}, reader);
          assert.deepEqual([done, refusal], [cut === text.length, '']);
          assert.equal(readBody([text.slice(0, cut), text.slice(cut)], {}, reader).data, data);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('that is damaged gets the same verdict whole, in pieces and byte by byte', () => {
    fc.assert(
      fc.property(damaged(chunkedBody.map(({ text }) => text)), cuts, (text, places) => {
        const whole = readBody([text]);
        const cut = readBody(pieces(text, places));
        const single = readBody([...text]);
        assert.deepEqual(cut.refusal, whole.refusal);
        assert.deepEqual(single.refusal, whole.refusal);
        // Of refused bodies the data before the bad byte counts alike; where it is handed over depends on the pieces.
        assert.equal(single.dataBytes, whole.dataBytes);
        if (whole.refusal === '') assert.deepEqual([cut, single], [whole, whole]);
        else assert.ok(!whole.done && !cut.done && !single.done);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is what a second reader takes for one, and nothing else is', () => {
    let done = 0;
    let refused = 0;
    const some = fc.oneof(damaged(chunkedBody.map(({ text }) => text)), noise);
    fc.assert(
      fc.property(some, (text) => {
        const read = readBody([text]);
        const wanted = chunkedReference(text);
        assert.equal(read.done, wanted !== undefined, `${read.refusal}: ${JSON.stringify(text)}`);
        if (read.refusal !== '') refused++;
        if (wanted === undefined) return;
        done++;
        assert.deepEqual([read.consumed, read.data], [wanted.end, wanted.data]);
      }),
      { numRuns: 5_000 },
    );
    assert.ok(done > 200 && refused > 200, `${done} done, ${refused} refused: too few of one to mean much`);
  });
});
