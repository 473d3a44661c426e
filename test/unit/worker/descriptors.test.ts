/**
 * How many descriptors there are, as Linux writes it, and how many of them are kept for others than new clients.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientCeiling, descriptorLimit, whyTooFew } from '../../../src/worker/descriptors.ts';

const HEAD = 'Limit                     Soft Limit           Hard Limit           Units     \n';

const LIMITS: readonly (readonly [of: string, text: string, expected: number])[] = [
  ['the limit in force', 'Max open files            1024                 524288               files     \n', 1024],
  ['no limit', 'Max open files            unlimited            unlimited            files     \n', Infinity],
  ['another system', 'Max processes             63704                63704                processes \n', Infinity],
];

for (const [of, text, expected] of LIMITS) {
  test(`${of} is read as ${expected}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-descriptors-'));
    const file = join(directory, 'limits');
    await writeFile(file, HEAD + text);
    assert.equal(descriptorLimit(file), expected);
    await rm(directory, { recursive: true });
  });
}

test('where nobody says there is no limit', () => {
  assert.equal(descriptorLimit('/nowhere/limits'), Infinity);
  assert.equal(clientCeiling(Infinity), Infinity);
});

test('a quarter is kept, and no more than 1024', () => {
  assert.equal(clientCeiling(256), 192);
  assert.equal(clientCeiling(4096), 3072);
  assert.equal(clientCeiling(1_048_576), 1_047_552);
});

test('more clients than half the limit are told, with the remedy', () => {
  assert.equal(whyTooFew(512, 1024), undefined);
  assert.match(whyTooFew(513, 1024) ?? '', /1024 descriptors .*ulimit -n/);
});
