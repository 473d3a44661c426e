/**
 * The audit log as those see it who decide and those who ask: what is remembered, for how long, and what is said when the
 * folder cannot be had.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditFile, type Kept } from '../../../src/control/audit-file.ts';
import { cutOf } from '../../../src/control/audit-prune.ts';
import { auditFolder, DAY, entryOf, linesOf, openAudit } from '../../support/audit.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

test('what was decided is there again after a restart, newest first', async (t) => {
  const folder = await auditFolder(t);
  const first = await openAudit(t, folder);
  await first.audit.append(entryOf('a'));
  await first.audit.append(entryOf('b', { parent: 'a', author: 'bob' }));
  const problem = { result: 'refused', detail: '1:1 no', words: [], patch: [], text: 'oops' } as const;
  await first.audit.append(entryOf('', { parent: 'b', ...problem }));
  const told = await first.audit.list({ limit: 10 });
  await first.audit.close();

  const { audit, lines } = await openAudit(t, folder);
  assert.deepEqual(await audit.list({ limit: 10 }), told);
  assert.deepEqual(audit.state(), { intact: true, records: 3, detail: '' });
  assert.deepEqual(lines, []);
  assert.equal(told.total, 3);
  assert.deepEqual(
    told.items.map(({ number, revision, author, result }) => [number, revision, author, result]),
    [
      [3, '', 'ann', 'refused'],
      [2, 'b', 'bob', 'applied'],
      [1, 'a', 'ann', 'applied'],
    ],
  );
  const { text, ...said } = entryOf('b', { parent: 'a', author: 'bob' });
  const at = first.clock.wall();
  const document = sha('# b\n');
  assert.equal(text, '# b\n');
  assert.deepEqual(await audit.find('b'), { ...said, number: 2, at, document, patchOmitted: false, restorable: true });
  assert.equal(await audit.find('c'), undefined);
  assert.equal(await audit.find(''), undefined);
});

test('a list goes on before the last number of the one before', async (t) => {
  const { audit } = await openAudit(t, await auditFolder(t));
  for (let i = 1; i <= 5; i++) await audit.append(entryOf(`r${i}`));
  const numbers = async (query: { limit: number; before?: number }) =>
    (await audit.list(query)).items.map(({ number }) => number);
  assert.deepEqual(await numbers({ limit: 2 }), [5, 4]);
  assert.deepEqual(await numbers({ limit: 2, before: 4 }), [3, 2]);
  assert.deepEqual(await numbers({ limit: 2, before: 2 }), [1]);
});

test('records are chained, and anybody can check it', async (t) => {
  const folder = await auditFolder(t);
  const { audit } = await openAudit(t, folder);
  await audit.append(entryOf('a', { reason: 'naïve “quotes” \u2028 \ud83d\ude80' }));
  await audit.append(entryOf('b'));
  let previous = '';
  for (const line of await linesOf(folder)) {
    const { hash, ...record } = JSON.parse(line);
    const sorted = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(sorted)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .sort()
                .map(([key, part]) => [key, sorted(part)]),
            )
          : value;
    assert.equal(hash, sha(JSON.stringify(sorted(record))));
    assert.equal(record.previous, previous);
    previous = sha(line);
  }
});

test('a text comes back byte for byte, is kept once, and is not handed out when it was changed', async (t) => {
  const folder = await auditFolder(t);
  const { audit, lines } = await openAudit(t, folder);
  const text = '\ufeffroutes: {}\r\n# \u0000 \ud83d\ude80 tail without a line break';
  await audit.append(entryOf('a', { text }));
  await audit.append(entryOf('a', { text }));
  await audit.append(entryOf('b', { text: undefined }));
  assert.equal(await audit.textOf('a'), text);
  assert.equal(await audit.textOf('b'), undefined);
  assert.equal((await audit.find('b'))?.restorable, false);
  assert.deepEqual(await readdir(join(folder, 'documents')), [`${sha(text)}.yaml`]);

  await writeFile(join(folder, 'documents', `${sha(text)}.yaml`), 'routes: { evil: {} }');
  assert.equal(await audit.textOf('a'), undefined);
  assert.deepEqual(lines, ['error the text of a revision is gone, or is not what it was']);
  assert.equal((await audit.find('a'))?.restorable, false);
  await audit.append(entryOf('a', { text }));
  assert.equal(await audit.textOf('a'), text);
});

test('what left a document as it was is listed, and never found in place of the document', async (t) => {
  const folder = await auditFolder(t);
  const { audit } = await openAudit(t, folder);
  const order = { parent: 'a', text: undefined, words: ['upstream cart isolated'], patch: [] };
  await audit.append(entryOf('a'));
  await audit.append(entryOf('a', order));
  await audit.close();
  // The lock is taken, so that the second waits in memory.
  const holder = await openAudit(t, folder);
  const { audit: waits } = await openAudit(t, folder);
  await waits.append(entryOf('b', { parent: 'a' }));
  await waits.append(entryOf('b', { ...order, parent: 'b' }));
  const numbers = async (one: typeof audit, revision: string) => [
    (await one.find(revision))?.number,
    await one.textOf(revision),
    (await one.list({ limit: 9 })).items.map(({ number, restorable }) => [number, restorable]),
  ];
  const found = [
    [2, false],
    [1, true],
  ];
  assert.deepEqual(await numbers(holder.audit, 'a'), [1, '# a\n', found]);
  assert.deepEqual(await numbers(waits, 'b'), [1, '# b\n', found]);
  assert.deepEqual(holder.audit.state(), { intact: true, records: 2, detail: '' });
});

test('only the owner can read what is kept', async (t) => {
  const folder = await auditFolder(t);
  const { audit } = await openAudit(t, folder);
  await audit.append(entryOf('a'));
  const mode = async (path: string) => ((await stat(join(folder, path))).mode & 0o777).toString(8);
  assert.equal(await mode('.'), '700');
  assert.equal(await mode('documents'), '700');
  for (const path of ['audit.jsonl', 'lock', join('documents', `${sha('# a\n')}.yaml`)])
    assert.equal(await mode(path), '600', path);
});

test('a long patch is left out, and what people write has an end', async (t) => {
  const { audit } = await openAudit(t, await auditFolder(t));
  const patch = [{ op: 'add', path: '/a', value: 'x'.repeat(65_536) }] as const;
  await audit.append(entryOf('a', { patch, reason: 'r'.repeat(100_000), words: Array(1000).fill('w') }));
  const record = await audit.find('a');
  assert.deepEqual([record?.patch, record?.patchOmitted], [[], true]);
  assert.ok((record?.reason.length ?? 0) < 5000 && (record?.words.length ?? 0) < 200);
});

test('steps that are asked for at once are taken one after the other', async (t) => {
  const folder = await auditFolder(t);
  const { audit } = await openAudit(t, folder);
  await Promise.all(Array.from({ length: 20 }, (_, i) => audit.append(entryOf(`r${i}`))));
  const { items } = await audit.list({ limit: 100 });
  assert.deepEqual(
    items.map(({ revision }) => revision),
    Array.from({ length: 20 }, (_, i) => `r${19 - i}`),
  );
  const file = await AuditFile.open(join(folder, 'audit.jsonl'));
  t.after(() => file.close());
  assert.deepEqual([file.kept.length, file.flaws], [20, []]);
});

test('no more records than the limit are kept, and the chain has a beginning all the same', async (t) => {
  const folder = await auditFolder(t);
  const limits = { count: 20, age: 90 * DAY };
  const { audit } = await openAudit(t, folder, limits);
  for (let i = 1; i <= 50; i++) {
    await audit.append(entryOf(`r${i}`));
    assert.ok(audit.state().records <= 20);
  }
  const before = await audit.list({ limit: 100 });
  assert.equal(before.items[0].number, 50);
  assert.ok(before.total >= 18);
  const documents = await readdir(join(folder, 'documents'));
  assert.equal(documents.length, before.total);
  await audit.close();

  const mark = JSON.parse((await linesOf(folder))[0]);
  const oldest = before.items[before.items.length - 1];
  assert.deepEqual([mark.kind, mark.number, mark.count], ['pruned', oldest.number - 1, oldest.number - 1]);
  const again = await openAudit(t, folder, limits);
  assert.deepEqual(again.audit.state(), { intact: true, records: before.total, detail: '' });
  assert.deepEqual(await again.audit.list({ limit: 100 }), before);
  for (const { revision } of before.items) assert.equal(await again.audit.textOf(revision), `# ${revision}\n`);
  await again.audit.append(entryOf('r51'));
  assert.equal((await again.audit.find('r51'))?.number, 51);
});

test('a text stays as long as any record that is kept names it', async (t) => {
  const folder = await auditFolder(t);
  const { audit } = await openAudit(t, folder, { count: 3, age: 90 * DAY });
  for (const text of ['one', 'two', 'three', 'one', 'four', 'one']) await audit.append(entryOf(text, { text }));
  assert.equal(await audit.textOf('one'), 'one');
  assert.equal(await audit.textOf('two'), undefined);
  assert.deepEqual(
    (await readdir(join(folder, 'documents'))).sort(),
    [sha('four'), sha('one')].map((hash) => `${hash}.yaml`).sort(),
  );
});

test('orders about circuits and refusals push out no document', async (t) => {
  const { audit } = await openAudit(t, await auditFolder(t), { count: 5, age: 90 * DAY });
  for (const revision of ['a', 'b', 'c']) await audit.append(entryOf(revision));
  for (let i = 0; i < 20; i++) {
    await audit.append(entryOf('c', { parent: 'c', source: 'circuit', text: undefined }));
    await audit.append(entryOf('', { parent: 'c', result: 'refused', text: undefined }));
  }
  const { items } = await audit.list({ limit: 100 });
  assert.deepEqual([items.length, items.at(-1)?.revision], [43, 'a']);
  for (const revision of ['a', 'b', 'c']) assert.equal((await audit.find(revision))?.restorable, true);
});

test('of a log full of orders and refusals the oldest go, but the running document and its parent stay', () => {
  const record = (number: number, revision: string, beside: boolean): Kept => {
    const texts = { document: revision, parent: '', replaced: '', before: '' };
    return { number, at: 0, revision, beside, ...texts, offset: 0, length: 1 };
  };
  const orders = (count: number) => Array.from({ length: count }, (_, i) => record(i, i % 2 ? '' : 'o', i % 2 === 0));
  const documents = ['a', 'b', 'c'].map((revision, i) => record(i, revision, false));
  const cut = (kept: Kept[], count: number) => cutOf(kept, { size: 0, sizeOf: () => 0 }, count, -1);
  assert.equal(cut([...documents, ...orders(10_000)], 3), 0);
  assert.equal(cut([...documents, ...orders(10_001)], 3), 1, 'the parent of the running one is the first');
  assert.equal(cut([...documents, ...orders(10)], 1), 1);
  assert.equal(cut([...orders(10_001), ...documents], 3), 1001);
  assert.equal(cut([...orders(7), ...documents], 2), 8, 'what stands before a document goes with those before it');
  assert.equal(cut([...documents, ...orders(100_001)], 3), 3 + 10_001);
  assert.equal(cut(orders(3), 1), 0);
});

test('what grew old goes, but never the newest record', async (t) => {
  const folder = await auditFolder(t);
  const { audit, clock } = await openAudit(t, folder);
  const refused = (detail: string) => entryOf('', { result: 'refused', detail, text: undefined });
  await audit.append(refused('a'));
  clock.advance(60 * DAY);
  await audit.append(refused('b'));
  clock.advance(31 * DAY);
  await audit.append(refused('c'));
  const kept = async () => (await audit.list({ limit: 10 })).items.map(({ detail }) => detail);
  assert.deepEqual(await kept(), ['c', 'b']);
  clock.advance(1000 * DAY);
  await audit.setLimits({ count: 10, age: 90 * DAY });
  assert.deepEqual(await kept(), ['c']);
});

test('a document grows old once another one has taken its place, so that there is a way back from the first change in years', async (t) => {
  const folder = await auditFolder(t);
  const { audit, clock } = await openAudit(t, folder);
  for (const revision of ['a', 'b']) await audit.append(entryOf(revision));
  clock.advance(1000 * DAY);
  await audit.append(entryOf('b', { parent: 'b', text: undefined }));
  await audit.append(entryOf('', { parent: 'b', result: 'refused', text: undefined }));
  await audit.append(entryOf('c', { parent: 'b' }));
  const kept = async () => (await audit.list({ limit: 10 })).items.map(({ revision }) => revision);
  assert.deepEqual(await kept(), ['c', '', 'b', 'b']);
  assert.deepEqual([await audit.textOf('b'), await audit.textOf('a')], ['# b\n', undefined]);
  clock.advance(91 * DAY);
  await audit.append(entryOf('d', { parent: 'c' }));
  assert.deepEqual(await kept(), ['d', 'c']);
  assert.equal(await audit.textOf('b'), undefined);
});

test('other limits count at once', async (t) => {
  const { audit } = await openAudit(t, await auditFolder(t));
  for (let i = 1; i <= 10; i++) await audit.append(entryOf(`r${i}`));
  await audit.setLimits({ count: 4, age: 90 * DAY });
  assert.deepEqual(audit.state(), { intact: true, records: 4, detail: '' });
});

test('a second router on the folder remembers in memory, and takes the folder when the first has gone', async (t) => {
  const folder = await auditFolder(t);
  const first = await openAudit(t, folder);
  await first.audit.append(entryOf('a'));
  const second = await openAudit(t, folder);
  await second.audit.append(entryOf('b'));
  assert.deepEqual(second.lines, ['warn revisions are kept in memory only; it is tried again']);
  assert.match(second.audit.state().detail, /^revisions are kept in memory only: .*another router uses it/);
  assert.equal(second.audit.state().intact, true);
  assert.equal((await second.audit.list({ limit: 9 })).items[0].revision, 'b');
  assert.equal(await second.audit.textOf('b'), '# b\n');
  assert.equal(await second.audit.textOf('a'), undefined);

  await second.alarms.run(30_000);
  await first.audit.append(entryOf('c'));
  await first.audit.close();
  await second.alarms.run(10_000);
  const { items } = await second.audit.list({ limit: 9 });
  assert.deepEqual(
    items.map(({ number, revision }) => [number, revision]),
    [
      [3, 'b'],
      [2, 'c'],
      [1, 'a'],
    ],
  );
  assert.deepEqual(second.audit.state(), { intact: true, records: 3, detail: '' });
  assert.equal(second.lines.length, 2);
  assert.equal(second.lines[1], 'info revisions are written again');
});

test('another process does not get the folder either', async (t) => {
  const folder = await auditFolder(t);
  const { audit } = await openAudit(t, folder);
  const program = `
    const { Audit } = await import(${JSON.stringify(new URL('../../../src/control/audit.ts', import.meta.url).href)});
    const { systemClock: clock } = await import(${JSON.stringify(new URL('../../../src/core/clock.ts', import.meta.url).href)});
    const audit = await Audit.open({ folder: process.argv[1], clock, log: () => {}, limits: { count: 9, age: 1e9 } });
    console.log(audit.state().detail);
    await audit.close();`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program, folder], {
    encoding: 'utf8',
  });
  assert.match(stdout, /another router uses it/, stderr);
  await audit.append(entryOf('a'));
  assert.equal(audit.state().detail, '');
});

test('a folder that cannot be made leaves a memory, and is taken when it can', async (t) => {
  const folder = await auditFolder(t);
  await writeFile(folder, 'in the way');
  const { audit, alarms, lines } = await openAudit(t, folder);
  assert.equal(lines.length, 1);
  for (let i = 1; i <= 150; i++) await audit.append(entryOf(`r${i}`));
  assert.equal(lines.length, 1);
  const state = audit.state();
  assert.equal(state.records, 100);
  assert.match(
    state.detail,
    /^revisions are kept in memory only: the state folder .*EEXIST.*; 50 records could not be kept$/,
  );
  await rm(folder);
  await alarms.run(10_000);
  assert.equal((await audit.list({ limit: 1 })).total, 100);
  assert.deepEqual(audit.state(), { intact: true, records: 100, detail: '50 records could not be kept' });
  assert.equal((await linesOf(folder)).length, 100);
  assert.equal(await audit.textOf('r150'), '# r150\n');
});

test('what cannot be written waits, in order, until it can', async (t) => {
  const folder = await auditFolder(t);
  const { audit, alarms, lines } = await openAudit(t, folder);
  await audit.append(entryOf('a'));
  const documents = join(folder, 'documents');
  await rename(documents, `${documents}.away`);
  await writeFile(documents, '');
  await audit.append(entryOf('b'));
  await audit.append(entryOf('c'));
  assert.deepEqual(lines, ['warn not all revisions are written; it is tried again']);
  assert.match(audit.state().detail, /ENOTDIR/);
  assert.equal(audit.state().records, 3);
  assert.equal((await audit.find('c'))?.number, 3);
  assert.equal(await audit.textOf('c'), '# c\n');
  await rm(documents);
  await rename(`${documents}.away`, documents);
  await alarms.run(10_000);
  assert.equal((await audit.list({ limit: 1 })).total, 3);
  assert.deepEqual(audit.state(), { intact: true, records: 3, detail: '' });
  assert.equal((await linesOf(folder)).length, 3);
});

test('a disk that is full in the middle of a line costs nothing', async (t) => {
  const folder = await auditFolder(t);
  const { audit, alarms } = await openAudit(t, folder);
  await audit.append(entryOf('a'));
  const probe = await AuditFile.open(join(folder, 'probe'));
  const handle = Object.getPrototypeOf(Reflect.get(probe, 'handle'));
  await probe.close();
  const { write } = handle;
  t.after(() => {
    handle.write = write;
  });
  handle.write = async function (bytes: Buffer, start: number, length: number, position: number) {
    await write.call(this, bytes, start, length >> 1, position);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  await audit.append(entryOf('b', { text: undefined }));
  assert.match(audit.state().detail, /ENOSPC/);
  handle.write = write;
  await audit.append(entryOf('c'));
  assert.deepEqual(audit.state(), { intact: true, records: 3, detail: '' });
  assert.equal(alarms.pending, 0);
  await audit.close();
  const again = await openAudit(t, folder);
  assert.deepEqual(again.audit.state(), { intact: true, records: 3, detail: '' });
});

test('a log that somebody moves aside is written to no more', async (t) => {
  const folder = await auditFolder(t);
  const { audit, lines } = await openAudit(t, folder);
  await audit.append(entryOf('a'));
  const path = join(folder, 'audit.jsonl');
  await rename(path, `${path}.1`);
  await audit.append(entryOf('b'));
  const [kept, aside] = await Promise.all([path, `${path}.1`].map((one) => readFile(one, 'utf8')));
  assert.match(kept, /"revision":"b"/);
  assert.doesNotMatch(aside, /"revision":"b"/);
  assert.match(lines.join(), /^warn the audit log was taken away while the router ran/);
});

test('a log that somebody takes away is begun anew, and a folder made again', async (t) => {
  const folder = await auditFolder(t);
  const { audit, lines } = await openAudit(t, folder);
  await audit.append(entryOf('a'));
  await rm(join(folder, 'audit.jsonl'));
  await audit.append(entryOf('b'));
  assert.deepEqual(audit.state(), { intact: true, records: 1, detail: '' });
  await rm(folder, { recursive: true });
  await audit.append(entryOf('c'));
  assert.deepEqual(audit.state(), { intact: true, records: 1, detail: '' });
  assert.equal(await audit.textOf('c'), '# c\n');
  assert.deepEqual(new Set(lines.map((line) => line.slice(0, 34))), new Set(['warn the audit log was taken away ']));
  assert.equal(lines.length, 2);
});
