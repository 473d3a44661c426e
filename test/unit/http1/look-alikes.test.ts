/**
 * Names that some servers cannot tell from others, because to them `_` and every other mark is a `-`: those that would
 * frame a message are refused, all others of names that matter are left out, and the rest passes.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NAME, NameSet, plainName } from '../../../src/core/names.ts';
import { CUT, REFUSED } from '../../../src/http1/fields.ts';
import { linesOf, readReply, readRequest } from './feed.ts';

const NAMES = new NameSet();
const USER = NAMES.add('x-user-id');

function cutOf(name: string, names = NAMES): number | undefined {
  const text = `GET / HTTP/1.1\r\nHost: a\r\n${name}: y\r\n\r\n`;
  const { head, after } = readRequest(text, names);
  assert.equal(after, text.length, head.refusal);
  return linesOf(head)[1]?.[0];
}

for (const name of ['Content_Length', 'CONTENT_LENGTH', 'Content.Length', 'Transfer_Encoding', 'transfer~encoding']) {
  test(`${name} is refused, in requests and in replies`, () => {
    const { head, after } = readRequest(`POST / HTTP/1.1\r\nHost: a\r\n${name}: 5\r\n\r\n`);
    assert.deepEqual([after, head.refusal], [REFUSED, 'a look-alike of a framing field']);
    const reply = readReply(`HTTP/1.1 200 OK\r\n${name}: 5\r\n\r\n`);
    assert.deepEqual([reply.after, reply.head.refusal], [REFUSED, 'a look-alike of a framing field']);
  });
}

for (const name of ['X_User_Id', 'x-user_id', 'X.User.Id', "x'user-id", 'X_Forwarded_For', 'x_signalbox-attempt']) {
  test(`${name} is left out`, () => assert.equal(cutOf(name), CUT));
}

for (const name of ['X_User_Ids', 'X_User', 'XUserId', 'X__User_Id', 'x_own', '_', '_x-user-id', '-user-id', '*']) {
  test(`${name} passes`, () => assert.equal(cutOf(name), undefined));
}

test('the name itself is noted', () => {
  assert.equal(cutOf('X-USER-ID'), USER);
  assert.equal(cutOf('x-forwarded-for'), NAME['x-forwarded-for']);
});

test('a document may name a header with marks: then its plain twin is the look-alike', () => {
  const names = new NameSet();
  const number = names.add('x_user.id');
  assert.equal(cutOf('X_User.Id', names), number);
  for (const name of ['x-user-id', 'x_user_id', 'X-User.Id']) assert.equal(cutOf(name, names), CUT, name);
  assert.equal(cutOf('x-users-id', names), undefined);
});

test('where a document names both, the plain one is itself and the other its look-alike', () => {
  const names = new NameSet();
  names.add('x_user_id');
  const plain = names.add('x-user-id');
  assert.equal(cutOf('X-User-Id', names), plain);
  assert.equal(cutOf('X_User_Id', names), CUT);
});

test('a plain name is lower case with every mark a dash', () => {
  assert.equal(plainName("X_Y.z-1!#$%&'*+^`|~"), 'x-y-z-1------------');
});
