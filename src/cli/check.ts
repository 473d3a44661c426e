/**
 * `signalbox check`: everything that is wrong with a document, without a router.
 *
 * Rule: it says what `serve` would say, through the same reading, compiling and rehearsing, and looks into the files that the
 * document names; exit 0 means that `serve` takes the document. Problems go to standard output, one a line, so that editors
 * and CI find them.
 */

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { AdminSettings, Problem, Reading } from '../config/document.ts';
import { formatProblem } from '../config/problems.ts';
import { textOf } from '../config/providers/regular.ts';
import { readDocument } from '../config/read.ts';
import { readTls } from '../config/tls-files.ts';
import { problemIn, tryOut } from '../config/try-out.ts';

export interface CommandIo {
  /** Writes one line (or several) to standard output; the line break is added. */
  out(text: string): void;
  /** The same to standard error. */
  err(text: string): void;
}

const USAGE = `usage: signalbox check [FILE] [--json]

Checks a document (default: routes.yaml) and prints every problem as
path:line:column severity: reason; advice

  --json   one JSON object in place of lines
  --help   this text

exit 0: the document is valid, 1: it is not, 2: the command was not understood`;

/** Runs the command; the exit status. `argv`: what follows `check`. `env`: where \`\${NAME}\` is looked up. */
export async function checkCommand(
  argv: readonly string[],
  io: CommandIo,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
  const asked = readArguments(argv);
  if (typeof asked === 'string') {
    io.err(`signalbox check: ${asked}\n\n${USAGE}`);
    // Arguments that were not understood may have asked for it all the same.
    if (argv.includes('--json')) io.out(JSON.stringify({ code: 'wrong_arguments', detail: asked }, undefined, 2));
    return 2;
  }
  if (asked.help) {
    io.out(USAGE);
    return 0;
  }
  const reading = await checkFile(asked.path, env);
  const lines = asked.json ? [inJson(asked.path, reading)] : inWords(asked.path, reading);
  for (const line of lines) io.out(line);
  return reading.ok ? 0 : 1;
}

interface Asked {
  readonly path: string;
  readonly json: boolean;
  readonly help: boolean;
}

/** What was asked for, or what is wrong with the arguments. */
function readArguments(argv: readonly string[]): Asked | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    });
    if (positionals.length > 1) return `one file at a time, please; not ${positionals.join(', ')}`;
    return { path: positionals[0] ?? 'routes.yaml', json: values.json, help: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Reads, compiles and rehearses; what compiling or an example says is a problem like any other. */
async function checkFile(path: string, env: Readonly<Record<string, string | undefined>>): Promise<Reading> {
  let text: string;
  try {
    text = textOf(await readFile(path));
  } catch (error) {
    const reason = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, problems: [problemAt(path, reason, 'name a file that exists and is UTF-8')] };
  }
  const reading = readDocument(text, path, env);
  if (!reading.ok) return reading;
  const files = await tlsProblems(reading.document.admin, text, path);
  const problems = [...files, ...tryOut(reading.document, reading.revision, text, path)];
  return problems.length === 0 ? reading : { ok: false, problems: inOrder([...reading.notices, ...problems]) };
}

/** What is wrong with the files of the admin port's certificate. */
async function tlsProblems({ tls }: AdminSettings, text: string, path: string): Promise<Problem[]> {
  const read = tls === undefined ? undefined : await readTls(tls);
  if (read === undefined || read.ok) return [];
  return read.flaws.flatMap(({ key, ...flaw }) => problemIn(text, path, { keys: ['admin', 'tls', key], ...flaw }));
}

function inOrder(problems: Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function problemAt(path: string, reason: string, advice: string): Problem {
  return { severity: 'error', path, line: 1, column: 1, pointer: '', reason, advice };
}

function inWords(path: string, reading: Reading): string[] {
  if (reading.ok) {
    const { document, revision, notices } = reading;
    const routes = counted(Object.keys(document.routes).length, 'route');
    const upstreams = counted(Object.keys(document.upstreams).length, 'upstream');
    const said = notices.length === 0 ? '' : `; ${counted(notices.length, 'notice')}`;
    return [...notices.map(formatProblem), `${path}: ${routes}, ${upstreams}, revision ${revision}${said}`];
  }
  const { problems } = reading;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const notices = problems.length - errors;
  const said = notices === 0 ? '' : `; ${counted(notices, 'notice')}`;
  return [...problems.map(formatProblem), `${path}: ${counted(errors, 'problem')}${said}`];
}

function inJson(path: string, reading: Reading): string {
  const result = reading.ok
    ? {
        ok: true,
        path,
        revision: reading.revision,
        routes: Object.keys(reading.document.routes).length,
        upstreams: Object.keys(reading.document.upstreams).length,
        problems: reading.notices,
      }
    : { ok: false, path, problems: reading.problems };
  return JSON.stringify(result, undefined, 2);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
