/**
 * The house rules of docs/architecture.md, asked of every source file.
 *
 * Rule: a failure names file and line and says what the rule wants. An exception stands in a list here, with its reason;
 * there is no way to ask for one from inside a file. How a file is read stands in support/source.ts.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blank, functionsOf, lineAt, ROOT, readSources, type SourceFile, sourceFile } from './support/source.ts';

const SRC = readSources('src');
const BENCH = readSources('bench');
const TESTS = readSources('test');

const CONTRACTS = ['policy/policy', 'release/release', 'upstream/upstream', 'invariants/invariants'];
const SISTERS = ['upstream/', 'policy/', 'release/', 'invariants/', 'telemetry/'];

/**
 * What each folder may import beside itself: a folder (`core/`), or one file (`policy/policy`). The table of
 * docs/architecture.md, word for word; types count.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  http1: ['core/'],
  upstream: ['core/', 'http1/'],
  policy: ['core/'],
  release: ['core/'],
  invariants: ['core/'],
  telemetry: ['core/'],
  routing: ['core/', ...CONTRACTS],
  proxy: ['core/', 'http1/', 'routing/', ...CONTRACTS],
  config: ['core/', 'routing/', ...SISTERS],
  worker: [
    'core/',
    'config/compile',
    'routing/',
    'proxy/',
    'telemetry/',
    'upstream/build',
    'upstream/terms',
    'policy/ledger',
    ...CONTRACTS,
  ],
  control: [
    'core/',
    'config/',
    'routing/',
    'http1/request',
    'proxy/deadline',
    'proxy/hops',
    'upstream/lease',
    'upstream/leases',
    'upstream/members',
    'upstream/shown',
    'policy/circuit-control',
    'release/rollout',
    ...CONTRACTS,
  ],
  admin: ['core/', 'control/', 'config/', 'upstream/lease', 'upstream/leases'],
  dashboard: ['admin/shapes/', 'core/line-diff'],
  // Of the admin side, its contract alone: a client knows no server.
  cli: ['core/', 'config/', 'admin/shapes/'],
  client: [],
  demo: ['core/'],
};

/** Files over 300 lines, each with its reason; 400 is the end for them too. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'src/core/wire.ts': 'one handle has one owner: how a connection reads, writes and ends is one state',
  'src/proxy/attempt.ts': 'steps 8 to 11 share one state; split, each half would reach into the other',
  'src/proxy/client.ts': 'one connection is one state machine: reading, pipelining, timeouts and writing meet in it',
  'src/upstream/link.ts': 'the same on the upstream side: a connection, its reply parser and its pool membership',
};

/** `extends` of anything but an Error, each with its reason. */
const HEIRS: Readonly<Record<string, string>> = {};

// Written in two halves, so that a search for them finds only what is really left to do.
const LEFTOVERS = new RegExp(
  `\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b|@ts-${'(?:ignore|nocheck)'}`,
);
const NOT_RUN = new RegExp(
  `\\b(?:test|it|describe|suite)\\.(?:${['sk' + 'ip', 'on' + 'ly', 'to' + 'do'].join('|')})\\b`,
);
const NOT_RUN_OPTION = new RegExp(`[{,]\\s*(?:${['sk' + 'ip', 'on' + 'ly', 'to' + 'do'].join('|')}):`);
const FORBIDDEN_WORD = /^(?:managers?|helpers?|utils?)$/i;

function places(files: readonly SourceFile[], pattern: RegExp, where: 'code' | 'text', rule: string): string[] {
  const all = new RegExp(pattern, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`);
  return files.flatMap((file) =>
    [...file[where].matchAll(all)].map((match) => {
      const found = match[0].trim().replaceAll(/\s+/g, ' ');
      return `${file.path}:${lineAt(file.text, match.index)} \`${found}\`: ${rule}`;
    }),
  );
}

function none(problems: readonly string[]): void {
  assert.equal(problems.length, 0, `\n${problems.join('\n')}\n`);
}

function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** Why `file` may not import `target` (both from the root), or undefined where it may. */
function objection(path: string, target: string): string | undefined {
  if (!target.startsWith('src/')) return 'the product imports nothing from outside src';
  const folder = folderOf(path);
  const to = folderOf(target);
  // main.ts and app.ts stand above the folders and may know every part.
  if (folder === undefined || folder === to) return undefined;
  const allowed = MAY_IMPORT[folder];
  if (allowed === undefined) return `the folder src/${folder} stands in no table; give it a line there`;
  const inside = target.slice('src/'.length).replace(/\.tsx?$/, '');
  if (!allowed.some((entry) => (entry.endsWith('/') ? inside.startsWith(entry) : inside === entry)))
    return `${folder} may import ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}`;
  if (folder === 'config' && /\/build$/.test(inside) && path !== 'src/config/compile.ts')
    return 'only config/compile.ts calls the build.ts of a sister';
  return undefined;
}

test('each folder imports only what the table of the architecture allows', () => {
  none(
    SRC.flatMap((file) =>
      file.imports.flatMap((entry) => {
        const reason = entry.target === undefined ? undefined : objection(file.path, entry.target);
        return reason === undefined ? [] : [`${file.path}:${entry.line} imports ${entry.specifier}: ${reason}`];
      }),
    ),
  );
});

test('nothing imports the demo', () => {
  const outside = SRC.filter((file) => !file.path.startsWith('src/demo/'));
  none(
    outside.flatMap((file) =>
      file.imports
        .filter((entry) => entry.target?.startsWith('src/demo/'))
        .map((entry) => `${file.path}:${entry.line} imports ${entry.specifier}: the demo is a guest in the house`),
    ),
  );
});

test('the dashboard takes nothing but types from the admin API, which it otherwise knows by its replies', () => {
  const pages = SRC.filter((file) => file.path.startsWith('src/dashboard/'));
  none(places(pages, /^import (?!type\b)[^;]*?'[./]+\/admin\/[^']*'/m, 'text', 'write `import type`'));
});

test('every relative import names a file that exists, with its extension', () => {
  none(
    [...SRC, ...BENCH, ...TESTS].flatMap((file) =>
      file.imports
        .filter((entry) => entry.target !== undefined && !existsSync(join(ROOT, entry.target)))
        .map((entry) => `${file.path}:${entry.line} imports ${entry.specifier}: there is no such file`),
    ),
  );
});

/** The groups of files that reach one another (Tarjan's strongly connected components of more than one file). */
function circles(files: readonly SourceFile[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (path: string): number => {
    const own = order.size;
    let lowest = own;
    order.set(path, own);
    stack.push(path);
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target === undefined || !byPath.has(target)) continue;
      if (!order.has(target)) lowest = Math.min(lowest, visit(target));
      else if (stack.includes(target)) lowest = Math.min(lowest, low.get(target) ?? order.get(target) ?? own);
    }
    low.set(path, lowest);
    if (lowest === own) {
      const group = stack.splice(stack.indexOf(path));
      if (group.length > 1) found.push(group);
    }
    return lowest;
  };
  for (const file of files) if (!order.has(file.path)) visit(file.path);
  return found;
}

test('no import leads back to where it came from', () => {
  none(circles(SRC).map((group) => `${group.join(' <-> ')}: these files reach one another, types counted`));
});

test('every file begins with a header comment that says more than its name, in at most 8 lines', () => {
  none(
    [...SRC, ...BENCH, ...TESTS].flatMap((file) => {
      const header = /^(?:#![^\n]*\n)?\/\*\*\n((?: \*[^\n]*\n)+?) \*\/\n/.exec(file.text);
      if (header === null) return [`${file.path}:1 has no header comment`];
      // A test says the rule it keeps in its names; a source file says it here.
      const least = file.path.startsWith('src/') ? 2 : 1;
      const lines = header[1].trimEnd().split('\n').length;
      return lines >= least && lines <= 8 ? [] : [`${file.path}:1 has a header comment of ${lines} lines of text`];
    }),
  );
});

test('no file is longer than 300 lines, nor 400 where it has a reason', () => {
  none(
    [...SRC, ...BENCH].flatMap((file) => {
      const lines = file.text.split('\n').length - 1;
      const wall = file.path in LONG_FILES ? 400 : 300;
      return lines <= wall ? [] : [`${file.path}:${wall} goes on to line ${lines}; the wall is ${wall}`];
    }),
  );
});

test('no exception to the rules is kept for a file that no longer needs it', () => {
  const long = Object.keys(LONG_FILES).filter((path) => {
    const file = [...SRC, ...BENCH].find((candidate) => candidate.path === path);
    return file === undefined || file.text.split('\n').length - 1 <= 300;
  });
  const heirs = Object.keys(HEIRS).filter((path) => !SRC.some((file) => file.path === path));
  none([...long, ...heirs].map((path) => `${path} stands in a list of exceptions and needs none`));
});

test('no function is longer than 60 lines', () => {
  none(
    [...SRC, ...BENCH].flatMap((file) =>
      functionsOf(file.code)
        .filter((span) => span.lines > 60)
        .map((span) => `${file.path}:${span.line} begins a function of ${span.lines} lines; the wall is 60`),
    ),
  );
});

test('no name speaks of managers, helpers or utils', () => {
  const words = (name: string): string[] => name.split(/(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+/);
  none(
    [...SRC, ...BENCH, ...TESTS].flatMap((file) => {
      const inPath = words(file.path).filter((word) => FORBIDDEN_WORD.test(word));
      const inCode = [...file.code.matchAll(/[A-Za-z_$][\w$]*/g)].filter((match) =>
        words(match[0]).some((word) => FORBIDDEN_WORD.test(word)),
      );
      return [
        ...inPath.map((word) => `${file.path}:1 has \`${word}\` in its path: say what it does`),
        ...inCode.map((match) => `${file.path}:${lineAt(file.code, match.index)} \`${match[0]}\`: say what it does`),
      ];
    }),
  );
});

test('only core/clock.ts reads the clock', () => {
  const others = SRC.filter((file) => file.path !== 'src/core/clock.ts');
  const clock =
    /\bDate\s*\.\s*now\b|\bperformance\s*\.\s*now\b|\bprocess\s*\.\s*hrtime\b|\bnew\s+Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*\()/;
  none(places(others, clock, 'code', 'take a Clock (core/clock.ts)'));
});

test('only core/draw.ts draws', () => {
  const others = SRC.filter((file) => file.path !== 'src/core/draw.ts');
  const draw =
    /\bMath\s*\.\s*random\b|\b(?:randomBytes|randomUUID|randomInt|randomFill|randomFillSync|getRandomValues)\b/;
  none(places(others, draw, 'code', 'take a Draw (core/draw.ts)'));
});

/** Read before traffic flows; the rest of src is read later, or by other commands. */
const AT_START = SRC.filter(
  ({ path }) =>
    !/^src\/(?:demo\/|dashboard\/|cli\/check|config\/providers\/|admin\/server|telemetry\/metrics)/.test(path),
);

test('what a start has to wait for imports nothing that is slow to import', () => {
  const imported =
    /^import (?!type\b)(?:[^;]*?\bfrom )?'(?:node:(?:http|https|crypto|util|fs|fs\/promises)|pino|semver[^']*|re2js|fastify|prom-client)'/m;
  const rule = 'types aside, use process.getBuiltinModule (an import runs every getter), or core/later.ts';
  none(places(AT_START, imported, 'text', rule));
});

test('there are no default exports, enums, namespaces, re-exports or uses of any', () => {
  const all = [...SRC, ...BENCH, ...TESTS];
  none([
    ...places(all, /\bexport\s+default\b/, 'code', 'exports have names'),
    ...places(all, /\b(?:const\s+)?enum\s+\w+\s*\{/, 'code', 'a union of strings, or a constant object'),
    ...places(all, /^\s*(?:export\s+)?(?:declare\s+)?namespace\s+\w+/m, 'code', 'a file is the module'),
    ...places(all, /\bexport\s+(?:type\s+)?(?:\*|\{[^}]*\}\s*from\b)/, 'code', 'import it where it lives; no barrels'),
    ...places(all, /(?<![.\w])any(?!\w|\s*:)/, 'code', 'say the type, or unknown'),
  ]);
});

test('nothing is inherited but Error', () => {
  const heirs = SRC.filter((file) => !(file.path in HEIRS));
  none(
    places(heirs, /\bclass\s+\w+(?:<[^>{]*>)?\s+extends\s+(?!\w*Error\b)\w+/, 'code', 'hold one instead of being one'),
  );
});

test('a cast through unknown carries its reason', () => {
  none(
    SRC.flatMap((file) =>
      [...file.code.matchAll(/\bas\s+unknown\s+as\b/g)].flatMap((match) => {
        const line = lineAt(file.text, match.index);
        const near = file.text.split('\n').slice(Math.max(0, line - 4), line);
        return near.some((text) => /\/\/|\*/.test(text))
          ? []
          : [`${file.path}:${line} casts through unknown without a comment`];
      }),
    ),
  );
});

test('nothing is left to do in a comment, and no test is passed over', () => {
  const all = [...SRC, ...BENCH, ...TESTS];
  none([
    ...places(all, LEFTOVERS, 'text', 'do it, or say plainly that it is missing where users read'),
    ...places(TESTS, NOT_RUN, 'code', 'a test that does not run proves nothing'),
    ...places(TESTS, NOT_RUN_OPTION, 'code', 'a test that does not run proves nothing'),
  ]);
});

interface PackageFile {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageFile;

/** Packages that become part of the dashboard's bundle, or make it, before the product runs. */
const BUNDLED = ['preact', 'esbuild'];

/** `@scope/name/file` -> `@scope/name`; undefined for what Node.js brings itself. */
function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('node:') || specifier.startsWith('.')) return undefined;
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
}

test('the product imports only its own dependencies, and uses every one of them', () => {
  const used = new Set<string>();
  const problems = SRC.flatMap((file) =>
    file.imports.flatMap((entry) => {
      const name = packageOf(entry.specifier);
      if (name === undefined) return [];
      used.add(name);
      if (name in PACKAGE.dependencies) return [];
      if (file.path.startsWith('src/dashboard/') && BUNDLED.includes(name)) return [];
      return [`${file.path}:${entry.line} imports ${entry.specifier}: a production install does not have it`];
    }),
  );
  const idle = Object.keys(PACKAGE.dependencies).filter((name) => !used.has(name));
  none([...problems, ...idle.map((name) => `package.json: no file under src imports the dependency ${name}`)]);
});

test('dependencies have exact versions, and the lock file names no host to fetch them from', () => {
  const versions = Object.entries({ ...PACKAGE.dependencies, ...PACKAGE.devDependencies });
  const loose = versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8').split('\n');
  const hosts = lock.flatMap((line, index) =>
    /"resolved"|https?:\/\/[^"/]*registry/.test(line) ? [`package-lock.json:${index + 1} ${line.trim()}`] : [],
  );
  none([...loose.map(([name, version]) => `package.json: ${name} ${version} is not one version`), ...hosts]);
});

test('the lock file holds every optional package that a locked one names, without which npm ci refuses it', () => {
  const text = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, { optionalDependencies?: object }> };
  none(
    Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages))
        .map((name) => `package-lock.json: ${path} names ${name}, which is not locked`),
    ),
  );
});

test('the scan behind these rules sees through strings, comments, templates and regular expressions', () => {
  const text =
    "const a = 'any'; // any\nconst b = /[/]any\"/.test(`any $" + '{a + `$' + "{'any'}`} any`) ? 1 / 2 : any / 3;\n";
  const code = blank(text);
  assert.equal(code.length, text.length);
  assert.deepEqual(
    [...code.matchAll(/any/g)].map((match) => match.index),
    [text.lastIndexOf('any')],
  );
});

test('the scan behind these rules sees through tags', () => {
  const text = "const a = <b title='any'>{one / two}</b>;\nconst c = <b d={1} />; // any\nconst e: any = /any/;\n";
  assert.deepEqual(
    [...blank(text).matchAll(/any/g)].map((match) => match.index),
    [text.indexOf('any = ')],
  );
});

test('the scan behind these rules measures functions, whatever their return type', () => {
  const code = [
    'function one(a: { b: number }): { c: number } {',
    '  if (a) {',
    '  }',
    '}',
    'const two = (a: string): Promise<{ b: string }> => {',
    '};',
    'interface Three { four(a: number): void; five(): { six: 1 } }',
    'class Seven { eight(): void {',
    '} }',
  ].join('\n');
  assert.deepEqual(functionsOf(code), [
    { line: 1, lines: 4 },
    { line: 5, lines: 2 },
    { line: 8, lines: 2 },
  ]);
});

test('the scan behind these rules finds imports of every form, and circles among them', () => {
  const first = sourceFile('src/core/a.ts', "import type { B } from '../config/b.ts';\nimport 'node:net';\n");
  const second = sourceFile('src/config/b.ts', "const a = await import('../core/a.ts');\n");
  assert.deepEqual(
    first.imports.map((entry) => entry.target ?? entry.specifier),
    ['src/config/b.ts', 'node:net'],
  );
  assert.equal(objection('src/core/a.ts', 'src/config/b.ts'), 'core may import nothing of ours');
  assert.deepEqual(circles([first, second]), [['src/core/a.ts', 'src/config/b.ts']]);
});
