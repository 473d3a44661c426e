/**
 * Source files as the house rules look at them: text, text with strings and comments blanked out, imports, functions.
 *
 * Rule: blanked text has the same length and the same lines as the source, so that an offset found in one is a place in
 * the other. It is a light scan of the TypeScript this project writes, not a parser; the rules stand in house.test.ts.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface SourceFile {
  /** From the root, with `/`: `src/core/clock.ts`. */
  readonly path: string;
  readonly text: string;
  /** Strings, templates' texts, regular expressions and comments are blanks; everything else stands where it stood. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** As written: `../core/clock.ts`, `node:net`, `pino`. */
  readonly specifier: string;
  /** From the root, for relative imports: `src/core/clock.ts`. */
  readonly target: string | undefined;
  readonly line: number;
}

export interface FunctionSpan {
  readonly line: number;
  readonly lines: number;
}

/** Every .ts and .tsx file under a folder of the root, read and scanned. */
export function readSources(folder: string): SourceFile[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  return paths.sort().map((path) => sourceFile(path, readFileSync(join(ROOT, path), 'utf8')));
}

export function sourceFile(path: string, text: string): SourceFile {
  const code = blank(text);
  return { path, text, code, imports: importsOf(path, text, code) };
}

/** The line (from 1) of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** `from '...'`, `import '...'` and `import('...')`, types included. */
function importsOf(path: string, text: string, code: string): Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(/\b(?:from|import)\s*\(?\s*(['"])/g)) {
    const start = match.index + match[0].length;
    const specifier = text.slice(start, text.indexOf(match[1], start));
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
    found.push({ specifier, target, line: lineAt(text, match.index) });
  }
  return found;
}

/** A slash after one of these begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|yield|await))$/;

/** Blanks strings, templates' texts, regular expressions and comments. Quotes stay, so that imports can be found. */
export function blank(text: string): string {
  const out = text.split('');
  /** Depth of braces inside each open `${`. */
  const templates: number[] = [];
  const wipe = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  let before = '';
  let at = 0;
  while (at < text.length) {
    const end = skip(text, at, before, templates);
    if (end > at) {
      const quote = text[at] === "'" || text[at] === '"';
      if (text[at] !== '/' || !/^\/[/*]/.test(text.slice(at, at + 2))) before = 'x';
      wipe(at + (quote ? 1 : 0), end - (quote ? 1 : 0));
      at = end;
      continue;
    }
    if (/\S/.test(text[at])) before = (/\w/.test(text[at]) ? before : '').slice(-12) + text[at];
    else if (/\w$/.test(before)) before = `${before} `.replace(/^.*?(\w+) $/, '$1');
    at++;
  }
  return out.join('');
}

/** Where the string, template text, regular expression or comment that begins here ends; `at` where none begins. */
function skip(text: string, at: number, before: string, templates: number[]): number {
  const two = text.slice(at, at + 2);
  if (two === '//') return endOr(text.indexOf('\n', at), text);
  if (two === '/*') return endOr(text.indexOf('*/', at), text, 2);
  const char = text[at];
  if (char === "'" || char === '"') return endOfQuoted(text, at, char);
  if (char === '`') return endOfTemplate(text, at + 1, templates);
  // `</b>` and `<b />` are tags: a `<` compares with no regular expression, and none begins with `>`.
  const tag = before.endsWith('<') || text[at + 1] === '>';
  if (char === '/' && !tag && BEFORE_REGEX.test(before)) return endOfRegex(text, at);
  if (templates.length > 0 && char === '{') templates[templates.length - 1]++;
  if (templates.length > 0 && char === '}') {
    if (templates[templates.length - 1] === 0) {
      templates.pop();
      return endOfTemplate(text, at + 1, templates);
    }
    templates[templates.length - 1]--;
  }
  return at;
}

function endOr(found: number, text: string, length = 0): number {
  return found === -1 ? text.length : found + length;
}

function endOfQuoted(text: string, at: number, quote: string): number {
  let i = at + 1;
  // An apostrophe between tags begins no string; what goes wrong there ends with its line.
  while (i < text.length && text[i] !== quote && text[i] !== '\n') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

/** The end of a template's text: behind the closing backtick, or behind `${`, which is noted as open. */
function endOfTemplate(text: string, at: number, templates: number[]): number {
  let i = at;
  while (i < text.length && text[i] !== '`') {
    if (text[i] === '$' && text[i + 1] === '{') {
      templates.push(0);
      return i + 2;
    }
    i += text[i] === '\\' ? 2 : 1;
  }
  return i + 1;
}

function endOfRegex(text: string, at: number): number {
  let inClass = false;
  let i = at + 1;
  while (i < text.length && (inClass || text[i] !== '/')) {
    if (text[i] === '[') inClass = true;
    if (text[i] === ']') inClass = false;
    i += text[i] === '\\' ? 2 : 1;
  }
  return i + 1;
}

const CONTROL = /\b(?:if|for|while|switch|catch|with|await)\s*$/;

/** Every function, method and arrow function with a body, from the line of its parameters to its closing brace. */
export function functionsOf(code: string): FunctionSpan[] {
  const spans: FunctionSpan[] = [];
  const open: number[] = [];
  for (let i = 0; i < code.length; i++) {
    if (code[i] === '(') open.push(i);
    if (code[i] !== ')') continue;
    const start = open.pop() ?? 0;
    if (CONTROL.test(code.slice(Math.max(0, start - 12), start))) continue;
    const body = bodyAfter(code, i + 1);
    if (body === -1) continue;
    const line = lineAt(code, start);
    spans.push({ line, lines: lineAt(code, closing(code, body)) - line + 1 });
  }
  return spans;
}

/** The brace that opens the body behind a parameter list (and its return type), or -1 where there is no body. */
function bodyAfter(code: string, from: number): number {
  const rest = /^\s*(=>\s*\{|\{|:)/.exec(code.slice(from, from + 200));
  if (rest === null) return -1;
  if (rest[1] !== ':') return from + rest[0].length - 1;
  let before = ':';
  for (let i = from + rest[0].length; i < code.length; i++) {
    const char = code[i];
    if (/\s/.test(char)) continue;
    if (char === '{' && (before === '=>' || /[\w\])>}]/.test(before))) return i;
    if (char === '{' || char === '(' || char === '[') {
      i = closing(code, i);
      before = code[i];
      continue;
    }
    if (/[;,=)}\]?]/.test(char) && code.slice(i, i + 2) !== '=>') return -1;
    before = char === '>' && code[i - 1] === '=' ? '=>' : char;
  }
  return -1;
}

const PAIRS: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

/** The bracket that closes the one at `at`. */
export function closing(code: string, at: number): number {
  const from = code[at];
  const to = PAIRS[from];
  let depth = 0;
  for (let i = at; i < code.length; i++) {
    if (code[i] === from) depth++;
    if (code[i] === to && --depth === 0) return i;
  }
  return code.length;
}
