/**
 * Whose exchange is it: correlation, trace and the client's address.
 *
 * Rule: a valid correlation id is kept byte for byte, a valid traceparent continues with a span of this hop, anything
 * else is made anew; at zone edge nothing that comes in is believed. Sources: W3C Trace Context (2021) sections 3.2 and
 * 4.3; RFC 7239; RFC 9110 section 7.6.3.
 */

import { isIP } from 'node:net';
import type { Draw } from '../core/draw.ts';
import type { Exchange } from '../core/exchange.ts';
import { NAME } from '../core/names.ts';
import type { RequestHead } from '../http1/request.ts';
import type { Correlation, ListenerTable } from '../routing/route.ts';

const MOST_ID_LENGTH = 256;

/** Visible ASCII without `"`, `\` and `,`: safe in a log line, in a header list, in a shell. */
export function isCorrelationId(id: string): boolean {
  if (id.length === 0 || id.length > MOST_ID_LENGTH) return false;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code < 33 || code > 126 || code === 34 || code === 92 || code === 44) return false;
  }
  return true;
}

/** Fills the exchange's correlation id, caller, context and trace. */
export function identify(
  exchange: Exchange,
  head: RequestHead,
  correlation: Correlation,
  internal: boolean,
  draw: Draw,
): void {
  const inbound = internal ? head.field(correlation.number) : undefined;
  exchange.drawIds(draw);
  if (inbound !== undefined && isCorrelationId(inbound)) exchange.idGiven = inbound;
  if (internal) {
    if (correlation.caller >= 0) exchange.caller = head.field(correlation.caller);
    if (correlation.context.length > 0) exchange.context = contextOf(head, correlation);
  }
  const parent = internal ? head.field(NAME.traceparent) : undefined;
  if (parent === undefined || !isTraceparent(parent)) return;
  exchange.traceGiven = parent.slice(3, 35);
  exchange.parentSpanId = parent.slice(36, 52);
  // Of the flags only `sampled` is known to version 00; all others are set to zero (section 3.2.2.5.2).
  exchange.sampled = (Number.parseInt(parent.slice(54, 55), 16) & 1) === 1;
}

function contextOf(head: RequestHead, { context }: Correlation): (string | undefined)[] {
  const values = new Array<string | undefined>(context.length);
  for (let i = 0; i < context.length; i++) values[i] = head.field(context[i].number);
  return values;
}

/** A higher version is read by the known format, as section 3.2 asks; version ff and all-zero ids are invalid. */
export function isTraceparent(value: string): boolean {
  const parts = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(value);
  if (parts === null || parts[1] === 'ff') return false;
  if (parts[1] === '00' && parts[4] !== undefined) return false;
  return !/^0+$/.test(parts[2]) && !/^0+$/.test(parts[3]);
}

/** The lines that say who asked, for a peer that is not a trusted proxy: what came in is not believed. */
export function forwardedLines(address: string, rawHost: string): string {
  // A client that left at once has no address any more.
  const known = address === '' ? 'unknown' : address;
  const node = known.includes(':') ? `"[${known}]"` : known;
  const host = rawHost === '' ? '' : `X-Forwarded-Host: ${rawHost}\r\n`;
  const element = rawHost === '' ? `for=${node};proto=http` : `for=${node};host=${quoted(rawHost)};proto=http`;
  return `X-Forwarded-For: ${known}\r\nX-Forwarded-Proto: http\r\n${host}Forwarded: ${element}\r\n`;
}

/** The same behind trusted proxies: what they said is kept and this hop's part added. Also finds the client. */
export function forwardedThrough(
  head: RequestHead,
  peer: string,
  listener: ListenerTable,
): { lines: string; client: string } {
  // An empty line says no more than none.
  const chain = head.field(NAME['x-forwarded-for']) || undefined;
  const forwarded = head.field(NAME.forwarded) || undefined;
  const own = forwardedLines(peer, head.rawHost);
  const element = own.slice(own.indexOf('Forwarded: for=') + 'Forwarded: '.length);
  const proto = head.field(NAME['x-forwarded-proto']) || 'http';
  const host = head.field(NAME['x-forwarded-host']) || head.rawHost;
  const lines =
    `X-Forwarded-For: ${chain === undefined ? peer : `${chain}, ${peer}`}\r\nX-Forwarded-Proto: ${proto}\r\n` +
    (host === '' ? '' : `X-Forwarded-Host: ${host}\r\n`) +
    `Forwarded: ${forwarded === undefined ? '' : `${forwarded}, `}${element}`;
  const hops = chain?.split(',') ?? [...(forwarded ?? '').matchAll(FOR)].flatMap(([, node]) => node ?? []);
  return { lines, client: nearestUntrusted(hops, peer, listener) };
}

/** The `for` parameters of Forwarded (RFC 7239 section 5.2); strings of others are leapt over, whatever they quote. */
const FOR = /(?:^|[,;])[ \t]*for=("[^"]*"|[^",; \t]+)|"(?:[^"\\]|\\.)*"?/gi;

/** The address of a hop, without brackets, quotes and port; undefined where it names none (`unknown`, `_hidden`). */
function hopAddress(hop: string): string | undefined {
  const [, bracketed, plain] = /^"?(?:\[([^\]]*)\](?::\d+)?|([^":]+)(?::\d+)?)"?$/.exec(hop) ?? [];
  const address = bracketed ?? plain ?? hop;
  return isIP(address) === 0 ? undefined : address;
}

/** Walks the chain from the right; the first hop that is no trusted proxy is the client. */
function nearestUntrusted(hops: readonly string[], peer: string, listener: ListenerTable): string {
  let client = peer;
  for (let i = hops.length - 1; i >= 0 && listener.trusts(client); i--) {
    const hop = hopAddress(hops[i].trim());
    if (hop === undefined) break;
    client = hop;
  }
  return client;
}

function quoted(host: string): string {
  return `"${host}"`;
}
