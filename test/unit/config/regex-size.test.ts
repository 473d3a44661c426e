/**
 * How many steps an expression has with its repetitions written out.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepsOf } from '../../../src/config/regex-size.ts';
import { saidOf } from '../../support/reading.ts';

for (const [source, steps] of [
  ['', 0],
  ['/cart/.*', 8],
  ['/[a-z]{2,30}', 31],
  ['/[]a]{3}[^]]{3}[[:alpha:]]{3}[\\]]{3}', 13],
  ['\\pL{10}\\p{Greek}{10}\\x{1F600}{10}\\{{10}', 40],
  ['(?:a{10}){10}', 110],
  ['(?P<id>\\d{4}){1,}', 5],
  ['(?:(?:(?:x{1000}){1000}){1000}', 1_001_001_000],
  ['\\Qa{1000}\\E', 11],
  ['a{,1000}', 8],
  ['(?i)ab{100}', 102],
] as const) {
  test(`${source === '' ? 'nothing' : source.slice(0, 40)} has ${steps} steps`, () => {
    assert.equal(stepsOf(source), steps);
  });
}

test('an expression that is too large once it is written out is refused before anybody compiles it', () => {
  const text = (regex: string) => `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { match: { path: { regex: '${regex}' } }, upstream: a } }
`;
  const part = '[a-z]{0,1000}';
  assert.deepEqual(saidOf(text(`/${part.repeat(19)}`)), []);
  assert.deepEqual(saidOf(text(`/${part.repeat(20)}`)), [
    `2:40 error: regex: "/${part.repeat(20).slice(0, 56)}..." is 20001 steps long with its repetitions written out, ` +
      'the most is 20000; repeat less often, or without a bound (`*`)',
  ]);
});
