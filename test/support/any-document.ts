/**
 * Random documents and bodies for whoever takes them in: valid, nearly valid, and nonsense of every kind.
 *
 * Rule: some are valid by chance, a few on purpose; whoever must be refused is drawn from `refusedDocumentText`. Keys such
 * as `__proto__` are real keys, as JSON.parse makes them. Huge ones are a megabyte at most, and seldom.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import fc from 'fast-check';
import { load } from 'js-yaml';
import { readDocument } from '../../src/config/read.ts';
import { CONTRACT_DOCUMENT, TLS } from './contract-document.ts';

/** Every key there is, valid. */
const VALID_TEXT = CONTRACT_DOCUMENT.replace(TLS, '');
const VALID_JSON = JSON.stringify(load(VALID_TEXT));

/** Names that mean something to JavaScript, to YAML or to the router. */
const ODD_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '',
  ' ',
  '_none',
  '<<',
  '~',
  'null',
  'true',
  '0',
  'a/b',
  'a~1b',
  '..',
  'é',
  '\u{1f600}',
  '\u0000',
  '\ud800',
  'x'.repeat(129),
] as const;

const oddName = fc.constantFrom(...ODD_NAMES);
const anyText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.string({ maxLength: 12, unit: 'binary' }),
  oddName,
  fc.constantFrom(
    'off',
    '3s',
    '-1s',
    '1e9s',
    '64KiB',
    '5xx',
    '>=1.0.0',
    'http://127.0.0.1:1',
    'http://',
    '/cart',
    '(',
    '*',
  ),
  fc.constantFrom('${HOME}', '${__proto__}', '${', '$${x}', '***', '\ufeff', '\r\n', '\u2028'),
);
const anyNumber = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -0, -1, 0.1, 1e21, 2 ** 53, -(2 ** 31), Number.MAX_VALUE, 65_536),
);
const scalar = fc.oneof(fc.constant(null), fc.boolean(), anyNumber, anyText);

/** Values as JSON has them, keys that mischief is made of among them. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(fc.oneof(oddName, fc.string({ maxLength: 6 })), tie('value')), { maxLength: 4 }).map(objectOf),
  ),
})).value;

/** With every key its own, `__proto__` too. */
function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const made = {};
  for (const [key, value] of entries) setOwn(made, key, value);
  return made;
}

function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

type Edit =
  | { readonly is: 'replace'; readonly way: readonly number[]; readonly value: unknown }
  | { readonly is: 'remove'; readonly way: readonly number[] }
  | { readonly is: 'add'; readonly way: readonly number[]; readonly key: string; readonly value: unknown };

const way = fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 });
const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ is: fc.constant('replace' as const), way, value: anyValue }),
  fc.record({ is: fc.constant('remove' as const), way }),
  fc.record({ is: fc.constant('add' as const), way, key: fc.oneof(oddName, anyText), value: anyValue }),
);

/** A valid document with up to four of its parts replaced, removed, or given one more key. */
export function nearlyValidDocument(): fc.Arbitrary<unknown> {
  return fc.array(anyEdit, { minLength: 1, maxLength: 4 }).map((edits) => {
    const document: unknown = JSON.parse(VALID_JSON);
    for (const edit of edits) apply(document, edit);
    return document;
  });
}

/** Goes as deep as the way leads, taking each number modulo what is there. */
function apply(root: unknown, edit: Edit): void {
  let at = root;
  for (const [step, number] of edit.way.entries()) {
    if (typeof at !== 'object' || at === null) return;
    const keys = Object.keys(at);
    if (keys.length === 0) return;
    const key = keys[number % keys.length];
    const next: unknown = Object.getOwnPropertyDescriptor(at, key)?.value;
    const last = step === edit.way.length - 1 || typeof next !== 'object' || next === null;
    if (!last) {
      at = next;
      continue;
    }
    if (edit.is === 'replace') setOwn(at, key, edit.value);
    else if (edit.is === 'remove') Reflect.deleteProperty(at, key);
    else setOwn(at, edit.key, edit.value);
    return;
  }
}

const WORDS = [
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
  '>',
  '# ',
  '---\n',
  '...\n',
  '%YAML 9.9\n',
  '? ',
];

const cutText = fc
  .array(
    fc.record({ at: fc.nat(VALID_TEXT.length), length: fc.nat(40), put: fc.oneof(fc.constantFrom(...WORDS), anyText) }),
    { minLength: 1, maxLength: 4 },
  )
  .map((cuts) =>
    cuts.reduce((text, { at, length, put }) => text.slice(0, at) + put + text.slice(at + length), VALID_TEXT),
  );

/** Brackets, keys or list marks within one another. */
const deepText = fc
  .tuple(fc.constantFrom('[', '{"a":', '- ', 'a: {b: ', '"'), fc.integer({ min: 10, max: 20_000 }))
  .map(([opening, depth]) => opening.repeat(depth));

/** Each alias stands for ten of the one before: a kilobyte that means gigabytes. */
const BOMB = [
  'a0: &a0 [x]',
  ...Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]`),
].join('\n');

const hugeText = fc.oneof(
  fc.integer({ min: 1000, max: 1_000_000 }).map((size) => `x: "${'y'.repeat(size)}"`),
  fc.integer({ min: 100, max: 5000 }).map((count) => {
    const routes = Array.from({ length: count }, (_, i) => `  r${i}: { match: { path: /${i} }, upstream: nobody }`);
    return `routes:\n${routes.join('\n')}\n`;
  }),
);

/** The text of a document, as somebody might send it: YAML or JSON, valid, nearly valid, nonsense, deep or huge. */
export function arbitraryDocumentText(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(VALID_TEXT, VALID_JSON) },
    { weight: 8, arbitrary: cutText },
    { weight: 8, arbitrary: nearlyValidDocument().map((document) => JSON.stringify(document)) },
    { weight: 4, arbitrary: anyValue.map((value) => JSON.stringify(value)) },
    { weight: 3, arbitrary: fc.string({ maxLength: 200, unit: 'binary' }) },
    { weight: 1, arbitrary: deepText },
    { weight: 1, arbitrary: hugeText },
    { weight: 1, arbitrary: fc.constantFrom(BOMB, '', '\ufeff', '{}', 'null', '[]', '---\n---\n', '\u0000') },
  );
}

/** The same without the valid ones. */
export function refusedDocumentText(): fc.Arbitrary<string> {
  return arbitraryDocumentText().filter((text) => !readDocument(text, 'routes.yaml', {}).ok);
}

export interface ArbitraryBody {
  readonly contentType: string;
  readonly payload: string | Buffer;
}

/** What may come as the body of any call: documents, parts of them, orders, and bytes that are no text at all. */
export function arbitraryBody(): fc.Arbitrary<ArbitraryBody> {
  const json = fc.constantFrom('application/json', 'application/json; charset=utf-8', 'application/problem+json');
  const yaml = fc.constantFrom('application/yaml', 'text/yaml', 'application/x-yaml');
  const other = fc.constantFrom('text/plain', 'application/octet-stream', 'multipart/form-data', 'a', '', '*/*');
  const type = fc.oneof(
    { weight: 5, arbitrary: json },
    { weight: 3, arbitrary: yaml },
    { weight: 1, arbitrary: other },
  );
  const part = fc.constantFrom(
    { upstream: 'cart' },
    { match: { path: '/cart' }, upstream: 'cart' },
    { endpoints: ['http://127.0.0.1:7001'] },
    { state: 'isolated', reason: 'maintenance', for: '5m' },
    { url: 'http://127.0.0.1:7001', weight: 1, ttl: '10s' },
    { url: 'http://cart.internal/cart/7', method: 'GET', headers: {} },
  );
  const spoilt = fc.tuple(part, fc.array(anyEdit, { maxLength: 2 })).map(([value, edits]) => {
    const copy: unknown = JSON.parse(JSON.stringify(value));
    for (const edit of edits) apply(copy, edit);
    return JSON.stringify(copy);
  });
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
  const payload = fc.oneof(
    { weight: 5, arbitrary: arbitraryDocumentText() },
    { weight: 5, arbitrary: spoilt },
    { weight: 1, arbitrary: bytes },
  );
  return fc.record({ contentType: type, payload });
}
