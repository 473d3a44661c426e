/**
 * What becomes of each noted header line, decided once per table and listener.
 *
 * Rule: the data path asks an array, by the number of the name, and copies everything that has no entry. Hop-by-hop
 * fields stop here (RFC 9110 section 7.6.1); fields the router vouches for are cut and written anew; at a listener of zone
 * edge nothing that claims to know the caller is believed.
 */

import { NAME, plainName, WIRE_NAMES } from '../core/names.ts';
import { type Kept, kept } from '../core/sheet.ts';
import type { ListenerTable, Table } from '../routing/route.ts';

/** keep: part of the run. cut: left out. exact: kept, but written as `Name: value` where it came any other way. */
export const KEEP = 0;
export const DROP = 1;
export const EXACT = 2;

export interface HeadRules {
  /** Number of the correlation header, and how its line begins: `x-correlation-id: `. */
  readonly id: number;
  readonly idStart: Kept;
  readonly request: Uint8Array;
  /** The same, for a request whose Max-Forwards is written anew. */
  readonly counted: Uint8Array;
  readonly reply: Uint8Array;
  /** Plain names that must not come as trailers of a request: what the router vouches for in a head. */
  readonly guarded: ReadonlySet<string>;
  /** The same of a reply. */
  readonly replyGuarded: ReadonlySet<string>;
}

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'proxy-authorization',
  'proxy-authenticate',
  'http2-settings',
] as const;

/** Readers differ about odd white space in these, and whoever differs about them differs about whose bytes follow. */
const FRAMING_AND_ROUTING = ['host', 'content-length', 'transfer-encoding'] as const;

/** Written anew for the upstream. */
const VOUCHED_FOR = [
  'traceparent',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-signalbox-attempt',
  'x-signalbox-deadline-ms',
] as const;

export function headRules(table: Table, listener: ListenerTable): HeadRules {
  const { correlation, names } = table;
  const request = new Uint8Array(names.names.length);
  const reply = new Uint8Array(names.names.length);
  for (const name of HOP_BY_HOP) {
    request[NAME[name]] = DROP;
    reply[NAME[name]] = DROP;
  }
  for (const name of FRAMING_AND_ROUTING) {
    request[NAME[name]] = EXACT;
    if (name !== 'host') reply[NAME[name]] = EXACT;
  }
  for (const name of VOUCHED_FOR) request[NAME[name]] = DROP;
  reply[correlation.number] = DROP;
  reply[NAME['x-signalbox-upstream']] = DROP;
  if (!listener.internal) {
    request[NAME['x-signalbox-upstream']] = DROP;
    for (const { number } of correlation.context) request[number] = DROP;
    if (correlation.caller >= 0) request[correlation.caller] = DROP;
  }
  const counted = Uint8Array.from(request);
  counted[NAME['max-forwards']] = DROP;
  const guarded = new Set<string>([...VOUCHED_FOR, 'tracestate', plainName(correlation.header)]);
  for (const { name } of correlation.context) guarded.add(plainName(name));
  if (correlation.caller >= 0) guarded.add(plainName(names.names[correlation.caller]));
  const replyGuarded = new Set([plainName(correlation.header), 'x-signalbox-upstream']);
  const idStart = kept(`${correlation.header}: `);
  return { id: correlation.number, idStart, request, counted, reply, guarded, replyGuarded };
}

/** Length of each wire name, for telling `Name: value` from other spellings. */
export const NAME_LENGTH: readonly number[] = WIRE_NAMES.map((name) => name.length);
