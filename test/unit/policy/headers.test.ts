/**
 * Header edits: what they cut and append, and what they refuse to touch.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameSet } from '../../../src/core/names.ts';
import { headerEdit, headerProblem } from '../../../src/policy/headers.ts';
import type { HeaderEdit, HeaderEditSettings } from '../../../src/policy/policy.ts';
import { NO_EDITS } from '../../support/facts.ts';

function edit(settings: Partial<HeaderEditSettings>): { cut: string[]; append: string } | undefined {
  const names = new NameSet();
  const made: HeaderEdit | undefined = headerEdit({ ...NO_EDITS, ...settings }, names, 'route x');
  return made === undefined ? undefined : { cut: [...made.cut].map((n) => names.names[n]).sort(), append: made.append };
}

test('without edits there is nothing to do', () => {
  assert.equal(edit({}), undefined);
});

test('set cuts and appends, add appends, remove cuts', () => {
  assert.deepEqual(edit({ set: { 'X-One': '1' }, add: { 'X-Two': ['2', '3'], 'x-three': '4' }, remove: ['Server'] }), {
    cut: ['server', 'x-one'],
    append: 'X-One: 1\r\nX-Two: 2\r\nX-Two: 3\r\nx-three: 4\r\n',
  });
});

test('a name that is set and added has both lines, the set one first', () => {
  assert.deepEqual(edit({ set: { via: 'a' }, add: { Via: 'b' } }), { cut: ['via'], append: 'via: a\r\nVia: b\r\n' });
});

test('values go out as UTF-8 bytes', () => {
  assert.equal(edit({ set: { x: 'é' } })?.append, 'x: \u00c3\u00a9\r\n');
});

test('framing, hop-by-hop headers and Host are not edited, whatever the case', () => {
  for (const name of [
    'Content-Length',
    'transfer-encoding',
    'Connection',
    'Host',
    'upgrade',
    'TE',
    'Trailer',
    'Expect',
  ]) {
    assert.throws(() => edit({ set: { [name]: '1' } }), /route x: header/, name);
    assert.throws(() => edit({ add: { [name]: '1' } }), /route x: header/, name);
    assert.throws(() => edit({ remove: [name] }), /route x: header/, name);
  }
  assert.match(headerProblem('host', 'x') ?? '', /rewrite\.host/);
});

test('no value can end its line early', () => {
  for (const value of ['a\r\nx: y', 'a\nb', 'a\rb', 'a\0b', '\u007f']) {
    assert.throws(() => edit({ set: { x: value } }), /line break/);
    assert.throws(() => edit({ add: { x: ['fine', value] } }), /line break/);
  }
  assert.equal(headerProblem('x', 'a\tb'), undefined);
});

test('no name can be more than a name', () => {
  for (const name of ['', 'a b', 'a:', 'a\r\n', 'é'])
    assert.throws(() => edit({ remove: [name] }), /not a header name/);
});
