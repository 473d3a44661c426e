/**
 * A process is killed while it writes the document, two hundred times, at any moment: the file is always whole.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DocumentFile } from '../../src/control/document-file.ts';
import { ROOT } from '../support/source.ts';
import { textOf } from '../support/two-texts.ts';

const KILLS = 200;
/** Processes at once, each with a file of its own. */
const LANES = 4;

/** Starts a writer and kills it while it writes; how many files it left beside the document. */
async function killOne(path: string, wait: number): Promise<number> {
  const args = ['--disable-warning=ExperimentalWarning', join(ROOT, 'test/support/writing-entry.ts'), path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  try {
    await Promise.race([once(child.stdout, 'data'), gone]);
    await pause(wait);
  } finally {
    child.kill('SIGKILL');
  }
  assert.deepEqual(await gone, [null, 'SIGKILL'], 'the writer ended by itself');
  return (await readdir(join(path, '..'))).length - 1;
}

test('after each of 200 kills in the middle of writing, the file is one text or the other, whole', async (context) => {
  const texts = [textOf('A'), textOf('B')];
  let left = 0;
  let kills = 0;
  const lane = async (index: number): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-killed-'));
    context.after(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'routes.yaml');
    await writeFile(path, textOf('A'));
    while (kills < KILLS) {
      kills++;
      // A turn takes a few milliseconds.
      left += await killOne(path, (kills * 7 + index) % 11);
      const found = await readFile(path, 'utf8');
      assert.ok(texts.includes(found), `after kill ${kills} the file has ${found.length} characters of neither text`);
    }
    await new DocumentFile(path).sweep();
    assert.deepEqual(await readdir(folder), ['routes.yaml']);
  };
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
  // Else the kills came when nothing was being written, and the test has shown nothing. Much of the time goes by behind the
  // rename, while the folder is brought to the disk: where that is slow, one kill in ten meets a text half written.
  assert.ok(left >= 5, `only ${left} kills of ${KILLS} came in the middle of writing`);
});
