/**
 * README's "Operate it", line by line, as whoever pastes it into a shell gets it; only the ports are others, so that a
 * router that runs on this machine already is left alone.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { pathOf } from '../support/programs.ts';
import { ROOT } from '../support/source.ts';

/** The whole of it starts some twenty processes. */
const LIMIT = 180_000;

async function linesOf(heading: string): Promise<string[]> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const from = readme.indexOf(`## ${heading}\n`);
  assert.notEqual(from, -1, `README has no section ${heading}`);
  const section = readme.slice(from, readme.indexOf('\n## ', from + 1));
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
}

/** A folder with the repository's files in it, so that what the lines leave behind is thrown away. */
async function copyOfRepository(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-operate-'));
  for (const name of ['src', 'package.json', 'docs'])
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Runs the blocks in one shell that stops at the first line that fails; what each block printed. */
async function paste(
  blocks: readonly string[],
  cwd: string,
): Promise<{ code: number | null; said: string[]; err: string }> {
  const mark = '=== end of block ===';
  const script = blocks.map((block) => `${block}\necho '${mark}'\n`).join('');
  // A group of its own: whatever the lines started ends with it.
  const shell = spawn('bash', ['-e', '-c', script], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let out = '';
  let err = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const end = () => {
    try {
      process.kill(-(shell.pid ?? 0), 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  };
  const limit = setTimeout(end, LIMIT);
  const code = await new Promise<number | null>((resolve) => shell.on('exit', resolve));
  clearTimeout(limit);
  end();
  return { code, said: out.split(`${mark}\n`), err };
}

test('README: from an empty document to two services, a split, a trip and a restore', async (t) => {
  pathOf('curl');
  const folder = await copyOfRepository();
  t.after(() => rm(folder, { recursive: true, force: true }));
  const blocks = await linesOf('Operate it');
  assert.equal(blocks.length, 6);
  // The document is empty, so the ports are the defaults; here it says others.
  const ports = { 8080: await freePort(), 9901: await freePort(), 7101: await freePort(), 7102: await freePort() };
  const document = `listeners: { internal: { address: "127.0.0.1:${ports[8080]}" } }\nadmin: { address: "127.0.0.1:${ports[9901]}" }\ndrain: { notice: 1s, limit: 1s }`;
  const moved = blocks
    .map((block) =>
      block.replaceAll(/\b(8080|9901|7101|7102)\b/g, (port) => String(ports[Number(port) as keyof typeof ports])),
    )
    .map((block) => block.replace("echo '{}'", `export SIGNALBOX_ADMIN=127.0.0.1:${ports[9901]}; echo '${document}'`));
  const { code, said, err } = await paste(moved, folder);
  const log = await readFile(join(folder, 'my-shop/router.log'), 'utf8').catch(() => '');
  assert.equal(code, 0, `${said.join('\n')}\n${err}\n${log}`);
  const [start, register, split, trip, back] = said;
  // The last block ends what the others began: the router drained, and the services left before.
  assert.match(log, /"accepting no more"/, log);
  assert.match(err, /^one is gone from shop$/m, err);
  assert.match(start, /serving/);
  assert.match(register, /^the old shop$/m);
  assert.match(split, /50% more goes to shop-v2/);
  assert.match(split, /^the old shop$/m);
  assert.match(split, /^the new shop$/m);
  assert.match(trip, /shop-v2/);
  assert.match(trip, /answers nonsense/);
  const statuses = trip.match(/^(200|503)$/gm) ?? [];
  assert.equal(statuses.length, 20, trip);
  assert.ok(statuses.includes('503'), trip);
  assert.equal(back.match(/^the old shop$/gm)?.length, 20, back);
  assert.match(back, /split: \{ shop: 100, shop-v2: 0 \}/);
  assert.match(back, /half of it for the new shop/);
});
