/**
 * Bundles the dashboard: `src/dashboard` becomes `dist/dashboard`, with names that change with their content.
 *
 * Rule: no build step for the product itself; this one runs by `npm ci`, `npm start` and `npm test`, takes a fraction of a
 * second, and leaves only files of the build before it. `--if-possible` is for installs without development
 * dependencies: what cannot be built then is said, and is no failure.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FROM = fileURLToPath(new URL('.', import.meta.url));
export const DASHBOARD = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url));

/** Page -> the script that makes it. */
const PAGES = {
  'index.html': { script: 'app', title: 'Signalbox' },
  'docs.html': { script: 'docs', title: 'Signalbox: the API' },
} as const;

/** Writes pages and assets into `to`, which is emptied first. */
export async function buildDashboard(to = DASHBOARD): Promise<void> {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    absWorkingDir: FROM,
    entryPoints: ['app.tsx', 'docs.tsx', 'theme.ts', 'styles/style.css'].map((path) => join(FROM, path)),
    tsconfig: join(FROM, 'tsconfig.json'),
    outdir: join(to, 'assets'),
    outbase: FROM,
    entryNames: '[name]-[hash]',
    chunkNames: 'shared-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2022'],
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
  }).then((result) => {
    rmSync(to, { recursive: true, force: true });
    mkdirSync(join(to, 'assets'), { recursive: true });
    for (const { path, contents } of result.outputFiles) writeFileSync(join(to, 'assets', basename(path)), contents);
    return result;
  });
  const names = Object.keys(metafile.outputs).map((path) => basename(path));
  const named = (start: string): string => names.find((name) => name.startsWith(`${start}-`)) ?? '';
  const template = readFileSync(join(FROM, 'page.html'), 'utf8');
  for (const [page, { script, title }] of Object.entries(PAGES)) {
    const values: Record<string, string> = {
      title,
      script: named(script),
      style: named('style'),
      theme: named('theme'),
    };
    const text = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '');
    writeFileSync(join(to, page), text);
  }
}

async function main(): Promise<void> {
  try {
    await buildDashboard();
  } catch (error) {
    const missing = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    if (!missing) throw error;
    process.stderr.write(
      'The dashboard is not built: esbuild and preact are development dependencies, and not installed.\n',
    );
    if (!process.argv.includes('--if-possible')) process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
