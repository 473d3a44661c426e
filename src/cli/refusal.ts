/**
 * What a refusal of the API reads like, and the exit code it leads to.
 *
 * Rule: the reply's own sentence first, then every problem in a line with its place, then what to do that only the caller
 * can know: which token was sent, which revision was named, what both sides of a conflict say.
 */

import type { Conflict, ProblemItem, ProblemReply } from '../admin/shapes/common.ts';
import type { Role } from '../admin/shapes/status.ts';
import { CommandEnd, FAILED, FORBIDDEN, STALE, UNREACHABLE } from './ends.ts';
import type { Answer } from './http.ts';
import { counted } from './print.ts';
import type { Where } from './where.ts';

/** The call that was refused. */
export interface Refused {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly ifMatch: string | undefined;
  /** What problems call the text that was sent, where it came from a file. */
  readonly file: string | undefined;
}

export function refusalOf(answer: Answer, refused: Refused, where: Where): CommandEnd {
  const reply = replyOf(answer);
  if (reply === undefined) return strange(answer, where);
  if (reply.type.startsWith(FAULT)) return traffic(reply, where);
  const summary = summaryOf(reply);
  const lines = summary === '' ? [] : [summary];
  for (const problem of reply.problems ?? []) lines.push(problemLine(problem, refused.file));
  for (const conflict of reply.conflicts ?? []) lines.push(...sides(conflict));
  const code = codeOf(reply);
  if (code === FORBIDDEN) lines.push(...leave(reply, refused, where));
  if (code === STALE && reply.code !== 'conflict') lines.push(...stale(reply, refused));
  return new CommandEnd(code, lines.join('\n'), reply);
}

/** Not the first problem twice: a sentence that goes on to tell it is for readers who get no list. May leave nothing. */
function summaryOf({ title, detail, problems: [first] = [] }: ProblemReply): string {
  const at = first === undefined ? -1 : detail.indexOf(first.detail);
  if (first === undefined || at === -1) return detail === '' ? title : detail;
  const before = detail.slice(0, at).replace(/[:\s]+$/, '');
  const said = before.endsWith(first.pointer) ? before.slice(0, before.length - first.pointer.length) : before;
  return said.replace(/[:\s]+$/, '').replace(/^(body|params|querystring|headers)$/, '');
}

/** `routes.yaml:4:17 /routes/a/match: unknown key "pth"; did you mean "path"?` */
export function problemLine(problem: ProblemItem, file?: string): string {
  const { severity, pointer, detail, advice, path, line, column } = problem;
  const name = file ?? path;
  const at = line === undefined ? name : `${name ?? 'line'}:${line}${column === undefined ? '' : `:${column}`}`;
  const place = [at, pointer].filter((part) => part !== undefined && part !== '').join(' ');
  const said = `${severity === 'notice' ? 'notice: ' : ''}${detail}${advice === '' ? '' : `; ${advice}`}`;
  return place === '' ? said : `${place}: ${said}`;
}

export function problemLines(problems: readonly ProblemItem[], file?: string): string[] {
  return problems.map((problem) => problemLine(problem, file));
}

function codeOf({ status, code }: ProblemReply): number {
  if (status === 401 || status === 403) return FORBIDDEN;
  return status === 412 || code === 'stale' || code === 'conflict' ? STALE : FAILED;
}

function replyOf({ text }: Answer): ProblemReply | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const { code, detail, title, status, type } = value as Partial<ProblemReply>;
    if (typeof code !== 'string' || typeof status !== 'number') return undefined;
    return { ...(value as ProblemReply), detail: detail ?? '', title: title ?? code, type: type ?? '' };
  } catch {
    return undefined;
  }
}

/** Something answers, and it is not the API: a wrong port, or a proxy before it. */
function strange({ status, headers }: Answer, { address }: Where): CommandEnd {
  const type = headers['content-type'] ?? 'no content type';
  const said = `${address} answers ${status} (${type}), and not as Signalbox's admin API`;
  return new CommandEnd(UNREACHABLE, `${said}; check the address: --admin URL or SIGNALBOX_ADMIN`);
}

/** What replies of the data path begin their type with; the admin API's have another one. */
const FAULT = 'urn:signalbox:fault:';

/** The port of a listener in place of the admin port: easily done, and a router answers there too. */
function traffic({ status, code, detail }: ProblemReply, { address }: Where): CommandEnd {
  const said = `${address} answers as a listener for traffic does (${status} ${code}: ${detail})`;
  return new CommandEnd(UNREACHABLE, `${said}; name the admin port: --admin URL or SIGNALBOX_ADMIN`);
}

/** The role that a call needs. */
export function roleFor(method: string, path: string): Role {
  if (method === 'GET' || path === '/v1/explain' || path === '/v1/config/check') return 'viewer';
  return path === '/v1/config' || path.endsWith('/restore') ? 'admin' : 'operator';
}

function leave({ status }: ProblemReply, { method, path }: Refused, { token, tokenFrom }: Where): string[] {
  const role = roleFor(method, path);
  const needed = `${method} ${path} needs the role ${role}${role === 'admin' ? '' : ' or a higher one'}`;
  if (token === undefined) return [needed, 'no token was sent: set SIGNALBOX_TOKEN, or name a file with --token-file'];
  const fault = status === 401 ? 'is not known to the router' : 'has a lower role';
  return [needed, `the token from ${tokenFrom} ${fault}; name another: SIGNALBOX_TOKEN or --token-file FILE`];
}

function stale({ revision }: ProblemReply, { ifMatch }: Refused): string[] {
  const named = ifMatch === undefined ? [] : [`you named:  revision ${ifMatch}`];
  const runs = revision === undefined ? [] : [`now runs:   revision ${revision}`];
  return [...named, ...runs, 'look at what runs, and write again with --if-match and its revision'];
}

/** Of a part only the keys in which the sides differ: they are hard to find in three long lines. */
function sides(conflict: Conflict): string[] {
  const { pointer, base, file, yours } = conflict;
  if (isMap(base) && isMap(file) && isMap(yours)) {
    const keys = [...new Set([base, file, yours].flatMap(Object.keys))];
    const inner = keys.map((key) => ({
      pointer: `${pointer}/${key}`,
      base: base[key],
      file: file[key],
      yours: yours[key],
    }));
    return inner.filter((one) => new Set([one.base, one.file, one.yours].map(side)).size > 1).flatMap(sides);
  }
  return [
    `${pointer}:`,
    `  runs:        ${side(base)}`,
    `  in the file: ${side(file)}`,
    `  yours:       ${side(yours)}`,
  ];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function side(value: unknown): string {
  return value === undefined || value === null ? '(not there)' : JSON.stringify(value);
}

/** `2 problems; 1 notice` */
export function tally(problems: readonly ProblemItem[]): string {
  const notices = problems.filter(({ severity }) => severity === 'notice').length;
  const said = notices === 0 ? '' : `; ${counted(notices, 'notice')}`;
  return `${counted(problems.length - notices, 'problem')}${said}`;
}
