/**
 * An edit on its way and somebody who has the file read: whichever comes first, what runs is what the file says.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Checks } from '../../../src/control/checks.ts';
import { Control } from '../../../src/control/control.ts';
import { DocumentFile } from '../../../src/control/document-file.ts';
import { type EditOrder, Edits } from '../../../src/control/edits.ts';
import { FromFile } from '../../../src/control/from-file.ts';
import { fileKeeper } from '../../../src/control/keeper.ts';
import { BlockLedger } from '../../../src/core/ledger.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { FakeClock } from '../../support/clock.ts';

const FILE = `upstreams: { cart: { endpoints: [ http://127.0.0.1:9 ] } }
routes:
  cart: { match: { path: /cart }, upstream: cart }   # of the deployment
`;
const BASKET = { match: { path: '/basket' }, upstream: 'cart' };
const ORDER: EditOrder = {
  wish: { is: 'put', section: 'routes', id: 'basket', value: BASKET },
  ifMatch: undefined,
  author: '',
  reason: '',
  source: 'api',
  dryRun: false,
  mayName: true,
};
/** Turns of the loop in which a file is read, if somebody reads it. */
const TURNS = 300;

interface Bench {
  readonly path: string;
  readonly edits: Edits;
  readonly file: FromFile;
  /** The threads have been handed a document, and wait. */
  readonly handed: Promise<void>;
  letGo(): void;
  text(): string | undefined;
}

/** With FILE in force; the threads take the next document when they are let go. */
async function bench(context: TestContext): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-turn-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'routes.yaml');
  await writeFile(path, FILE);
  const clock = new FakeClock();
  const [handed, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let held = false;
  const prepare = async () => {
    if (held) handed.resolve();
    if (held) await gate.promise;
    return [];
  };
  const threads = { prepare, commit: async () => {}, drop: async () => {} };
  const members = { expect: async () => {}, settle: () => {}, keep: () => {} };
  const ledger = new BlockLedger(new SharedLanes(1), clock);
  const log = () => {};
  const control = new Control({ clock, ledger, threads, members, log, env: {}, workersFixed: true });
  const file = new FromFile(path, control);
  const keeper = fileKeeper(new DocumentFile(path), (text) => file.expect(text));
  const checks = new Checks({ after: () => () => {} }, () => assert.fail('nothing is checked'));
  assert.ok((await file.reload()).ok);
  held = true;
  const edits = new Edits({ control, keeper, checks, path, env: {} });
  return { path, edits, file, handed: handed.promise, letGo: gate.resolve, text: () => control.view.running?.text };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

test('a reload while an edit is on its way to the threads does not take it back', async (context) => {
  const { path, edits, file, handed, letGo, text } = await bench(context);
  const edited = edits.apply(ORDER);
  await handed;
  const reloaded = file.reload();
  await turns(TURNS);
  letGo();
  const [edit, reload] = await Promise.all([edited, reloaded]);
  assert.ok(edit.ok && reload.ok);
  assert.equal(reload.revision, edit.revision);
  assert.match(text() ?? '', /basket/);
  assert.equal(await readFile(path, 'utf8'), text());
});

test('a save that an edit is merged with runs with the edit, though the save is read while the edit is on its way', async (context) => {
  const { path, edits, file, handed, letGo, text } = await bench(context);
  await writeFile(path, FILE.replace('/cart }', '/carts }'));
  const edited = edits.apply(ORDER);
  await handed;
  const reloaded = file.reload();
  await turns(TURNS);
  letGo();
  const [edit, reload] = await Promise.all([edited, reloaded]);
  assert.ok(edit.ok && edit.merged && reload.ok);
  assert.match(text() ?? '', /\/carts.*basket/s);
  assert.equal(await readFile(path, 'utf8'), text());
});

test('an edit made from a revision is refused where a reload before it has put another one in force', async (context) => {
  const { path, edits, file, handed, letGo, text } = await bench(context);
  const { revision } = await edits
    .apply({ ...ORDER, dryRun: true })
    .then((dry) => (dry.ok ? { revision: dry.parent } : assert.fail()));
  const theirs = FILE.replace('/cart }', '/carts }');
  await writeFile(path, theirs);
  const reloaded = file.reload();
  await handed;
  const edited = edits.apply({ ...ORDER, ifMatch: revision });
  letGo();
  const [edit] = await Promise.all([edited, reloaded]);
  assert.ok(!edit.ok && edit.why === 'stale');
  assert.deepEqual([text(), await readFile(path, 'utf8')], [theirs, theirs]);
});

test('a save while an edit is on its way is merged with the edit, and not a reason to refuse it', async (context) => {
  for (const named of [false, true]) {
    const { path, edits, handed, letGo, text } = await bench(context);
    const dry = await edits.apply({ ...ORDER, dryRun: true });
    const edited = edits.apply({ ...ORDER, ifMatch: named && dry.ok ? dry.parent : undefined });
    await handed;
    await writeFile(path, FILE.replace('/cart }', '/carts }'));
    letGo();
    const edit = await edited;
    assert.ok(edit.ok && edit.merged, JSON.stringify(edit));
    assert.deepEqual(edit.effect.routes, { added: ['basket'], removed: [], changed: ['cart'] });
    assert.match(text() ?? '', /\/carts.*basket/s);
    assert.equal(await readFile(path, 'utf8'), text());
  }
});
