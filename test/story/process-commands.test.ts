/**
 * signalbox as typed into a terminal: help, version, and what it says to a slip of the hand.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/source.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { timeout: 30_000, maxBuffer: 1 << 26 };
    execFile(process.execPath, [join(ROOT, 'src/boot.js'), ...args], options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

test('--help lists the commands, and every command has a help of its own', async () => {
  const { code, out } = await run('--help');
  assert.equal(code, 0);
  for (const command of ['Run:', 'Look:', 'Change:', 'Other:']) assert.ok(out.includes(`\n${command}\n`), command);
  for (const [, command] of out.matchAll(/^ {2}([a-z][a-z-]*) {2,}/gm)) {
    const own = await run(command, '--help');
    assert.equal(own.code, 0, command);
    assert.match(own.out, new RegExp(`signalbox ${command}`));
  }
  assert.match(out, /serve[\s\S]*check/);
});

test('without a command it says what there is, and exit code 2 says that nothing was done', async () => {
  const { code, out } = await run();
  assert.equal(code, 2);
  assert.match(out, /Usage: signalbox <command>/);
});

test('--version is the version of the package', async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.deepEqual(await run('--version'), { code: 0, out: `${version}\n`, err: '' });
});

test('an unknown command is told the nearest one, or all there are', async () => {
  const near = await run('srve');
  assert.equal(near.code, 2);
  assert.match(near.err, /^unknown command srve; did you mean "serve"\?/);
  const far = await run('frobnicate');
  assert.match(far.err, /^unknown command frobnicate; there are serve, check/);
  const { code, out } = await run('srve', '--json');
  assert.equal(code, 2);
  const { code: what, detail } = JSON.parse(out) as { code: string; detail: string };
  assert.deepEqual([what, detail], ['wrong_arguments', 'unknown command srve; did you mean "serve"?']);
});

test('an option before the command is told where it belongs', async () => {
  const { code, err } = await run('--admin', '127.0.0.1:9901', 'status');
  assert.equal(code, 2);
  assert.match(err, /^--admin stands before the command; write signalbox COMMAND --admin \.\.\.\n/);
});

test('the problems of a large document arrive whole, also through a pipe', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-check-'));
  try {
    const path = join(directory, 'routes.yaml');
    const routes = Array.from({ length: 3000 }, (_, i) => `  route-${i}: { match: { path: /${i} }, upstream: nobody }`);
    await writeFile(path, `listeners:\n  internal: { address: 127.0.0.1:8080 }\nroutes:\n${routes.join('\n')}\n`);
    const { code, out } = await run('check', path);
    assert.equal(code, 1);
    const places = out.split('\n').filter((line) => line.startsWith(`${path}:`) && line.includes(' error: '));
    assert.equal(places.length, 3000);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
