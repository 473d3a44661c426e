/**
 * Node's own parser, llhttp with no leniency, as a second opinion on whole messages.
 *
 * Rule: a message counts only where it is complete exactly at its last byte: not a byte earlier, and with nothing left.
 */

import { createRequire } from 'node:module';
import type { Field } from './grammar.ts';

interface Parser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenientFlags: number): void;
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  [callback: number]: (...args: never[]) => number | undefined;
}
interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

// Not part of Node's documented interface, and the only way to llhttp that needs no socket.
const { HTTPParser, methods } = createRequire(import.meta.url)('node:_http_common') as {
  HTTPParser: ParserClass;
  methods: readonly string[];
};

/** The methods llhttp knows; it refuses all others. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(methods);

export interface Seen {
  method: string | undefined;
  target: string | undefined;
  status: number | undefined;
  reason: string | undefined;
  version: string;
  fields: Field[];
  trailers: Field[];
  body: string;
  heads: number;
  complete: number;
  /** Why llhttp refused; '' where it did not. */
  error: string;
}

function pairs(flat: readonly string[]): Field[] {
  return Array.from({ length: flat.length / 2 }, (_, i): Field => [flat[2 * i], flat[2 * i + 1]]);
}

const LARGEST_HEAD = 1 << 24;

class Listener {
  readonly seen: Seen = {
    method: undefined,
    target: undefined,
    status: undefined,
    reason: undefined,
    version: '',
    fields: [],
    trailers: [],
    body: '',
    heads: 0,
    complete: 0,
    error: '',
  };
  private readonly parser = new HTTPParser();
  private early: Field[] = [];
  private earlyTarget = '';

  /** `bodiless`: a reply to HEAD. */
  constructor(kind: 'request' | 'reply', bodiless: boolean) {
    const { seen, parser } = this;
    parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, LARGEST_HEAD, 0);
    // Long field sections come in several calls; so do trailers.
    parser[HTTPParser.kOnHeaders] = (flat: string[], target: string) => {
      if (seen.heads > 0) seen.trailers.push(...pairs(flat));
      else this.early.push(...pairs(flat));
      this.earlyTarget += target;
      return 0;
    };
    parser[HTTPParser.kOnHeadersComplete] = (
      major: number,
      minor: number,
      flat: string[] | undefined,
      method: number | undefined,
      target: string | undefined,
      status: number | undefined,
      reason: string | undefined,
    ) => {
      seen.heads++;
      seen.version = `HTTP/${major}.${minor}`;
      seen.method = method === undefined ? undefined : methods[method];
      seen.target = this.earlyTarget + (target ?? '');
      seen.status = status;
      seen.reason = reason ?? '';
      seen.fields = [...this.early, ...pairs(flat ?? [])];
      return bodiless ? 1 : 0;
    };
    parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
      seen.body += bytes.toString('latin1');
      return 0;
    };
    parser[HTTPParser.kOnMessageComplete] = () => {
      seen.complete++;
      return 0;
    };
  }

  feed(text: string): void {
    if (this.seen.error !== '' || text === '') return;
    const result = this.parser.execute(Buffer.from(text, 'latin1'));
    if (result instanceof Error) this.seen.error = `${(result as NodeJS.ErrnoException).code} ${result.message}`;
  }

  finish(): void {
    if (this.seen.error !== '') return;
    const result = this.parser.finish();
    if (result !== undefined) this.seen.error = String((result as NodeJS.ErrnoException).code);
  }
}

/** What llhttp makes of these bytes. `closed`: the peer closed behind them. */
export function listen(text: string, kind: 'request' | 'reply', bodiless = false, closed = false): Seen {
  const listener = new Listener(kind, bodiless);
  listener.feed(text);
  if (closed) listener.finish();
  return listener.seen;
}

/** What llhttp makes of a message; `early` says that it was complete before its last byte. */
export function listenToMessage(
  text: string,
  kind: 'request' | 'reply',
  bodiless: boolean,
  closed: boolean,
): Seen & { early: boolean } {
  const listener = new Listener(kind, bodiless);
  listener.feed(text.slice(0, -1));
  const early = listener.seen.complete > 0;
  listener.feed(text.slice(-1));
  if (closed) listener.finish();
  return { ...listener.seen, early };
}
