/**
 * Calls of the admin API from the browser.
 *
 * Rule: every call of the pages goes through here. The token lives in sessionStorage alone and leaves only as a bearer
 * token for the page's own origin. A reply that is no success is thrown as a Refusal, with the router's own words.
 */

import type { ProblemReply } from '../../admin/shapes/common.ts';
import { change } from './store.ts';

const TOKEN = 'signalbox-token';

export class Refusal extends Error {
  readonly problem: ProblemReply;

  constructor(problem: ProblemReply) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }

  /** What else there is to know: each problem with its advice, each conflict. */
  get more(): string[] {
    const { problems = [], conflicts = [] } = this.problem;
    return [
      ...problems.map(({ pointer, detail, advice }) => [pointer, detail, advice].filter(Boolean).join('; ')),
      ...conflicts.map(({ pointer }) => `${pointer} was changed on both sides`),
    ];
  }
}

export interface Asking {
  readonly body?: unknown;
  /** A revision; the quotes are added here. */
  readonly ifMatch?: string;
  readonly reason?: string;
  readonly author?: string;
  readonly dryRun?: boolean;
}

export function token(): string {
  try {
    return sessionStorage.getItem(TOKEN) ?? '';
  } catch {
    return '';
  }
}

export function setToken(text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, text);
  } catch {
    // Without storage it is asked for at the next visit of the page.
  }
}

export function headersOf({ body, ifMatch, reason = '', author = '' }: Asking): Record<string, string> {
  const headers: Record<string, string> = {};
  if (token() !== '') headers.authorization = `Bearer ${token()}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`;
  if (reason !== '') headers['x-reason'] = bytesOf(reason);
  if (author !== '') headers['x-author'] = bytesOf(author);
  return headers;
}

/** A header's value holds bytes only; these are the text's UTF-8, as curl sends them. */
export function bytesOf(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text.replaceAll(/\s+/g, ' ').trim()));
}

/** The body of a successful reply, JSON or text by its type. Who asks says what it is. */
export async function ask<T>(method: string, path: string, asking: Asking = {}): Promise<T> {
  const address = asking.dryRun === true ? `${path}?dryRun=true` : path;
  const body = asking.body === undefined ? {} : { body: JSON.stringify(asking.body) };
  let reply: Response;
  try {
    reply = await fetch(address, { method, headers: headersOf(asking), cache: 'no-store', ...body });
  } catch {
    throw new Refusal(unreachable());
  }
  const isJson = /json/.test(reply.headers.get('content-type') ?? '');
  const said: unknown = isJson ? await reply.json() : await reply.text();
  if (reply.status === 401) lock();
  if (!reply.ok) throw new Refusal(isJson ? (said as ProblemReply) : plain(reply, String(said)));
  return said as T;
}

/** All items of a list, page after page. */
export async function askAll<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  for (let after = ''; ; ) {
    const page = await ask<{ items: T[]; next?: string }>('GET', `${path}?limit=1000${after}`);
    items.push(...page.items);
    if (page.next === undefined) return items;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

/** Shows the form that asks for a token. */
export function lock(): void {
  change({ locked: token() === '' ? 'The router asks for a token.' : 'The router does not know this token.' });
}

function unreachable(): ProblemReply {
  return { type: 'about:blank', title: 'Router gone', status: 0, detail: 'The router does not answer.', code: 'gone' };
}

function plain({ status, statusText }: Response, text: string): ProblemReply {
  return { type: 'about:blank', title: statusText, status, detail: text.slice(0, 300) || `status ${status}`, code: '' };
}
