/**
 * The Dockerfile, step by step, without an engine: what it copies is there, and what it copies is enough to serve.
 *
 * Rule: the steps are read from the Dockerfile itself, so that the test follows when they change. Packages are those a
 * production install brings, by the lock file.
 */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { ROOT } from '../support/source.ts';
import { until, within } from '../support/wait.ts';

const START_LIMIT = 30_000;
const STEPS = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line));
/** The stage that becomes the image: what follows the last FROM. */
const LAST_STAGE = STEPS.slice(STEPS.findLastIndex((step) => step.startsWith('FROM ')));

function arrayOf(instruction: string): string[] {
  const step = LAST_STAGE.find((candidate) => candidate.startsWith(instruction)) ?? '';
  return JSON.parse(step.slice(step.indexOf('['))) as string[];
}

/** Paths of `COPY a b c to`, without those that come from another stage. */
function copies(steps: readonly string[]): { from: string[]; to: string }[] {
  return steps
    .filter((step) => step.startsWith('COPY ') && !step.includes('--from='))
    .map((step) => step.split(/\s+/).slice(1))
    .map((paths) => ({ from: paths.slice(0, -1), to: paths.at(-1) ?? '' }));
}

/** Top-level packages of a production install, as folders from the root. */
function productionPackages(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(
      ([path, entry]) => path !== '' && !entry.dev && !entry.devOptional && path.split('node_modules/').length === 2,
    )
    .map(([path]) => path)
    .filter((path) => existsSync(join(ROOT, path)));
}

/** The image's folder /opt/signalbox, as the last stage fills it. */
function assemble(): string {
  const image = mkdtempSync(join(tmpdir(), 'signalbox-image-'));
  for (const path of productionPackages()) cpSync(join(ROOT, path), join(image, path), { recursive: true });
  for (const { from, to } of copies(LAST_STAGE)) {
    for (const path of from) {
      const target = to.startsWith('/') ? join(image, 'root', to) : join(image, to.endsWith('./') ? path : to);
      mkdirSync(join(target, '..'), { recursive: true });
      cpSync(join(ROOT, path), target, { recursive: true, filter: (each) => !each.includes(join('src', 'demo')) });
    }
  }
  return image;
}

test('the image copies only what exists, keeps the demo out and does not run as root', () => {
  const missing = copies(STEPS).flatMap(({ from }) => from.filter((path) => !existsSync(join(ROOT, path))));
  assert.deepEqual(missing, []);
  assert.match(readFileSync(join(ROOT, '.dockerignore'), 'utf8'), /^src\/demo$/m);
  assert.ok(LAST_STAGE.includes('USER node'));
  assert.ok(STEPS.some((step) => step.startsWith('RUN npm ci --omit=dev')));
});

test('the image serves the document it brings, and its health check follows', async () => {
  const image = assemble();
  const [port, admin] = [await freePort(), await freePort()];
  const [program, ...args] = [...arrayOf('ENTRYPOINT'), ...arrayOf('CMD')];
  assert.equal(program, 'node');
  const path = args[args.indexOf('--config') + 1];
  const text = readFileSync(join(image, 'root', path), 'utf8');
  writeFileSync(
    join(image, 'root', path),
    text.replace('0.0.0.0:8080', `127.0.0.1:${port}`).replace(':9901', `:${admin}`),
  );
  const state = args[args.indexOf('--state') + 1];
  const command = args.map((argument) => ([path, state].includes(argument) ? join(image, 'root', argument) : argument));
  const router = spawn(process.execPath, command, {
    cwd: image,
    env: { NODE_ENV: 'production', SIGNALBOX_UPSTREAM: `http://127.0.0.1:${admin}` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  router.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const exit = new Promise((resolve) => router.on('close', resolve));
  const [, ...check] = arrayOf('HEALTHCHECK').map((part) => part.replace(':9901', `:${admin}`));
  const healthy = (): boolean => spawnSync(process.execPath, check, { cwd: image }).status === 0;
  try {
    await until('the image to be healthy', () => healthy() || router.exitCode !== null, START_LIMIT);
    assert.equal(router.exitCode, null, errors);
    const reply = await fetch(`http://127.0.0.1:${port}/readyz`);
    assert.deepEqual([reply.status, reply.headers.has('x-correlation-id')], [200, true]);
    await reply.text();
    router.kill('SIGTERM');
    router.kill('SIGTERM');
    await within('the router to end', exit, 15_000);
    assert.equal(healthy(), false);
  } finally {
    router.kill('SIGKILL');
    await exit;
    rmSync(image, { recursive: true, force: true });
  }
});
