/**
 * When a router writes into a state folder: not before the folder is its own, and then what waited.
 */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Audit } from '../../../src/control/audit.ts';
import { Claim } from '../../../src/control/claim.ts';
import { KeptEdits } from '../../../src/control/kept-edits.ts';
import { ListFile } from '../../../src/control/list-file.ts';
import { auditFolder, LIMITS, openAudit } from '../../support/audit.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';
import { until } from '../../support/wait.ts';

test('a list is written once the folder is the router’s, as it is by then, and another router’s is left alone', async (t) => {
  const path = join(await auditFolder(t), 'list.json');
  const lines: string[] = [];
  const claim = new Claim();
  const isEntry = (value: unknown): value is string => typeof value === 'string';
  const list = new ListFile(path, { key: 'list', name: 'lists', isEntry }, (level) => void lines.push(level), claim);
  const stored = () => readFile(path, 'utf8').catch(() => '');
  await list.save(['a']);
  assert.deepEqual([await stored(), lines], ['', []]);
  claim.settle(false);
  await list.save(['a', 'b']);
  await list.save(['a', 'b', 'c']);
  assert.deepEqual([await stored(), lines], ['', ['warn']]);
  claim.settle(true);
  // Behind what waited.
  await list.save(['a', 'b', 'c', 'd']);
  assert.deepEqual(
    [await list.load(), lines],
    [
      ['a', 'b', 'c', 'd'],
      ['warn', 'info'],
    ],
  );
});

test('what waited is written when the folder becomes the router’s, without a further word', async (t) => {
  const path = join(await auditFolder(t), 'list.json');
  const claim = new Claim();
  const isEntry = (value: unknown): value is string => typeof value === 'string';
  const list = new ListFile(path, { key: 'list', name: 'lists', isEntry }, () => {}, claim);
  await list.save(['a']);
  claim.settle(true);
  await until('it to be written', async () => (await list.load()).length === 1);
});

test('the audit log says whose the folder is: another router’s that runs, or this one’s', async (t) => {
  const folder = await auditFolder(t);
  const first = await openAudit(t, folder);
  const clock = new FakeClock();
  const alarms = new FakeAlarms(clock);
  const told: boolean[] = [];
  const claimed = (ours: boolean) => void told.push(ours);
  const second = await Audit.open({ folder, clock, log: () => {}, limits: LIMITS, alarms, claimed });
  t.after(() => second.close());
  assert.deepEqual(told, [false]);
  await first.audit.close();
  await alarms.run(10_000);
  await second.list({ limit: 1 });
  assert.deepEqual(told, [false, true]);
  const odd = await Audit.open({ folder: '/dev/null/x', clock, log: () => {}, limits: LIMITS, alarms, claimed });
  await odd.close();
  assert.equal(told[2], true);
});

test('edits kept beside the file are written anew once the folder is the router’s, and not before', async (t) => {
  const store = join(dirname(await auditFolder(t)), 'edits.json');
  const [file, edited] = ['workers: 1\n', 'workers: 1\ndrain: { limit: 1s }\n'];
  await writeFile(store, JSON.stringify({ file, edited }));
  const claim = new Claim();
  const kept = await KeptEdits.open(file, { store, log: () => {}, claim, path: 'routes.yaml', env: {} });
  const stored = async (): Promise<{ file: string; edited: string }> => JSON.parse(await readFile(store, 'utf8'));
  const newer = 'workers: 2\n';
  assert.equal(kept.rebase(newer).text, `${newer}drain: { limit: 1s }\n`);
  await kept.settle();
  assert.deepEqual(await stored(), { file, edited });
  claim.settle(false);
  await kept.written();
  assert.deepEqual(await stored(), { file, edited });
  claim.settle(true);
  await kept.written();
  assert.deepEqual(await stored(), { file: newer, edited: `${newer}drain: { limit: 1s }\n` });
});

test('edits that the environment has broken stay where they are kept, until there are others', async (t) => {
  const store = join(dirname(await auditFolder(t)), 'edits.json');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.
  const [file, edited] = ['workers: 1\n', 'workers: 1\ndrain: { limit: "${LIMIT}" }\n'];
  const text = JSON.stringify({ file, edited });
  await writeFile(store, text);
  const claim = new Claim();
  const said: unknown[] = [];
  const log = (_level: string, fields: { parts?: unknown }) => void said.push(fields.parts);
  const kept = await KeptEdits.open(file, { store, log, claim, path: 'routes.yaml', env: {} });
  assert.equal(kept.rebase(file).text, file);
  await kept.settle();
  claim.settle(true);
  await kept.written();
  assert.deepEqual([said, await readFile(store, 'utf8')], [[['/drain']], text]);
});
