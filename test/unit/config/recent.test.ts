/**
 * What was worked out of the last few texts: given again for the same text, and not for another.
 *
 * The effect of a change is one of these; what is read with an environment leaves what is written alone.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectOf } from '../../../src/config/effect.ts';
import { readDocument } from '../../../src/config/read.ts';
import { Recent } from '../../../src/config/recent.ts';
import { writtenOf } from '../../../src/config/written.ts';

test('a text is known by what it says, not by which string says it', () => {
  const recent = new Recent<object>();
  const value = recent.keep('routes: {}', { a: 1 });
  assert.equal(recent.of(['routes:', '{}'].join(' ')), value);
  assert.equal(recent.of('routes: { }'), undefined);
});

test('the last three texts are known, one before them is not', () => {
  const recent = new Recent<object>();
  for (const text of ['one', 'two', 'three', 'four']) recent.keep(text, { text });
  assert.equal(recent.of('one'), undefined);
  for (const text of ['two', 'three', 'four']) assert.deepEqual(recent.of(text), { text });
});

test("what is taken is the asker's alone, and the other texts are still known", () => {
  const recent = new Recent<object>(2);
  const value = recent.keep('one', { a: 1 });
  recent.keep('two', { a: 2 });
  assert.equal(recent.take('one'), value);
  assert.equal(recent.take('one'), undefined);
  assert.deepEqual(recent.of('two'), { a: 2 });
});

test('a long text is known as well, as long as memory is not collected', () => {
  const recent = new Recent<object>();
  const text = 'x'.repeat(1_000_000);
  assert.equal(recent.keep(text, recent), recent);
  assert.equal(recent.of(text), recent);
});

test('a text that was read as it is written gives its problems each time, under the name it is read by', () => {
  for (const path of ['one.yaml', 'two.yaml']) {
    const written = writtenOf('a: 1\na: 2\n', path);
    assert.ok(!written.ok);
    assert.equal(written.problems[0]?.path, path);
  }
});

test('reading a document with its environment leaves what was written alone', () => {
  const reference = '$'.concat('{TOKEN}');
  const text = `admin: { token: "${reference}" }\nroutes: {}\n`;
  const before = writtenOf(text);
  const reading = readDocument(text, 'routes.yaml', { TOKEN: '0123456789abcdef0123456789abcdef' });
  assert.ok(reading.ok);
  assert.deepEqual(writtenOf(text), before);
  assert.deepEqual(before, { ok: true, value: { admin: { token: reference }, routes: {} } });
});

test('the effect on one document is not that on another', () => {
  const [one, two, three] = ['/a', '/b', '/c'].map((path) => {
    const reading = readDocument(`routes: { r: { match: { path: ${path} }, redirect: { path: /x } } }\n`, 'r.yaml', {});
    assert.ok(reading.ok, JSON.stringify(reading));
    return reading.document;
  });
  const [from, again, other] = [effectOf(one, three), effectOf(one, three), effectOf(two, three)];
  assert.deepEqual(again, from);
  assert.match(from.words.join(), /\/a/);
  assert.match(other.words.join(), /\/b/);
});
