/**
 * Files of the state folder, written whole.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeWhole } from '../../../src/control/whole-file.ts';

test('what lies in the way is taken away, and neither followed nor filled', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-whole-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const [path, victim, open] = ['leases.json', 'victim', 'open.json'].map((name) => join(folder, name));
  await writeFile(victim, 'mine');
  await symlink(victim, `${path}.tmp`);
  await writeWhole(path, 'leases');
  assert.equal(await readFile(victim, 'utf8'), 'mine');
  assert.equal(await readFile(path, 'utf8'), 'leases');
  await writeFile(`${open}.tmp`, '', { mode: 0o666 });
  await writeWhole(open, 'secret');
  assert.equal((await stat(open)).mode & 0o777, 0o600);
});
