/**
 * The reply's way to the client, and the exchange's end: steps 10 and 11 of the line.
 *
 * Rule: head and small body leave in one write, everything else as it comes; what the kernel does not take at once pauses
 * the upstream until the client drains. A client of HTTP/1.0 gets a chunked body as its data alone, ended by the
 * connection's end. Which bytes belong to the reply is the link's to say. An exchange settles once, here and nowhere else.
 */

import type { Exchange } from '../core/exchange.ts';
import type { Fault } from '../core/fault.ts';
import type { Slab } from '../core/io.ts';
import { SHEET } from '../core/sheet.ts';
import { TURN } from '../core/turn.ts';
import { FRAMING } from '../http1/fields.ts';
import type { ReplyHead } from '../http1/reply.ts';
import type { Gate, HeaderEdit, Reply } from '../policy/policy.ts';
import type { Table } from '../routing/route.ts';
import { httpDate } from './date.ts';
import { interimHead, replyHead } from './heads.ts';
import type { Client } from './parts.ts';
import { faultReply, replyText } from './respond.ts';
import type { HeadRules } from './rules.ts';

const NOTHING = Buffer.alloc(0);

/** Whose reply it is. */
export interface Relayed {
  readonly client: Client;
  readonly exchange: Exchange;
  readonly table: Table;
  /** Of the table the exchange boarded: the lines of its reply are numbered by that table's names. */
  readonly rules: HeadRules;
}

export class Relay {
  /** A final reply head went to the client: from here on nothing can be said or sent anew. */
  begun = false;
  /** The client has not taken what was written. */
  blocked = false;

  /** The exchange is over. */
  settled = false;
  /** Gates entered, to be left when the exchange settles. */
  gates: Gate[] | undefined = undefined;

  private readonly of: Relayed;

  constructor(of: Relayed) {
    this.of = of;
  }

  /** A 1xx reply passes, but not to a client of HTTP/1.0 (RFC 9110 section 15.2). */
  interim(head: ReplyHead): boolean {
    const { client, rules } = this.of;
    if (client.request.minor === 0) return true;
    SHEET.begin();
    interimHead(SHEET, head, rules);
    return this.taken(client.wire.writeWithHead(NOTHING, 0, 0, undefined));
  }

  /** Head and first body bytes of a reply; `edit`: the route's edits. False where the client did not take all at once. */
  first(
    head: ReplyHead,
    edit: HeaderEdit | undefined,
    bytes: Buffer,
    start: number,
    end: number,
    slab: Slab | undefined,
    ranges: readonly number[] | undefined,
  ): boolean {
    const { client, exchange, rules } = this.of;
    const { door, request } = client;
    if (door.draining || head.framing === FRAMING.close) client.closing = true;
    if (request.minor === 0 && head.framing === FRAMING.chunked) client.closing = true;
    const upstream = door.listener.internal ? exchange.upstream : undefined;
    const date = head.dated || head.status < 200 ? '' : httpDate(door.clock.wall());
    SHEET.begin();
    replyHead(SHEET, head, rules, edit, exchange, upstream, client.closing, request.minor, date);
    exchange.status = head.status;
    this.begun = true;
    if (ranges !== undefined) {
      this.taken(client.wire.writeWithHead(NOTHING, 0, 0, undefined));
      return this.pass(bytes, start, end, slab, ranges);
    }
    exchange.bytesOut += end - start;
    return this.taken(client.wire.writeWithHead(bytes, start, end, slab));
  }

  /** Body bytes: as they came, or only where `ranges` says data stands. */
  pass(
    bytes: Buffer,
    start: number,
    end: number,
    slab: Slab | undefined,
    ranges: readonly number[] | undefined,
  ): boolean {
    const { client, exchange } = this.of;
    if (start === end) return !this.blocked;
    if (ranges === undefined) {
      exchange.bytesOut += end - start;
      return this.taken(client.wire.writeBytes(bytes, start, end, slab));
    }
    // Bytes without data (chunk lines alone) change nothing about what waits already.
    let taken = !this.blocked;
    for (let i = 0; i < ranges.length; i += 2) {
      exchange.bytesOut += ranges[i + 1] - ranges[i];
      taken = client.wire.writeBytes(bytes, ranges[i], ranges[i + 1], slab);
    }
    return this.taken(taken);
  }

  /** A reply of the router's own. */
  private own(reply: Reply): void {
    const { client, exchange, table } = this.of;
    const { door, request } = client;
    if (door.draining) client.closing = true;
    exchange.status = reply.status;
    this.begun = true;
    const head = exchange.method === 'HEAD';
    const text = replyText(exchange, reply, {
      correlationHeader: table.correlation.header,
      close: client.closing,
      minor: request.minor,
      head,
      wall: door.clock.wall(),
    });
    SHEET.begin();
    SHEET.text(text);
    client.wire.writeWithHead(NOTHING, 0, 0, undefined);
    exchange.bytesOut = head ? 0 : Buffer.byteLength(reply.body);
  }

  // ---- 11 settle

  /** Ends the exchange with a reply to a fault; nothing of another reply went to the client. */
  refuse(reason: Fault, status = reason.kind.status): void {
    const { client, exchange } = this.of;
    exchange.fault = reason;
    if (!client.body.done || reason.kind.code === 'bad_request') client.closing = true;
    this.say(faultReply(exchange, reason, status));
  }

  /** Ends the exchange with a reply in place of an upstream's. */
  answer(reply: Reply): void {
    const { client } = this.of;
    if (!client.body.done) client.closing = true;
    this.say(reply);
  }

  private say(reply: Reply): void {
    const { client } = this.of;
    const now = client.door.clock.now();
    this.own(reply);
    this.settle(now);
    client.next(now);
  }

  settle(now: number): void {
    if (this.settled) return;
    this.settled = true;
    const { client, exchange, table } = this.of;
    const { gates } = this;
    const { door } = client;
    exchange.totalTime = now - exchange.arrived;
    client.passage = undefined;
    if (gates !== undefined) for (const gate of gates) gate.leave(exchange);
    door.current.leave(table);
    TURN.settled(exchange, door.settled);
  }

  private taken(taken: boolean): boolean {
    this.blocked = !taken;
    return taken;
  }
}
