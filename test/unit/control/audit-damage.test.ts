/**
 * What becomes of an audit log when a crash cuts it short, a disk or a hand changes it, or the router is killed over it.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AuditFile } from '../../../src/control/audit-file.ts';
import { auditFolder, entryOf, LIMITS, linesOf, openAudit } from '../../support/audit.ts';
import { seededDraw } from '../../support/draw.ts';

/** The bytes of a log of some records, and a file to damage copies in. */
async function written(t: TestContext, count: number, limits = LIMITS): Promise<{ bytes: Buffer; path: string }> {
  const folder = await auditFolder(t);
  const { audit } = await openAudit(t, folder, limits);
  for (let i = 1; i <= count; i++) await audit.append(entryOf(`r${i}`));
  await audit.close();
  return { bytes: await readFile(join(folder, 'audit.jsonl')), path: join(folder, 'copy.jsonl') };
}

async function reading(path: string, bytes: Buffer) {
  await writeFile(path, bytes);
  const file = await AuditFile.open(path);
  const { kept, flaws, torn, next } = file;
  await file.close();
  return { numbers: kept.map(({ number }) => number), flaws, torn, next };
}

test('a record that was cut at any byte is cut off, and the ones before stay', async (t) => {
  const { bytes, path } = await written(t, 3);
  const start = bytes.lastIndexOf(10, bytes.length - 2) + 1;
  for (let length = start; length < bytes.length; length++) {
    const { numbers, flaws, torn, next } = await reading(path, bytes.subarray(0, length));
    // All but the line break is a record.
    const whole = length === bytes.length - 1;
    assert.deepEqual([numbers, flaws, next], [whole ? [1, 2, 3] : [1, 2], [], whole ? 4 : 3], `${length}`);
    assert.equal(torn, whole ? 0 : length - start);
    assert.deepEqual(await readFile(path), bytes.subarray(0, whole ? bytes.length : start));
  }
});

test('a cut record is said in the log, and the next one takes its number', async (t) => {
  const folder = await auditFolder(t);
  const first = await openAudit(t, folder);
  await first.audit.append(entryOf('a'));
  await first.audit.close();
  await appendFile(join(folder, 'audit.jsonl'), '{"at":17');
  const { audit, lines } = await openAudit(t, folder);
  assert.deepEqual(lines, ['warn the audit log ended in the middle of a record, which is cut off']);
  await audit.append(entryOf('b'));
  assert.equal((await audit.find('b'))?.number, 2);
  assert.deepEqual(audit.state(), { intact: true, records: 2, detail: '' });
  assert.equal((await linesOf(folder)).length, 2);
});

test('a byte that is another one anywhere is found out, also behind a pruned beginning', async (t) => {
  for (const limits of [LIMITS, { count: 2, age: LIMITS.age }]) {
    const { bytes, path } = await written(t, 3, limits);
    for (let at = 0; at < bytes.length; at++) {
      const copy = Buffer.from(bytes);
      copy[at] ^= 1 << (at % 8);
      const { flaws } = await reading(path, copy);
      assert.ok(flaws.length >= 1, `byte ${at} of ${bytes.length}`);
    }
  }
});

test('a line that is gone, put in, doubled or moved is found out', async (t) => {
  const { bytes, path } = await written(t, 4);
  const lines = bytes.toString().split('\n').slice(0, -1);
  const [one, two, three, four] = lines;
  for (const others of [
    [two, three, four],
    [one, three, four],
    [one, two, two, three, four],
    [one, three, two, four],
    [one, '{}', two, three, four],
    [one, '', two, three, four],
    [one, two, three, four, one],
  ]) {
    const { flaws } = await reading(path, Buffer.from(`${others.join('\n')}\n`));
    assert.ok(flaws.length >= 1, others.map((line) => lines.indexOf(line) + 1).join(' '));
  }
});

test('a broken chain is reported with its record, and stops nothing', async (t) => {
  const folder = await auditFolder(t);
  const first = await openAudit(t, folder);
  for (const revision of ['a', 'b', 'c']) await first.audit.append(entryOf(revision));
  await first.audit.close();
  const path = join(folder, 'audit.jsonl');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"revision":"b"', '"revision":"x"'));

  const second = await openAudit(t, folder);
  assert.deepEqual(second.lines, ['error the audit log is not what was written']);
  const { intact, records, detail } = second.audit.state();
  assert.deepEqual([intact, records], [false, 3]);
  assert.match(detail, /^record 2 in .*audit\.jsonl \(at byte \d+\) is not what was written$/);
  await second.audit.append(entryOf('d'));
  assert.equal((await second.audit.find('d'))?.number, 4);
  await second.audit.close();

  const { flaws, kept } = await AuditFile.open(path).then(async (file) => {
    await file.close();
    return file;
  });
  assert.equal(kept.length, 4);
  assert.deepEqual(
    flaws.map(({ detail }) => detail),
    [detail],
  );
});

test('a log of nothing that was ever written is added to all the same', async (t) => {
  for (const text of ['\n\n\n', 'hello\nworld\n', '{"number":7,"at":1}\n', '[]\nnull\n', '\0'.repeat(5000)]) {
    const folder = await auditFolder(t);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'audit.jsonl'), text);
    const { audit } = await openAudit(t, folder);
    assert.equal(audit.state().intact, !text.includes('\n'));
    await audit.append(entryOf('a'));
    assert.equal((await audit.find('a'))?.revision, 'a');
  }
});

test('what lies at the end and is no beginning of a record stays where it is, and is reported', async (t) => {
  const { bytes, path } = await written(t, 3);
  const joined = Buffer.from(bytes.toString().replaceAll('\n', ''));
  const torn = joined.subarray(0, -20);
  for (const end of [joined, torn, Buffer.alloc(100_000, 0xfe), Buffer.from('routes: {}')]) {
    const { numbers, flaws, torn } = await reading(path, end);
    assert.deepEqual([numbers, flaws.length, torn], [[], 1, 0]);
    assert.deepEqual(await readFile(path), Buffer.concat([end, Buffer.of(10)]));
  }
  const zeros = Buffer.concat([bytes, Buffer.from('{"at":17'), Buffer.alloc(4096)]);
  assert.deepEqual((await reading(path, zeros)).flaws, []);
  assert.deepEqual(await readFile(path), bytes);
});

test('a record that was changed so that it cannot be told is passed over, and takes no number from those behind it', async (t) => {
  for (const [from, to] of [
    ['"at":', '"at":9007199254740'],
    ['"number":2', '"number":0'],
    ['"number":2', '"number":9007199254740991'],
    ['"op":"replace"', '"op":"move"'],
    ['"patch":[', '"patch":[null,'],
    ['"words":[', '"words":[1,'],
  ]) {
    const folder = await auditFolder(t);
    const first = await openAudit(t, folder);
    for (const revision of ['a', 'b']) await first.audit.append(entryOf(revision));
    await first.audit.close();
    const [one, two] = await linesOf(folder);
    assert.ok(two.includes(from));
    await writeFile(join(folder, 'audit.jsonl'), `${one}\n${two.replace(from, to)}\n`);

    const second = await openAudit(t, folder);
    await second.audit.append(entryOf('c'));
    await second.audit.close();
    const { audit } = await openAudit(t, folder);
    const { items } = await audit.list({ limit: 10 });
    const told = items.map(({ revision }) => revision).filter((revision) => revision !== 'b');
    assert.deepEqual([told, (await audit.find('c'))?.number], [['c', 'a'], 3], to);
    for (const { at, patch, words } of items)
      assert.ok(new Date(at).toISOString() && words.every(String) && patch.every(({ op }) => op === 'replace'), to);
  }
});

test('what is no text among the texts keeps nobody from those that are', async (t) => {
  const folder = await auditFolder(t);
  const first = await openAudit(t, folder);
  await first.audit.append(entryOf('a'));
  await first.audit.close();
  const documents = join(folder, 'documents');
  await symlink('/nowhere', join(documents, `${'1'.repeat(64)}.yaml`));
  await mkdir(join(documents, `${'2'.repeat(64)}.yaml`));
  await mkdir(join(documents, 'mine.tmp'));
  const { audit, lines } = await openAudit(t, folder);
  assert.deepEqual([audit.state().detail, lines], ['', []]);
  assert.equal(await audit.textOf('a'), '# a\n');
});

test('a lock that is no lock is named, with what to do', async (t) => {
  const folder = await auditFolder(t);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'lock'), 'somebody wrote this'.repeat(1000));
  const { audit } = await openAudit(t, folder);
  assert.match(audit.state().detail, /\/lock cannot be locked: file is not a database; remove it while no router runs/);
});

test('texts that a line could name which cannot be read are not cleared away', async (t) => {
  const folder = await auditFolder(t);
  const first = await openAudit(t, folder);
  for (const revision of ['a', 'b', 'c', 'd']) await first.audit.append(entryOf(revision));
  await first.audit.close();
  const path = join(folder, 'audit.jsonl');
  await writeFile(path, (await readFile(path, 'utf8')).replace('{"at"', '{at"'));
  const { audit } = await openAudit(t, folder, { count: 1, age: LIMITS.age });
  assert.equal(audit.state().records, 2);
  assert.equal((await readdir(join(folder, 'documents'))).length, 4);
});

test('what a failed write left is not in the way of a shorter record', async (t) => {
  const { bytes, path } = await written(t, 1);
  await writeFile(path, bytes);
  const file = await AuditFile.open(path);
  const handle = Object.getPrototypeOf(Reflect.get(file, 'handle'));
  const { datasync } = handle;
  t.after(() => {
    handle.datasync = datasync;
  });
  handle.datasync = () => Promise.reject(new Error('EIO'));
  const { text: _, ...content } = entryOf('b');
  const record = { ...content, at: 1, patchOmitted: false, document: '' };
  await assert.rejects(file.append({ ...record, reason: 'long'.repeat(100) }), /EIO/);
  handle.datasync = datasync;
  await file.append(record);
  await file.close();
  const { numbers, flaws, torn } = await reading(path, await readFile(path));
  assert.deepEqual([numbers, flaws, torn], [[1, 2], [], 0]);
});

/** Runs the program that appends, kills it after it has printed so many lines and a little more; what it printed. */
async function killedAfter(folder: string, count: number, records: number, pause: number): Promise<string[]> {
  const program = new URL('../../support/appending.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, folder, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  const ended = new Promise((resolve) => child.once('close', resolve));
  for await (const piece of child.stdout) {
    out += piece;
    if (out.split('\n').length <= records || child.killed) continue;
    // Some hundred microseconds more or less, so that each death falls into another step.
    const until = performance.now() + pause;
    while (performance.now() < until);
    child.kill('SIGKILL');
  }
  await ended;
  return out.split('\n').slice(0, -1);
}

test('a router that is killed in the middle leaves a log that is whole, with every text it names', async (t) => {
  const folder = await auditFolder(t);
  const draw = seededDraw(7);
  let last = 0;
  for (let round = 0; round < 50; round++) {
    const told = await killedAfter(folder, 40, 3 + (round % 20), draw.chance() * 4);
    const { audit, lines } = await openAudit(t, folder, { count: 40, age: 1e12 });
    assert.equal(audit.state().intact, true, audit.state().detail);
    assert.ok(
      lines.every((line) => line.startsWith('warn the audit log ended in the middle')),
      lines.join(),
    );
    const { items } = await audit.list({ limit: 100 });
    const revisions = items.map(({ revision }) => revision);
    // What it was told stands does, as far back as records are kept.
    for (const revision of told.slice(-30)) assert.ok(revisions.includes(revision), revision);
    for (const revision of revisions)
      assert.match((await audit.textOf(revision)) ?? 'none', new RegExp(`^# ${revision}\n`));
    assert.ok(items[0].number > last);
    last = items[0].number;
    await audit.close();
  }
});
