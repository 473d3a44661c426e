/**
 * An edit, and a file that somebody else has changed meanwhile: both changes, or a refusal that shows all three versions.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeEdit, mergeText } from '../../../src/config/merge.ts';
import type { PatchOperation } from '../../../src/config/patch.ts';

const BASE = `admin: { token: s3cret }
routes:
  cart: { upstream: cart }   # ours
  tax: { upstream: tax }
`;

const ops: PatchOperation[] = [{ op: 'replace', path: '/routes/cart/upstream', value: 'cart-v2' }];

test('where the file has what is in force, it is edited', () => {
  assert.deepEqual(mergeEdit({ base: BASE, disk: BASE, ops }), {
    is: 'edited',
    text: BASE.replace('upstream: cart }', 'upstream: cart-v2 }'),
  });
});

test('changes of different parts are both in the text, in the words of the file', () => {
  const disk = `# rewritten\n${BASE.replace('upstream: tax', 'upstream: vat').replace('# ours', '# mine')}workers: 2\n`;
  assert.deepEqual(mergeEdit({ base: BASE, disk, ops }), {
    is: 'merged',
    text: disk.replace('upstream: cart }', 'upstream: cart-v2 }'),
  });
});

test('two changes of one part are a conflict, however far apart they are in it', () => {
  const disk = BASE.replace('{ upstream: cart }', '{ upstream: cart, listeners: [edge] }');
  assert.deepEqual(mergeEdit({ base: BASE, disk, ops }), {
    is: 'conflict',
    conflicts: [
      {
        pointer: '/routes/cart',
        base: { upstream: 'cart' },
        file: { upstream: 'cart', listeners: ['edge'] },
        yours: { upstream: 'cart-v2' },
      },
    ],
  });
});

test('the same change on both sides is no conflict', () => {
  const disk = BASE.replace('upstream: cart }', 'upstream: cart-v2 }');
  assert.deepEqual(mergeEdit({ base: BASE, disk, ops }), { is: 'merged', text: disk });
});

test('a part that was removed on one side and changed on the other is a conflict, with null where there is none', () => {
  const disk = BASE.replace('  cart: { upstream: cart }   # ours\n', '');
  const merge = mergeEdit({ base: BASE, disk, ops });
  assert.ok(merge.is === 'conflict');
  assert.deepEqual(merge.conflicts, [
    { pointer: '/routes/cart', base: { upstream: 'cart' }, file: null, yours: { upstream: 'cart-v2' } },
  ]);
});

test('a conflict shows no secret', () => {
  const merge = mergeEdit({
    base: BASE,
    disk: BASE.replace('s3cret', 'other'),
    ops: [{ op: 'replace', path: '/admin/token', value: 'third' }],
  });
  assert.ok(merge.is === 'conflict');
  assert.doesNotMatch(JSON.stringify(merge), /s3cret|other|third/);
});

test('a conflict shows nothing that stands where no document has it: it may be a secret', () => {
  const disk = `admin: { tokn: S1, token: s3cret, tokens: { zoe: [S2], max: { role: viewer, hash: S3 } }, hosts: S4 }
alerts: { webhook: [S5] }
upstrms: { a: { key: S6 } }
routes:
  cart: { upstream: cart, match: { heders: { authorization: S7 }, path: /cart, methods: [GET] } }
`;
  const yours = `${BASE.replace('upstream: cart }', 'upstream: cart-v2 }').replace('s3cret', 'other')}alerts: {}\nupstrms: {}\n`;
  const merge = mergeText({ base: BASE, disk, yours });
  assert.ok(merge.is === 'conflict');
  assert.doesNotMatch(JSON.stringify(merge), /S\d|s3cret|other/);
  const files = Object.fromEntries(merge.conflicts.map(({ pointer, file }) => [pointer, file]));
  assert.deepEqual(files, {
    '/admin': {
      tokn: '***',
      token: '***',
      tokens: { zoe: '***', max: { role: 'viewer', hash: '***' } },
      hosts: '***',
    },
    '/alerts': { webhook: '***' },
    '/upstrms': '***',
    '/routes/cart': { upstream: 'cart', match: { heders: '***', path: '/cart', methods: ['GET'] } },
  });
});

test('a file that cannot be read is not written over', () => {
  const merge = mergeEdit({ base: BASE, disk: 'routes: {', ops });
  assert.ok(merge.is === 'unreadable');
  assert.equal(merge.problems.length, 1);
});

test('a section that the file has lost is made again for a new part of it', () => {
  assert.deepEqual(
    mergeEdit({
      base: 'workers: 1\n',
      disk: 'workers: 2\n',
      ops: [{ op: 'add', path: '/routes', value: { a: { upstream: 'x' } } }],
    }),
    { is: 'merged', text: 'workers: 2\nroutes:\n  a: { upstream: x }\n' },
  );
});

test('a section taken away does not take what somebody else has put into it', () => {
  const disk = `${BASE}  new: { upstream: new }\n`;
  assert.deepEqual(mergeText({ base: BASE, disk, yours: 'admin: { token: s3cret }\n' }), {
    is: 'merged',
    text: 'admin: { token: s3cret }\nroutes:\n  new: { upstream: new }\n',
  });
});

test('a whole text is taken as it is where the file has not changed, and merged by parts where it has', () => {
  const yours = BASE.replace('upstream: tax', 'upstream: vat').replace('# ours', '# all mine');
  assert.deepEqual(mergeText({ base: BASE, disk: BASE, yours }), { is: 'edited', text: yours });
  const disk = `${BASE}workers: 2\n`;
  assert.deepEqual(mergeText({ base: BASE, disk, yours }), {
    is: 'merged',
    text: disk.replace('upstream: tax', 'upstream: vat'),
  });
  assert.equal(mergeText({ base: BASE, disk: BASE.replace('upstream: tax', 'upstream: x'), yours }).is, 'conflict');
});
