/**
 * What a check says of many problems and of JSON that cannot be read, here and in the thread of its own.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../../../src/config/read.ts';
import { startCheckThread } from '../../../src/control/check-start.ts';
import { type CheckAnswer, type CheckedAgainst, checkText, type Sent } from '../../../src/control/check-text.ts';
import { largeDocument } from '../../support/large-document.ts';

const ENV = { NAME: 'set' };
const TERMS = { mayName: true, path: 'routes.yaml', env: ENV, workersFixed: true };
const TEXT = largeDocument(3, 'a');

function runningOf(text: string): CheckedAgainst {
  const reading = readDocument(text, TERMS.path, ENV);
  assert.ok(reading.ok);
  return { ...reading, text };
}

function check(is: Sent['is'], text: string): CheckAnswer {
  return checkText({ is, text }, runningOf(TEXT), TERMS);
}

/** Upstreams without endpoints: a notice each. */
function withNotices(text: string, count: number): string {
  const idle = Array.from({ length: count }, (_, i) => `  idle${i}: {}\n`).join('');
  return text.replace('upstreams:\n', `upstreams:\n${idle}`);
}

test('of more than a thousand problems the first are told, errors before notices, and how many more there are', () => {
  const answer = check('yaml', withNotices(largeDocument(600, 'b', 'nobody'), 500));
  assert.ok(answer.is === 'invalid');
  const pointers = answer.problems.map(({ pointer }) => pointer);
  assert.deepEqual(pointers, [
    ...Array.from({ length: 400 }, (_, i) => `/upstreams/idle${i}`),
    ...Array.from({ length: 600 }, (_, i) => `/routes/r${i}/upstream`),
    '',
  ]);
  assert.equal(answer.problems.at(-1)?.reason, '... and 100 more, which are not listed');
});

test('of more than a thousand notices the first are told, and that makes no error of them', () => {
  const answer = check('yaml', withNotices(TEXT, 1500));
  assert.ok(answer.is === 'valid');
  assert.equal(answer.notices.length, 1001);
  assert.ok(answer.notices.every(({ severity }) => severity === 'notice'));
  assert.equal(answer.notices.at(-1)?.reason, '... and 500 more, which are not listed');
});

test('a thousand problems are all told', () => {
  const answer = check('yaml', largeDocument(1000, 'b', 'nobody'));
  assert.ok(answer.is === 'invalid');
  assert.equal(answer.problems.length, 1000);
});

test('JSON that is no document, or none at all, cannot be read', () => {
  const deep = `${'['.repeat(51)}${']'.repeat(51)}`;
  for (const [text, detail] of [
    ['[]', /a document is a map/],
    ['null', /a document is a map/],
    ['{', /no JSON/],
    ['{ "routes": { "__proto__": {} } }', /forbidden prototype/],
    ['{ "routes": { "constructor": { "prototype": {} } } }', /forbidden prototype/],
    [`{ "routes": ${deep} }`, /nested more than 50 deep/],
    ['{ "routes": { "a": {}, "a": {} } }', /^the body has a key twice: \/routes\/a;/],
  ] as const) {
    const answer = check('json', text);
    assert.ok(answer.is === 'unreadable', text);
    assert.match(answer.detail, detail);
  }
});

/** Asks one thread one thing after the other. */
async function inThread(orders: readonly [Sent, string][], heap?: number): Promise<(CheckAnswer | string)[]> {
  let heard: (answer: CheckAnswer | string) => void = () => {};
  const thread = startCheckThread(
    (answer) => heard(answer),
    (reason) => heard(reason),
    heap,
  );
  const answers: (CheckAnswer | string)[] = [];
  for (const [sent, running] of orders) {
    const answer = new Promise<CheckAnswer | string>((resolve) => {
      heard = resolve;
    });
    thread.ask({ sent, running, terms: TERMS });
    answers.push(await answer);
  }
  heard = () => {};
  await thread.end();
  return answers;
}

test('the thread gives the same answers, whatever ran when it was asked before', async () => {
  const other = TEXT.replace('path: /some/1', 'path: /else');
  const wrong = `${TEXT}nonsense: 1\n`;
  const named = TEXT.replace('x-mark: "a"', `x-mark: "\${NAME}"`);
  const json = JSON.stringify({ upstreams: { main: { endpoints: ['http://127.0.0.1:9'] } }, routes: {} });
  const orders = [
    [{ is: 'yaml', text: other }, TEXT],
    [{ is: 'yaml', text: TEXT }, TEXT],
    [{ is: 'yaml', text: named }, other],
    [{ is: 'yaml', text: wrong }, TEXT],
    [{ is: 'json', text: json }, TEXT],
    [{ is: 'json', text: '[' }, TEXT],
  ] as const satisfies [Sent, string][];
  const expected = orders.map(([sent, running]) => checkText(sent, runningOf(running), TERMS));
  assert.deepEqual(await inThread([...orders]), expected);
  assert.deepEqual(
    expected.map(({ is }) => is),
    ['valid', 'valid', 'valid', 'invalid', 'invalid', 'unreadable'],
  );
});

test('a check that needs more memory than its thread may take ends that thread and nothing else', async () => {
  const large = largeDocument(20_000, 'b');
  const [answer] = await inThread([[{ is: 'yaml', text: large }, large]], 48);
  assert.match(String(answer), /memory/);
});
