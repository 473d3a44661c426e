/**
 * Whatever is done to a document: reading it never throws, and every problem has its place, reason and advice. And the
 * shape is a JSON Schema that says what the reading says.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { load } from 'js-yaml';
import type { Reading } from '../../../src/config/document.ts';
import { readDocument } from '../../../src/config/read.ts';
import { DOCUMENT } from '../../../src/config/shape-document.ts';
import { CONTRACT_DOCUMENT, TLS } from '../../support/contract-document.ts';

/** Keys that the description leaves to their defaults. */
const MORE_OF_UPSTREAM = `
    balance: { hash: { header: x } }
    slowStart: 10s
    panicPercent: 30
    circuitBreaker: { failureRate: { percent: 50, minRequests: 100, window: 10s }, maxOpenFor: 5m, recovery: { ramp: 0 } }
    healthCheck: { path: /ready, status: 200-399, body: ok }
    outliers: { successRate: { interval: 10s, minRequests: 100, minMembers: 5, deviations: 1.9 }, maxEjectFor: 5m }
    limits: { concurrency: adaptive }
    hedge: { after: p95, percent: 5 }
    endpoints: [ srv://_http._tcp.red.internal ]`;
const MORE_OF_ROUTE = `upstream: cart
    fallback: { status: 503, headers: { content-type: text/plain }, body: later }
    faults: { delay: { time: 200ms, percent: 10 }, abort: { status: 503, percent: 5 } }
`;

const VALID = CONTRACT_DOCUMENT.replace(TLS, '')
  .replace(/(game-red:) \{ .* \}/, (_, key: string) => key + MORE_OF_UPSTREAM)
  .replace(/(?<=^ {4})upstream: cart\n/m, () => MORE_OF_ROUTE);

function assertWhole(reading: Reading, text: string): void {
  if (reading.ok) {
    assert.match(reading.revision, /^[0-9a-f]{12}$/);
    assert.ok(reading.notices.every(({ severity }) => severity === 'notice'));
    return;
  }
  assert.ok(reading.problems.some(({ severity }) => severity === 'error'));
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  for (const problem of reading.problems) {
    const { line, column, pointer, reason, advice } = problem;
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}: ${reason}`);
    assert.ok(
      column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1,
      `column ${column} of line ${line}: ${reason}`,
    );
    assert.match(pointer, /^(?:\/.*)?$/s);
    assert.ok(reason.length > 0 && advice.length > 0);
  }
}

/** Text cut, doubled, swapped and overwritten with what means something in YAML. */
const mutation = fc.record({
  at: fc.nat(VALID.length),
  length: fc.nat(40),
  text: fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      '\n',
      '\t',
      ':',
      ': ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '- ',
      '&a ',
      '*a',
      '!x ',
      '<<: ',
      '|',
    ),
    fc.constantFrom('${', '${A}', '$${', '# ', 'off', 'null', '-1', '1e999', '.nan', '0x10', 'true', '_none', '\u0000'),
    fc.string({ maxLength: 8, unit: 'binary' }),
  ),
});

test('a document with parts cut out and put in never throws, and is read with every problem in its place', () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      let text = VALID;
      for (const { at, length, text: put } of mutations) text = text.slice(0, at) + put + text.slice(at + length);
      assertWhole(readDocument(text, 'routes.yaml', { A: 'a' }), text);
    }),
    { numRuns: 400 },
  );
});

/** A value of another kind in place of any part of a document; undefined cuts the part out. */
const replacement = fc.constantFrom(
  undefined,
  null,
  true,
  -1,
  1.5,
  '',
  'off',
  'x',
  '${A}',
  [],
  [1],
  ['x'],
  {},
  { x: 1 },
  {
    header: 'x',
  },
);

function replaceAt(value: unknown, path: readonly number[], put: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null) return put;
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return put;
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? replaceAt(item, rest, put) : item));
  const entries = Object.entries(value).map(([name, part]) => [name, name === key ? replaceAt(part, rest, put) : part]);
  return Object.fromEntries(entries);
}

const tree = fc
  .tuple(fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }), replacement)
  .map(([path, put]): unknown => JSON.parse(JSON.stringify(replaceAt(load(VALID), path, put) ?? null)));

const validate = new Ajv({ strict: false, allErrors: true }).compile(DOCUMENT);

test('a document with any part replaced never throws, and what is accepted is valid by the JSON Schema too', () => {
  fc.assert(
    fc.property(tree, (value) => {
      const text = JSON.stringify(value);
      const reading = readDocument(text, 'routes.yaml', { A: 'a' });
      assertWhole(reading, text);
      // `${A}` may stand for a number, which a schema cannot know.
      if (reading.ok && !text.includes('${A}')) assert.ok(validate(value), JSON.stringify(validate.errors));
    }),
    { numRuns: 600 },
  );
});

test('what the JSON Schema refuses is refused by the reading', () => {
  fc.assert(
    fc.property(tree, (value) => {
      const text = JSON.stringify(value);
      if (text.includes('${A}') || validate(value)) return;
      assert.equal(readDocument(text, 'routes.yaml', {}).ok, false, text);
    }),
    { numRuns: 600 },
  );
});

test('a document with all keys that the description leaves out is read, and valid by the JSON Schema', () => {
  assert.ok(VALID.includes(MORE_OF_UPSTREAM) && VALID.includes(MORE_OF_ROUTE));
  assert.equal(readDocument(VALID, 'routes.yaml', {}).ok, true);
  assert.ok(validate(load(VALID)), JSON.stringify(validate.errors));
});

test('the document with every key is valid by the JSON Schema, TLS included', () => {
  assert.ok(validate(load(CONTRACT_DOCUMENT)), JSON.stringify(validate.errors));
});
