/**
 * Every trick of the corpus against the readers: it is refused for its reason or passed on as its file says, whole and in
 * pieces, and the three properties hold for it.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkReplies, checkRequests } from './agree.ts';
import { Chance } from './chance.ts';
import { bytesOf, corpus, type Entry, kindOf, readable } from './corpus.ts';
import { forwardReplies, forwardRequests, withoutOwn } from './forward.ts';
import type { Verdict } from './ours.ts';

/** Rounds of cutting for each entry; large ones get one. */
const ROUNDS = 12;

function assertExpected(entry: Entry, verdict: Verdict, passed: () => string): void {
  const { expect } = entry;
  if (expect.is === 'refused') {
    assert.equal(verdict.last, 'refused', `not refused: ${readable(entry.bytes)}`);
    assert.equal(kindOf(verdict.reason), expect.kind, verdict.reason);
    // Interim replies before a bad one may have passed.
    assert.equal(verdict.messages.filter(({ head }) => !/^HTTP\/1\.[01] 1/.test(head)).length, 0);
  } else if (expect.is === 'passed') {
    assert.notEqual(verdict.messages.length, 0, verdict.reason);
    assert.equal(readable(withoutOwn(passed())), readable(expect.as));
  }
}

function rounds(entry: Entry): Chance[] {
  return Array.from({ length: entry.bytes.length > 5_000 ? 1 : ROUNDS }, (_, seed) => new Chance(seed));
}

describe('requests', () => {
  for (const entry of corpus('requests')) {
    test(`${entry.group}: ${entry.name} is ${entry.expect.is}`, () => {
      for (const chance of rounds(entry)) {
        const { verdict } = checkRequests(entry.bytes, chance);
        assertExpected(entry, verdict, () => forwardRequests(verdict.messages).text);
      }
    });
  }
});

describe('replies', () => {
  for (const entry of corpus('replies')) {
    // Whether a 101 was offered is for the attempt to judge: the wire tests have it.
    if (entry.expect.is === 'refused' && entry.expect.kind === 'upgrade') continue;
    test(`${entry.group}: ${entry.name} is ${entry.expect.is}`, () => {
      const method = entry.asked === 'upgrade' ? 'GET' : entry.asked;
      for (const chance of rounds(entry)) {
        const { verdict } = checkReplies(entry.bytes, chance, method, false);
        assertExpected(entry, verdict, () => forwardReplies(verdict.messages, method, 1).text);
      }
    });
  }
});

test('each trick stands in the corpus once', () => {
  const seen = new Map<string, string>();
  for (const entry of [...corpus('requests'), ...corpus('replies')]) {
    const bytes = `${entry.file.split('/')[0]} ${entry.asked} ${entry.bytes}`;
    assert.equal(seen.get(bytes), undefined, entry.file);
    seen.set(bytes, entry.file);
  }
});

test('what is written in readable form reads back byte for byte', () => {
  const every = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
  for (const bytes of [
    every,
    every + every,
    'x'.repeat(100),
    '\\{3:a}',
    '}'.repeat(50),
    ' a \r\n ',
    '\n',
    '\r'.repeat(60),
  ]) {
    assert.equal(bytesOf(readable(bytes)), bytes);
  }
  assert.equal(bytesOf('\\{3:a\\r\\n}b\\x20\n'), 'a\r\na\r\na\r\nb ');
});
