/**
 * Edits of the text of a document: what changes, and how what is new is written.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editText } from '../../../src/config/edit.ts';
import { maskText, unmaskText } from '../../../src/config/masked-text.ts';
import type { Json, PatchOperation } from '../../../src/config/patch.ts';

const add = (path: string, value: Json): PatchOperation => ({ op: 'add', path, value });
const replace = (path: string, value: Json): PatchOperation => ({ op: 'replace', path, value });
const remove = (path: string): PatchOperation => ({ op: 'remove', path });

function edited(text: string, ...operations: PatchOperation[]): string {
  const edit = editText(text, operations);
  assert.ok(edit.ok, edit.ok ? '' : edit.reason);
  return edit.text;
}

const SITE = `# The site.

listeners:
  # Inside.
  internal: { address: 127.0.0.1:8080 }   # trusted

upstreams:
  cart:       { endpoints: [ http://127.0.0.1:7001 ] }
  game-white: { endpoints: [ http://127.0.0.1:7006 ] }

routes:
  # A weighted split.
  cart:
    match: { path: /cart }
    split: { cart: 80, game-white: 20 }   # grows

  # Alone.
  game:
    match:
      host: game.internal   # inside
      path: /game
    upstream: game-white

# Asked before it serves.
examples:
  - { request: "GET http://x/cart", route: cart }
  # Nobody.
  - { request: "GET http://x/none", route: _none }
`;

/** SITE with one piece of it in another form. */
const but = (from: string, to: string): string => {
  assert.ok(SITE.includes(from));
  return SITE.replace(from, to);
};

test('a value is changed where it stands, and its comment stays beside it', () => {
  assert.equal(
    edited(SITE, replace('/routes/cart/split', { cart: 50, 'game-white': 50 })),
    but('{ cart: 80, game-white: 20 }   # grows', '{ cart: 50, game-white: 50 }   # grows'),
  );
});

test('a map put in place of a map keeps the comments inside it', () => {
  assert.equal(
    edited(SITE, replace('/routes/game', { upstream: 'cart', match: { path: '/play', host: 'game.internal' } })),
    but('path: /game\n    upstream: game-white', 'path: /play\n    upstream: cart'),
  );
});

test('a new entry comes last in its map, kept apart and written as those beside it', () => {
  assert.equal(
    edited(SITE, add('/routes/tax', { match: { host: 'tax.internal' }, upstream: 'cart' })),
    but(
      '    upstream: game-white\n',
      '    upstream: game-white\n\n  tax:\n    match: { host: tax.internal }\n    upstream: cart\n',
    ),
  );
});

test('a new entry among aligned ones is aligned', () => {
  assert.equal(
    edited(SITE, add('/upstreams/tax', { endpoints: ['http://127.0.0.1:7003'] })),
    but('7006 ] }\n', '7006 ] }\n  tax:        { endpoints: [http://127.0.0.1:7003] }\n'),
  );
});

test('what does not fit into one line gets lines of its own', () => {
  const endpoints = [1, 2, 3, 4, 5].map((i) => `http://127.0.0.1:700${i}`);
  assert.equal(
    edited(SITE, replace('/upstreams/cart/endpoints', endpoints)),
    but(
      '  cart:       { endpoints: [ http://127.0.0.1:7001 ] }\n',
      `  cart:\n    endpoints:\n${endpoints.map((url) => `      - ${url}\n`).join('')}`,
    ),
  );
});

test('an entry is removed with the comment above it and nothing of its neighbours', () => {
  const at = SITE.indexOf('  # Alone.');
  assert.equal(edited(SITE, remove('/routes/cart')), SITE.replace(/ {2}# A weighted[\s\S]*?\n\n/, ''));
  assert.equal(
    edited(SITE, remove('/routes/game')),
    SITE.slice(0, at - 1) + SITE.slice(SITE.indexOf('\n# Asked before')),
  );
});

test('the comment that begins the file is not that of the first entry', () => {
  assert.equal(edited('# site\na: 1\nb: 2\n', remove('/a')), '# site\nb: 2\n');
});

test('a map that loses its last entry is an empty one, in the place it had', () => {
  const gone = edited(SITE, remove('/routes/game'), remove('/routes/cart'));
  assert.match(gone, /7006 \] \}\n\nroutes: \{\}\n\n# Asked before/);
  assert.equal(
    edited(gone, add('/routes/x', { upstream: 'cart' })).includes('routes:\n  x: { upstream: cart }\n'),
    true,
  );
});

test('a new section comes last, after a blank line', () => {
  const rollout = { route: 'cart', to: 'game-white', steps: [{ weight: 1, for: '2m' }, { weight: 100 }] };
  assert.equal(
    edited(SITE, add('/rollouts', { canary: rollout })),
    `${SITE}
rollouts:
  canary:
    route: cart
    to: game-white
    steps:
      - { weight: 1, for: 2m }
      - { weight: 100 }
`,
  );
});

test('items of a list come and go singly, and the others keep their comments', () => {
  assert.equal(
    edited(SITE, remove('/examples/0'), add('/examples/-', { request: 'GET http://y/', route: 'game' })),
    `${but('  - { request: "GET http://x/cart", route: cart }\n', '')}  - { request: GET http://y/, route: game }\n`,
  );
});

test('texts that YAML would read as something else are quoted, and no others', () => {
  const texts = [
    'off',
    'yes',
    '1.2.3',
    '10s',
    'http://a:1/b?c=d',
    '>=2.0.0',
    '12',
    'true',
    '',
    '~',
    'a: b',
    'x #y',
    '${A:-}',
  ];
  assert.equal(
    edited('list: []\n', replace('/list', texts)),
    'list: [off, yes, 1.2.3, 10s, http://a:1/b?c=d, ">=2.0.0", "12", "true", "", "~", "a: b", "x #y", "${A:-}"]\n',
  );
  assert.equal(edited('a: 1\n', replace('/a', '{"b"}')), `a: '{"b"}'\n`);
});

test('line breaks, a byte order mark and a missing last line break stay as they are', () => {
  assert.equal(
    edited('\ufeffa: 1\r\nb:\r\n  c: 2', add('/d', { e: { f: 1 } }), replace('/a', 2)),
    '\ufeffa: 2\r\nb:\r\n  c: 2\r\nd:\r\n  e: { f: 1 }',
  );
});

test('a key behind a question mark counts from its mark on', () => {
  const text = '? routes # all\n: a: 1\n  ? b\n  : 2\nworkers: 2\n';
  const value = { c: { d: { e: 1 } }, f: [{ g: 2 }] };
  assert.deepEqual(editText(text, [{ op: 'add', path: '/new', value }]), {
    ok: true,
    text: `${text}new:\n  c:\n    d: { e: 1 }\n  f: [{ g: 2 }]\n`,
  });
  const without = text.replace('  ? b\n  : 2\n', '');
  assert.deepEqual(editText(text, [{ op: 'remove', path: '/routes/b' }]), { ok: true, text: without });
});

test('JSON stays JSON', () => {
  assert.equal(
    edited('{\n  "a": 1,\n  "b": { "c": true }\n}\n', remove('/a'), add('/d', ['x', 'off']), add('/b/e', null)),
    '{\n  "b": { "c": true, "e": null },\n  "d": ["x", "off"]\n}\n',
  );
});

test('what the text says already changes nothing', () => {
  assert.equal(edited(SITE, replace('/routes/cart/split', { 'game-white': 20, cart: 80 })), SITE);
});

test('an edit that cannot be made says why', () => {
  const reasonOf = (text: string, ...operations: PatchOperation[]) => {
    const edit = editText(text, operations);
    return edit.ok ? edit.text : edit.reason;
  };
  assert.match(reasonOf(SITE, remove('/routes/none')), /leads to a place that is not there/);
  assert.match(reasonOf('a: [', remove('/a')), /not valid YAML/);
  assert.match(reasonOf('a: *b\n', add('/c', 1)), /an alias is not supported/);
  assert.match(reasonOf('- 1\n', add('/-', 2)), /only a map can be a document/);
  assert.match(reasonOf('a: |+\n  x\n\nb: 1\n', remove('/b')), /change the file by hand/);
});

test('a text is shown without its secrets, and takes them back when it is put', () => {
  const text = 'admin: { address: 127.0.0.1:9901, token: s3cret }   # inside\n';
  const shown = maskText(text);
  assert.deepEqual(shown, { ok: true, text: text.replace('s3cret', '"***"') });
  assert.deepEqual(unmaskText(shown.ok ? shown.text.replace('9901', '9902') : '', text), {
    ok: true,
    text: text.replace('9901', '9902').replace('s3cret', '"s3cret"'),
  });
});
