/**
 * The least of a table that heads and rules ask for, and one request led through them as the line does it.
 */

import { Exchange } from '../../../src/core/exchange.ts';
import { NameSet } from '../../../src/core/names.ts';
import { Sheet } from '../../../src/core/sheet.ts';
import type { ReplyHead } from '../../../src/http1/reply.ts';
import { RequestHead } from '../../../src/http1/request.ts';
import type { HeaderEdit } from '../../../src/policy/policy.ts';
import { replyHead, requestHead } from '../../../src/proxy/heads.ts';
import { forwardedLines, identify } from '../../../src/proxy/identify.ts';
import { type HeadRules, headRules } from '../../../src/proxy/rules.ts';
import type { Correlation, ListenerTable, Rewrite, Table, Zone } from '../../../src/routing/route.ts';
import { seededDraw } from '../../support/draw.ts';

export const CORRELATION = 'x-correlation-id';
export const AUTHORITY = '127.0.0.1:7001';
export const CLIENT = '192.0.2.7';

export interface Options {
  readonly zone?: Zone;
  readonly header?: string;
  readonly context?: readonly string[];
  readonly caller?: string;
  /** Peers that are trusted proxies. */
  readonly trusted?: readonly string[];
}

export interface Ground {
  readonly names: NameSet;
  readonly correlation: Correlation;
  readonly listener: ListenerTable;
  readonly rules: HeadRules;
}

/** A table with one listener, and its rules. */
export function ground(options: Options = {}): Ground {
  const {
    zone = 'internal',
    header = CORRELATION,
    context = ['x-user-id', 'x-tenant'],
    caller,
    trusted = [],
  } = options;
  const names = new NameSet();
  const correlation: Correlation = {
    header,
    number: names.add(header),
    context: context.map((name) => ({ name, number: names.add(name) })),
    caller: caller === undefined ? -1 : names.add(caller),
  };
  const listener: ListenerTable = {
    id: zone,
    settings: {
      address: '127.0.0.1:0',
      zone,
      tls: [],
      trustedProxies: trusted,
      limits: { target: 16_384, head: 65_536, headers: 200, body: Number.POSITIVE_INFINITY, connections: 100 },
      timeout: { head: 10_000, body: 10_000, keepAlive: 75_000 },
      minBodyRate: 0,
    },
    internal: zone === 'internal',
    block: 0,
    trusts: (address) => trusted.includes(address),
    match: ({ target }) => ({ is: 'none', path: target }),
  };
  const table: Table = {
    revision: 'r1',
    names,
    correlation,
    listeners: new Map([[listener.id, listener]]),
    routes: new Map(),
    destinations: new Map(),
    drain: { notice: 0, limit: 0 },
  };
  return { names, correlation, listener, rules: headRules(table, listener) };
}

/** A request head read with the names of the ground; throws where it is refused. */
export function read(text: string, { names, listener }: Ground): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(text, 'latin1');
  const after = head.parse(bytes, 0, bytes.length, names, listener.settings.limits);
  if (after !== bytes.length) throw new Error(`${head.refusal}: ${JSON.stringify(text)}`);
  return head;
}

export const UNCHANGED: Rewrite = { target: undefined, host: undefined, request: undefined, response: undefined };

export interface Led {
  readonly head: RequestHead;
  readonly exchange: Exchange;
  /** The head for the upstream, complete but for the attempt's line. */
  readonly sent: string;
}

/** What is put on a sheet, as text. */
export function textOn(put: (sheet: Sheet) => void): string {
  const sheet = new Sheet();
  put(sheet);
  return sheet.view().toString('latin1');
}

/** A reply's head as it goes to a client. */
export function relayed(head: ReplyHead, on: Ground, parts: ReplyParts = {}, edit?: HeaderEdit): string {
  const { id = 'id', upstream, close = false, minor = 1, date = '' } = parts;
  const exchange = new Exchange(0, 0.5, read('GET / HTTP/1.1\r\nHost: a\r\n\r\n', on), on.listener.id, CLIENT, 'r1');
  exchange.idGiven = id;
  return textOn((sheet) => replyHead(sheet, head, on.rules, edit, exchange, upstream, close, minor, date));
}

export interface ReplyParts {
  readonly id?: string;
  readonly upstream?: string;
  readonly close?: boolean;
  readonly minor?: number;
  readonly date?: string;
}

/** Leads one request head through identity and rules to the head for the upstream. */
export function lead(text: string, on: Ground, rewrite: Rewrite = UNCHANGED, seed = 1): Led {
  const head = read(text, on);
  const exchange = new Exchange(0, 0.5, head, on.listener.id, CLIENT, 'r1');
  identify(exchange, head, on.correlation, on.listener.internal, seededDraw(seed));
  exchange.attempts = 1;
  const forwarded = forwardedLines(CLIENT, head.rawHost);
  const onward = { request: head, exchange, rules: on.rules, rewrite, forwarded, hops: undefined };
  const sent = textOn((sheet) => requestHead(sheet, onward, AUTHORITY, Number.POSITIVE_INFINITY));
  return { head, exchange, sent: sent.replace('x-signalbox-attempt: 1\r\n', '') };
}

/** The lines of a head, without CRLF and without the empty one: first the start line, then the fields. */
export function linesIn(head: string): string[] {
  if (!head.endsWith('\r\n\r\n')) throw new Error(`not a whole head: ${JSON.stringify(head)}`);
  return head.slice(0, -4).split('\r\n');
}

/** Values of a field in the order of its lines, white space around them cut. */
export function valuesIn(head: string, name: string): string[] {
  const prefix = `${name.toLowerCase()}:`;
  return linesIn(head)
    .filter((line) => line.toLowerCase().startsWith(prefix))
    .map((line) => line.slice(prefix.length).replace(/^[\t ]+|[\t ]+$/g, ''));
}

/** Lines of a sent head, the router's own at the end left out. */
export function passed(sent: string): string[] {
  const lines = linesIn(sent);
  const own = lines.findIndex((line) => line.startsWith(`${CORRELATION}: `) || line.startsWith('traceparent: '));
  return lines.slice(0, own);
}
