/**
 * The random documents and bodies are of every kind that they promise, and reading them harms nobody.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readDocument } from '../../src/config/read.ts';
import { arbitraryBody, arbitraryDocumentText, nearlyValidDocument, refusedDocumentText } from './any-document.ts';

const valid = (text: string) => readDocument(text, 'routes.yaml', {}).ok;

test('random texts of documents are read without a throw, some valid and most not', () => {
  const texts = fc.sample(arbitraryDocumentText(), { numRuns: 1000, seed: 7 });
  const good = texts.filter(valid).length;
  assert.ok(good > 20 && good < 600, `${good} of 1000 are valid`);
  assert.ok(texts.some((text) => text.length > 100_000));
  assert.ok(texts.some((text) => /^(?:\[{1000}|(?:\{"a":){1000})/.test(text)));
});

test('nearly valid documents hold keys such as __proto__ as their own, and spoil no prototype', () => {
  const before = Reflect.ownKeys(Object.prototype);
  const documents = fc.sample(nearlyValidDocument(), { numRuns: 600, seed: 7 });
  const texts = documents.map((document) => JSON.stringify(document));
  assert.ok(texts.some((text) => text.includes('"__proto__":')));
  for (const text of texts) valid(text);
  assert.deepEqual(Reflect.ownKeys(Object.prototype), before);
  const good = texts.filter(valid).length;
  assert.ok(good > 10 && good < 300, `${good} of 600 are valid`);
});

test('documents drawn to be refused are refused', () => {
  for (const text of fc.sample(refusedDocumentText(), { numRuns: 300, seed: 7 })) assert.equal(valid(text), false);
});

test('random bodies come as JSON, as YAML, as something else, and as bytes that are no text', () => {
  const bodies = fc.sample(arbitraryBody(), { numRuns: 500, seed: 7 });
  const types = new Set(bodies.map(({ contentType }) => contentType));
  for (const type of ['application/json', 'application/yaml', 'text/plain']) assert.ok(types.has(type));
  assert.ok(bodies.some(({ payload }) => Buffer.isBuffer(payload)));
  assert.ok(bodies.some(({ payload }) => payload.includes('"state":')));
});
