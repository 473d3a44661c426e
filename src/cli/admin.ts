/**
 * The admin API as commands call it.
 *
 * Rule: what is no success is thrown as a CommandEnd, so that a command reads as what it does. Bodies are typed by the
 * API's own shapes and not checked again: server and commands are one version, and `--json` passes on what was said.
 */

import type { Io } from './command.ts';
import type { CommandEnd } from './ends.ts';
import type { Given } from './given.ts';
import { type Answer, type Ask, call, stream } from './http.ts';
import { type Refused, refusalOf } from './refusal.ts';
import { type Event, EventReader } from './sse.ts';
import { withNearest } from './unknown-name.ts';
import { type Where, whereOf } from './where.ts';

/** Most that the API gives at once. */
const PAGE = 1000;

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Behind `/v1`, in steps that are encoded here. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON; undefined: no body. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly yaml?: string;
  readonly accept?: string;
  readonly ifMatch?: string | undefined;
  readonly reason?: string | undefined;
  /** The file that the body came from. */
  readonly file?: string | undefined;
  /** Milliseconds on top of the usual limit. */
  readonly longer?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

export interface Got<T> {
  readonly value: T;
  readonly status: number;
  /** Without its quotes; '' where none came. */
  readonly revision: string;
}

export class Admin {
  readonly where: Where;
  private readonly io: Pick<Io, 'alarms'>;

  constructor(where: Where, io: Pick<Io, 'alarms'>) {
    this.where = where;
    this.io = io;
  }

  /** The body as it came. */
  async text(asked: Call): Promise<Got<string>> {
    const answer = await call(this.ask(asked), this.io.alarms);
    if (answer.status < 200 || answer.status > 299) throw await this.refusal(answer, asked);
    return { value: answer.text, status: answer.status, revision: revisionIn(answer) };
  }

  async json<T>(asked: Call): Promise<Got<T>> {
    const got = await this.text(asked);
    try {
      return { ...got, value: JSON.parse(got.value) as T }; // see the rule above
    } catch {
      throw refusalOf({ status: got.status, headers: {}, text: '' }, refusedOf(asked), this.where);
    }
  }

  /** All pages of a list in one, or its first `limit` items. */
  async list<T>(path: readonly string[], limit = Number.POSITIVE_INFINITY): Promise<Page<T>> {
    const items: T[] = [];
    let after: string | undefined;
    for (;;) {
      const query = { limit: String(Math.min(PAGE, limit - items.length)), after };
      const { value } = await this.json<Page<T> & { readonly next?: string }>({ method: 'GET', path, query });
      items.push(...value.items);
      if (value.next === undefined || value.items.length === 0 || items.length >= limit)
        return { items: items.slice(0, limit), total: value.total };
      after = value.next;
    }
  }

  /** Takes events until the stream ends or `signal` aborts. */
  async events(path: readonly string[], signal: AbortSignal, take: (event: Event) => void): Promise<void> {
    const asked: Call = { method: 'GET', path, accept: 'text/event-stream' };
    const reader = new EventReader(take);
    const refused = await stream(this.ask(asked), this.io.alarms, signal, (piece) => reader.read(piece));
    if (refused !== undefined) throw refusalOf(refused, refusedOf(asked), this.where);
  }

  private async refusal(answer: Answer, asked: Call): Promise<CommandEnd> {
    const end = refusalOf(answer, refusedOf(asked), this.where);
    if (end.reply?.code !== 'not_found') return end;
    return withNearest(end, asked.path, (path, most) => this.list(path, most));
  }

  private ask(asked: Call): Ask {
    const { address, tls, timeout } = this.where;
    const body = asked.yaml ?? (asked.json === undefined ? undefined : JSON.stringify(asked.json));
    const url = `${address}${pathOf(asked)}${queryOf(asked)}`;
    return {
      method: asked.method,
      url,
      headers: this.headersOf(asked),
      body,
      tls,
      timeout: timeout + (asked.longer ?? 0),
    };
  }

  private headersOf(asked: Call): Record<string, string> {
    const { token, author } = this.where;
    const headers: Record<string, string> = { accept: asked.accept ?? 'application/json' };
    if (asked.yaml !== undefined) headers['content-type'] = 'application/yaml';
    else if (asked.json !== undefined) headers['content-type'] = 'application/json';
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (asked.method === 'GET') return headers;
    if (author !== undefined) headers['x-author'] = fieldText(author);
    if (asked.reason !== undefined) headers['x-reason'] = fieldText(asked.reason);
    if (asked.ifMatch !== undefined) headers['if-match'] = `"${asked.ifMatch}"`;
    return headers;
  }
}

export function adminOf(given: Given, io: Io): Admin {
  return new Admin(whereOf(given, io), io);
}

function pathOf({ path }: Call): string {
  return `/v1/${path.map(encodeURIComponent).join('/')}`;
}

function queryOf({ query = {} }: Call): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

function refusedOf(asked: Call): Refused {
  return { method: asked.method, path: pathOf(asked), ifMatch: asked.ifMatch, file: asked.file };
}

function revisionIn({ headers }: Answer): string {
  return (headers.etag ?? '').replace(/^W\//, '').replaceAll('"', '');
}

/** One line, its UTF-8 bytes as they are: a field value of RFC 9110 takes them, and Node.js wants a character for each. */
function fieldText(text: string): string {
  return Buffer.from(text.replaceAll(/[\x00-\x1f\x7f]+/g, ' ').trim(), 'utf8').toString('latin1');
}
