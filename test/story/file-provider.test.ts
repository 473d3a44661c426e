/**
 * A file that is saved in every way people and machines save files, and a listener that hears of each change once.
 *
 * Real files in a folder of the test's own. Watching and polling are tried apart: where the poll is slow, only the
 * watcher can have told; where a change cannot be watched, only the poll can.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Problem } from '../../src/config/document.ts';
import { type FileCause, type FileWatchSettings, watchFile } from '../../src/config/providers/file.ts';
import { until } from '../support/wait.ts';

/** A poll that no test lives to see. */
const NEVER = 3_600_000;

interface Heard {
  readonly texts: string[];
  readonly causes: FileCause[];
  readonly problems: Problem[];
  reload(): Promise<void>;
  expect(text: string): void;
  stop(): void;
}

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-file-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Watches until the test ends. */
function listen(context: TestContext, path: string, settings: Partial<FileWatchSettings> = {}): Heard {
  const texts: string[] = [];
  const causes: FileCause[] = [];
  const problems: Problem[] = [];
  const watch = watchFile({
    path,
    pollMs: NEVER,
    debounceMs: 20,
    onText: (text, { cause }) => {
      texts.push(text);
      causes.push(cause);
    },
    onError: (problem) => void problems.push(problem),
    ...settings,
  });
  context.after(() => watch.stop());
  const { reload, expect, stop } = watch;
  return { texts, causes, problems, reload, expect, stop };
}

const last = (heard: Heard, text: string) => until(`the text ${text}`, () => heard.texts.at(-1) === text);

test('the text is told at the start, and again when it was saved in place', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'one');
  const heard = listen(context, path);
  await last(heard, 'one');
  await writeFile(path, 'two');
  await last(heard, 'two');
  assert.deepEqual(heard.texts, ['one', 'two']);
  assert.deepEqual(heard.causes, ['start', 'change']);
  assert.deepEqual(heard.problems, []);
});

test('a text that was read before is not told again, a change of it is', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'one');
  const heard = listen(context, path, { known: 'one' });
  await heard.reload();
  await writeFile(path, 'two');
  await last(heard, 'two');
  assert.deepEqual(heard.causes, ['reload', 'change']);
});

test('an atomic save, another file renamed over it, is heard every time', async (context) => {
  const folder = await folderFor(context);
  const path = join(folder, 'routes.yaml');
  await writeFile(path, 'save 0');
  const heard = listen(context, path);
  await last(heard, 'save 0');
  for (const text of ['save 1', 'save 2', 'save 3']) {
    await writeFile(join(folder, '.routes.yaml.tmp'), text);
    await rename(join(folder, '.routes.yaml.tmp'), path);
    await last(heard, text);
  }
  assert.deepEqual(heard.problems, []);
});

test('a save that moves the old file aside first is heard, without a word of a missing file', async (context) => {
  const folder = await folderFor(context);
  const path = join(folder, 'routes.yaml');
  await writeFile(path, 'one');
  const heard = listen(context, path, { debounceMs: 500 });
  await last(heard, 'one');
  await rename(path, join(folder, 'routes.yaml~'));
  await writeFile(path, 'two');
  await last(heard, 'two');
  assert.deepEqual(heard.problems, []);
});

test('a mounted ConfigMap, whose data link is swapped, is heard every time', async (context) => {
  const folder = await folderFor(context);
  const path = join(folder, 'routes.yaml');
  const publish = async (version: string): Promise<void> => {
    await mkdir(join(folder, `..${version}`));
    await writeFile(join(folder, `..${version}`, 'routes.yaml'), version);
    await symlink(`..${version}`, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  await publish('v1');
  await symlink(join('..data', 'routes.yaml'), path);
  const heard = listen(context, path);
  await last(heard, 'v1');
  for (const version of ['v2', 'v3']) {
    await publish(version);
    await last(heard, version);
  }
  await rm(join(folder, '..v1'), { recursive: true });
  assert.deepEqual(heard.texts, ['v1', 'v2', 'v3']);
  assert.deepEqual(heard.problems, []);
});

test('a change behind a link to another folder is heard', async (context) => {
  const folder = await folderFor(context);
  await mkdir(join(folder, 'here'));
  await mkdir(join(folder, 'there'));
  await writeFile(join(folder, 'there', 'real.yaml'), 'one');
  await symlink(join(folder, 'there', 'real.yaml'), join(folder, 'here', 'routes.yaml'));
  const heard = listen(context, join(folder, 'here', 'routes.yaml'));
  await last(heard, 'one');
  await writeFile(join(folder, 'there', 'real.yaml'), 'two');
  await last(heard, 'two');
});

test('a deleted file is told once as an error, and its return is told even with the text it had', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'one');
  const heard = listen(context, path);
  await last(heard, 'one');
  await unlink(path);
  await until('the error', () => heard.problems.length > 0);
  await heard.reload();
  await heard.reload();
  assert.deepEqual(heard.problems, [
    {
      severity: 'error',
      path,
      line: 1,
      column: 1,
      pointer: '',
      reason: 'there is no such file',
      advice: 'put it back; what runs goes on unchanged',
    },
  ]);
  assert.deepEqual(heard.texts, ['one']);
  await writeFile(path, 'one');
  await until('the return', () => heard.texts.length === 2);
  assert.deepEqual(heard.texts, ['one', 'one']);
});

test('a file that is not there at the start is told as an error and as a start when it comes', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  const heard = listen(context, path);
  await until('the error', () => heard.problems.length > 0);
  await writeFile(path, 'one');
  await last(heard, 'one');
  assert.deepEqual(heard.causes, ['start']);
  assert.equal(heard.problems.length, 1);
});

test('a folder that is deleted and made anew is found again by the poll', async (context) => {
  const folder = join(await folderFor(context), 'config');
  const path = join(folder, 'routes.yaml');
  await mkdir(folder);
  await writeFile(path, 'one');
  const heard = listen(context, path, { pollMs: 20 });
  await last(heard, 'one');
  await rm(folder, { recursive: true });
  await until('the error', () => heard.problems.length > 0);
  await mkdir(folder);
  await writeFile(path, 'two');
  await last(heard, 'two');
  await writeFile(path, 'three');
  await last(heard, 'three');
});

test('a change that no watcher sees is found by the poll', async (context) => {
  const folder = await folderFor(context);
  // Two links: the folder of the one in the middle is not watched.
  for (const name of ['here', 'middle', 'there', 'elsewhere']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'there', 'routes.yaml'), 'one');
  await writeFile(join(folder, 'elsewhere', 'routes.yaml'), 'two');
  await symlink(join(folder, 'there'), join(folder, 'middle', 'link'));
  await symlink(join(folder, 'middle', 'link', 'routes.yaml'), join(folder, 'here', 'routes.yaml'));
  const heard = listen(context, join(folder, 'here', 'routes.yaml'), { pollMs: 20 });
  await last(heard, 'one');
  await symlink(join(folder, 'elsewhere'), join(folder, 'middle', 'next'));
  await rename(join(folder, 'middle', 'next'), join(folder, 'middle', 'link'));
  await last(heard, 'two');
});

test('a save with the same text is not told, a reload tells it', async (context) => {
  const folder = await folderFor(context);
  const path = join(folder, 'routes.yaml');
  await writeFile(path, 'one');
  const heard = listen(context, path);
  await last(heard, 'one');
  await writeFile(path, 'one');
  await writeFile(join(folder, 'unrelated'), 'x');
  await heard.reload();
  assert.deepEqual(heard.causes, ['start', 'reload']);
  await writeFile(path, 'two');
  await last(heard, 'two');
  assert.deepEqual(heard.texts, ['one', 'one', 'two']);
});

test('an emptied file is told only when it stays empty', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'one');
  const heard = listen(context, path, { debounceMs: 50 });
  await last(heard, 'one');
  await truncate(path);
  await writeFile(path, 'two');
  await last(heard, 'two');
  await truncate(path);
  await last(heard, '');
  assert.deepEqual(heard.texts, ['one', 'two', '']);
});

test('many saves in quick succession are told as the last one', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'save 0');
  const heard = listen(context, path, { debounceMs: 200 });
  await last(heard, 'save 0');
  for (let i = 1; i <= 20; i++) await writeFile(path, `save ${i}`);
  await last(heard, 'save 20');
  assert.ok(heard.texts.length < 20, `${heard.texts.length} texts were told`);
});

test('what is no UTF-8, and what is no file, is told as an error and mended by the next good save', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'one');
  const heard = listen(context, path);
  await last(heard, 'one');
  await writeFile(path, Uint8Array.of(0xff, 0xfe, 0xfd));
  await until('the first error', () => heard.problems.length === 1);
  await unlink(path);
  await mkdir(path);
  await until('the directory', () => heard.problems.at(-1)?.reason === 'this is a directory');
  assert.equal(heard.problems[0]?.reason, 'the file is not UTF-8');
  await rm(path, { recursive: true });
  await writeFile(path, 'two');
  await last(heard, 'two');
});

test('reload settles when the text was taken over, also where taking it over takes time or fails', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'one');
  const steps: string[] = [];
  const heard = listen(context, path, {
    known: 'one',
    onText: async (text) => {
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(text);
      throw new Error('no room');
    },
  });
  await heard.reload();
  assert.deepEqual(steps, ['one']);
  assert.match(heard.problems[0]?.reason ?? '', /not taken over: no room/);
  await heard.reload();
  assert.equal(steps.length, 2);
});

test('nothing is told after stop', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'one');
  const stopped = listen(context, path);
  const other = listen(context, path);
  await last(stopped, 'one');
  await last(other, 'one');
  stopped.stop();
  await truncate(path);
  await writeFile(path, 'two');
  await last(other, 'two');
  await stopped.reload();
  assert.deepEqual(stopped.texts, ['one']);
});

test('texts that the router writes itself are not told, whichever of them a look finds', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'zero');
  const heard = listen(context, path, { known: 'zero', debounceMs: 1 });
  for (let i = 1; i <= 30; i++) {
    heard.expect(`own ${i}`);
    // The look may come while the text before stands there yet.
    await new Promise((resolve) => setTimeout(resolve, i % 3));
    await writeFile(`${path}.new`, `own ${i}`);
    await rename(`${path}.new`, path);
  }
  await writeFile(path, 'theirs');
  await last(heard, 'theirs');
  assert.deepEqual(heard.texts, ['theirs']);
});

test('a text of the router that is put back by somebody else later is told', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'zero');
  const heard = listen(context, path, { known: 'zero' });
  heard.expect('one');
  heard.expect('two');
  await writeFile(path, 'two');
  await writeFile(`${path}.new`, 'three');
  await rename(`${path}.new`, path);
  await last(heard, 'three');
  await writeFile(path, 'one');
  await last(heard, 'one');
});

test('a pipe in place of the file is told once and not opened, and a file after it is heard', async (context) => {
  const path = join(await folderFor(context), 'routes.yaml');
  await writeFile(path, 'one');
  const heard = listen(context, path);
  await last(heard, 'one');
  execFileSync('mkfifo', [`${path}.pipe`]);
  await rename(`${path}.pipe`, path);
  await heard.reload();
  await heard.reload();
  assert.deepEqual(
    heard.problems.map(({ reason }) => reason),
    ['this is a pipe or a device'],
  );
  await writeFile(`${path}.new`, 'two');
  await rename(`${path}.new`, path);
  await last(heard, 'two');
});
