/**
 * Reading HTTP/1.1 off a socket, strictly: what a picky peer would accept, and nothing else.
 *
 * Rule: text is latin1, so that one character is one byte; a message that is not exactly as RFC 9112 wants it throws with
 * what was seen. It shares no code with the router: two readers that agree are worth more than one.
 */

import type { Readable } from 'node:stream';
import { PATIENCE, within } from './wait.ts';

export type Ending = 'fin' | 'rst';
export type Field = readonly [name: string, value: string];
export type Framing = 'none' | 'length' | 'chunked' | 'close';

export interface Message {
  /** Request line or status line, without its CRLF. */
  readonly start: string;
  /** The whole head as it came, with the empty line. */
  readonly head: string;
  readonly fields: readonly Field[];
  readonly framing: Framing;
  /** The body decoded. */
  readonly body: string;
  /** The body as framed on the wire. */
  readonly raw: string;
  readonly trailers: readonly Field[];
}

/** The peer closed before the message was complete. */
export class Broken extends Error {
  readonly ending: Ending;
  /** Bytes that had come of the unfinished part. */
  readonly partial: string;

  constructor(ending: Ending, partial: string, what: string) {
    super(`the peer broke off (${ending}) while ${what} was awaited, after ${JSON.stringify(partial.slice(0, 400))}`);
    this.ending = ending;
    this.partial = partial;
  }
}

/** All bytes a socket receives: kept whole in `all`, taken in order by the reading methods. */
export class Inbox {
  ending: Ending | undefined = undefined;
  unread = '';
  private pieces: string[] = [];
  private waiting: (() => void)[] = [];

  constructor(socket: Readable) {
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      this.pieces.push(text);
      this.unread += text;
      this.wake();
    });
    socket.on('end', () => this.finish('fin'));
    socket.on('error', () => this.finish('rst'));
    socket.on('close', () => this.finish('rst'));
  }

  /** Every byte so far. */
  get all(): string {
    if (this.pieces.length > 1) this.pieces = [this.pieces.join('')];
    return this.pieces[0] ?? '';
  }

  /** Bytes up to and with the marker. */
  async until(marker: string, what: string): Promise<string> {
    const found = await this.wait(what, () => this.unread.includes(marker));
    if (!found) throw new Broken(this.ending ?? 'fin', this.unread, what);
    return this.take(this.unread.indexOf(marker) + marker.length);
  }

  async exactly(count: number, what: string): Promise<string> {
    const found = await this.wait(what, () => this.unread.length >= count);
    if (!found) throw new Broken(this.ending ?? 'fin', this.unread, what);
    return this.take(count);
  }

  /** Takes these bytes where they are next; says whether they were. */
  async skip(text: string): Promise<boolean> {
    await this.wait('more bytes', () => this.unread.length >= text.length);
    if (!this.unread.startsWith(text)) return false;
    this.take(text.length);
    return true;
  }

  /** Everything until the peer closes. */
  async rest(limit = PATIENCE): Promise<string> {
    await this.wait('the peer to close', () => this.ending !== undefined, limit);
    return this.take(this.unread.length);
  }

  /** False where the peer closed first. */
  private async wait(what: string, ready: () => boolean, limit = PATIENCE): Promise<boolean> {
    while (!ready()) {
      if (this.ending !== undefined) return false;
      const more = new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
      await within(() => `${what}; unread: ${JSON.stringify(this.unread.slice(0, 400))}`, more, limit);
    }
    return true;
  }

  private wake(): void {
    const woken = this.waiting;
    this.waiting = [];
    for (const resolve of woken) resolve();
  }

  private take(count: number): string {
    const taken = this.unread.slice(0, count);
    this.unread = this.unread.slice(count);
    return taken;
  }

  private finish(ending: Ending): void {
    this.ending ??= ending;
    this.wake();
  }
}

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
const CHUNK =
  /^([0-9A-Fa-f]+)((?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"[^"\\]*(?:\\.[^"\\]*)*"))?)*)\r\n$/;

/** Reads one message. `bodiless`: a reply to HEAD. */
export async function readMessage(inbox: Inbox, kind: 'request' | 'reply', bodiless = false): Promise<Message> {
  const head = await inbox.until('\r\n\r\n', `a ${kind} head`);
  const lines = head.slice(0, -4).split('\r\n');
  const start = lines[0];
  const shape = kind === 'request' ? /^\S+ \S+ HTTP\/1\.[01]$/ : /^HTTP\/1\.1 \d{3} [\t\x20-\x7e\x80-\xff]*$/;
  if (!shape.test(start)) throw new Error(`not a ${kind} line: ${JSON.stringify(start)}`);
  const fields = lines.slice(1).map(readField);
  const framing = framingOf(kind, start, fields, bodiless);
  return { start, head, fields, framing, ...(await readBody(inbox, framing, fields)) };
}

function readField(line: string): Field {
  const parts = FIELD.exec(line);
  if (parts === null) throw new Error(`not a field line: ${JSON.stringify(line)}`);
  return [parts[1], parts[2]];
}

/** Values of a field, all lines in order; names compare without case. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  const wanted = name.toLowerCase();
  return fields.filter((field) => field[0].toLowerCase() === wanted).map((field) => field[1]);
}

function framingOf(kind: string, start: string, fields: readonly Field[], bodiless: boolean): Framing {
  const lengths = valuesOf(fields, 'content-length');
  const codings = valuesOf(fields, 'transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Error(`framing said twice in ${JSON.stringify(fields)}`);
  if (lengths.length === 1 && !/^\d+$/.test(lengths[0])) throw new Error(`bad length ${lengths[0]}`);
  if (codings.length === 1 && codings[0].toLowerCase() !== 'chunked') throw new Error(`bad coding ${codings[0]}`);
  if (kind === 'reply' && (bodiless || /^HTTP\/1\.1 (1\d\d|204|304) /.test(start))) return 'none';
  if (codings.length === 1) return 'chunked';
  if (lengths.length === 1) return 'length';
  return kind === 'request' ? 'none' : 'close';
}

type Body = Pick<Message, 'body' | 'raw' | 'trailers'>;

async function readBody(inbox: Inbox, framing: Framing, fields: readonly Field[]): Promise<Body> {
  if (framing === 'none') return { body: '', raw: '', trailers: [] };
  if (framing === 'chunked') return readChunks(inbox);
  if (framing === 'length') {
    const raw = await inbox.exactly(Number(valuesOf(fields, 'content-length')[0]), 'a body of known length');
    return { body: raw, raw, trailers: [] };
  }
  const raw = await inbox.rest();
  if (inbox.ending === 'rst') throw new Broken('rst', raw, 'the end of a body delimited by close');
  return { body: raw, raw, trailers: [] };
}

async function readChunks(inbox: Inbox): Promise<Body> {
  let body = '';
  let raw = '';
  for (;;) {
    const line = await inbox.until('\r\n', 'a chunk line');
    const parts = CHUNK.exec(line);
    if (parts === null) throw new Error(`not a chunk line: ${JSON.stringify(line)}`);
    raw += line;
    const size = Number.parseInt(parts[1], 16);
    if (size === 0) break;
    const data = await inbox.exactly(size + 2, 'a chunk');
    if (!data.endsWith('\r\n')) throw new Error(`a chunk without its CRLF: ${JSON.stringify(data.slice(-20))}`);
    body += data.slice(0, -2);
    raw += data;
  }
  const trailers: Field[] = [];
  for (;;) {
    const line = await inbox.until('\r\n', 'a trailer line');
    raw += line;
    if (line === '\r\n') return { body, raw, trailers };
    trailers.push(readField(line.slice(0, -2)));
  }
}
