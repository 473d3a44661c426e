/**
 * The file of the document on real disks: what it is replaced by, what it keeps, and why it cannot be written.
 */

import assert from 'node:assert/strict';
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DocumentFile, type Staged } from '../../../src/control/document-file.ts';

/** A folder that anybody may enter, with routes.yaml in it. */
async function place(context: TestContext): Promise<{ folder: string; path: string; file: DocumentFile }> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-document-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const path = join(folder, 'routes.yaml');
  await writeFile(path, 'old\n');
  return { folder, path, file: new DocumentFile(path) };
}

async function staged(file: DocumentFile, text: string, over?: string): Promise<Staged> {
  const staging = await file.stage(text, over);
  assert.ok(staging.ok, staging.ok ? '' : staging.reason);
  return staging.staged;
}

/** As a user to whom mode bits apply: root may write anything. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

test('a staged text is in the file after commit and not before, and leaves nothing beside it', async (context) => {
  const { file, folder, path } = await place(context);
  const { commit } = await staged(file, 'neu: \u00e9\n');
  assert.equal(await readFile(path, 'utf8'), 'old\n');
  assert.deepEqual(await commit(), { ok: true });
  assert.equal(await file.read(), 'neu: \u00e9\n');
  assert.deepEqual(await readdir(folder), ['routes.yaml']);
});

test('a staged text that is dropped leaves no trace', async (context) => {
  const { file, folder } = await place(context);
  const { drop } = await staged(file, 'new\n');
  assert.equal((await readdir(folder)).length, 2);
  await drop();
  assert.deepEqual(await readdir(folder), ['routes.yaml']);
  assert.equal(await file.read(), 'old\n');
});

test('the new file has the mode of the old one', async (context) => {
  const { file, path } = await place(context);
  await chmod(path, 0o640);
  await (await staged(file, 'new\n')).commit();
  assert.equal((await stat(path)).mode & 0o7777, 0o640);
});

test('a file that is not there yet is made', async (context) => {
  const { file, path } = await place(context);
  await rm(path);
  assert.deepEqual(await (await staged(file, 'new\n')).commit(), { ok: true });
  assert.equal(await readFile(path, 'utf8'), 'new\n');
});

test('behind links the text is replaced where it lies, and the links stay', async (context) => {
  const { folder } = await place(context);
  await mkdir(join(folder, '..data-1'));
  await writeFile(join(folder, '..data-1', 'site.yaml'), 'old\n');
  await symlink('..data-1', join(folder, '..data'));
  await symlink('..data/site.yaml', join(folder, 'site.yaml'));
  const file = new DocumentFile(join(folder, 'site.yaml'));
  assert.deepEqual(await (await staged(file, 'new\n')).commit(), { ok: true });
  assert.equal(await readlink(join(folder, 'site.yaml')), '..data/site.yaml');
  assert.equal(await readFile(join(folder, '..data-1', 'site.yaml'), 'utf8'), 'new\n');
  assert.deepEqual(await readdir(join(folder, '..data-1')), ['site.yaml']);
});

test('a link that leads elsewhere at the commit is not followed there', async (context) => {
  const { folder, path } = await place(context);
  const link = join(folder, 'link.yaml');
  await symlink('routes.yaml', link);
  const { commit } = await staged(new DocumentFile(link), 'new\n');
  await rm(link);
  await writeFile(join(folder, 'other.yaml'), 'other\n');
  await symlink('other.yaml', link);
  assert.deepEqual(await commit(), { ok: false, reason: `${link} leads elsewhere by now`, moved: true });
  assert.equal(await readFile(path, 'utf8'), 'old\n');
  assert.equal(await readFile(link, 'utf8'), 'other\n');
});

test('a link that leads nowhere is no file that could be written', async (context) => {
  const { folder } = await place(context);
  const link = join(folder, 'link.yaml');
  await symlink('nowhere/routes.yaml', link);
  const { writable, detail } = await new DocumentFile(link).writable();
  assert.equal(writable, false);
  assert.match(detail, /is a link to, is not there/);
});

test('what somebody else saved since it was read is not written over', async (context) => {
  const { file, folder, path } = await place(context);
  const { commit } = await staged(file, 'new\n', 'old\n');
  await writeFile(path, 'theirs\n');
  const done = await commit();
  assert.ok(!done.ok);
  assert.match(done.reason, /changed by somebody else/);
  assert.equal(await file.read(), 'theirs\n');
  assert.deepEqual(await readdir(folder), ['routes.yaml']);
});

test('a file without leave to write is not replaced, although its folder would allow it', async (context) => {
  const { file, folder, path } = await place(context);
  await chmod(folder, 0o777);
  await chmod(path, 0o444);
  const { writable, detail } = await asNobody(() => file.writable());
  assert.equal(writable, false);
  assert.match(detail, /may not be written; give the user of this process leave/);
  assert.deepEqual(await readdir(folder), ['routes.yaml']);
});

test('a folder without leave to write is found out before anything is changed', async (context) => {
  const { file, folder, path } = await place(context);
  await chmod(path, 0o666);
  await chmod(folder, 0o555);
  const staging = await asNobody(() => file.stage('new\n'));
  assert.ok(!staging.ok);
  assert.match(staging.reason, /its folder may not be written/);
  await chmod(folder, 0o755);
  assert.deepEqual(await readdir(folder), ['routes.yaml']);
});

test('a file that can be written says so, and is as it was after the question', async (context) => {
  const { file, folder } = await place(context);
  assert.deepEqual(await file.writable(), { writable: true, detail: '' });
  assert.deepEqual(await readdir(folder), ['routes.yaml']);
  assert.equal(await file.read(), 'old\n');
});

test('a disk without room for an edit is found out when it is asked for', async (context) => {
  const { file, path, folder } = await place(context);
  const handle = await open(path);
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const { writeFile: real } = prototype;
  context.after(() => {
    prototype.writeFile = real;
  });
  // A file of no bytes takes no room.
  prototype.writeFile = async (text: string) => {
    if (text.length > 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  const detail = `no space is left on the device of ${path}`;
  assert.deepEqual(await file.writable(), { writable: false, detail });
  assert.deepEqual(await readdir(folder), ['routes.yaml']);
});

test('several may ask at once, while an edit is on its way', async (context) => {
  const { file, path, folder } = await place(context);
  const { drop } = await staged(file, 'new\n');
  const answers = await Promise.all(Array.from({ length: 20 }, () => new DocumentFile(path).writable()));
  assert.deepEqual(new Set(answers.map(({ detail }) => detail)), new Set(['']));
  await drop();
  assert.deepEqual(await readdir(folder), ['routes.yaml']);
});

test('a file that was not there is read by its owner alone', async (context) => {
  const { folder } = await place(context);
  const path = join(folder, 'edits.json');
  const { commit } = await staged(new DocumentFile(path), 'secret\n');
  assert.deepEqual(await commit(), { ok: true });
  assert.equal((await stat(path)).mode & 0o7777, 0o600);
});

test('sweeping takes what dead processes left, and nothing of living ones or of others', async (context) => {
  const { file, folder } = await place(context);
  const { drop } = await staged(file, 'new\n');
  const [own] = await readdir(folder);
  const dead = 2 ** 22 + 1;
  const living = process.ppid;
  const stay = [`.routes.yaml.${living}-1.tmp`, `.other.yaml.${dead}-1.tmp`, '.routes.yaml.bak'];
  const go = [`.routes.yaml.${dead}-1.tmp`, `.routes.yaml.${process.pid}-999.tmp`];
  for (const name of [...stay, ...go]) await writeFile(join(folder, name), '');
  await file.sweep();
  assert.match(own, /^\.routes\.yaml\.\d+-\d+\.tmp$/);
  assert.deepEqual((await readdir(folder)).sort(), [...stay, own, 'routes.yaml'].sort());
  await drop();
});

test('a text that is not UTF-8 is not read as if it were', async (context) => {
  const { file, path } = await place(context);
  await writeFile(path, Buffer.from([0x61, 0xff]));
  await assert.rejects(() => file.read());
});
