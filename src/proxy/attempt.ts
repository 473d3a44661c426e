/**
 * One exchange's dealings with its upstream: steps 8 to 11 of the line.
 *
 * Rule: it speaks to at most one link at a time and to the client only forwards; once a byte of a reply went to the client
 * nothing is sent again, and a reply that breaks off breaks the client's connection. It settles exactly once, whoever
 * ends it: the reply's last byte, a fault, a timeout, the client, the operator.
 */

import type { Exchange } from '../core/exchange.ts';
import { type Fault, fault } from '../core/fault.ts';
import type { Slab } from '../core/io.ts';
import { OUTCOME_NUMBER, type Outcome, RETRY_REASONS, UPSTREAM_BLOCK } from '../core/lanes.ts';
import { SHEET } from '../core/sheet.ts';
import { TURN } from '../core/turn.ts';
import type { ReplyHead } from '../http1/reply.ts';
import type { RequestHead } from '../http1/request.ts';
import type { Gate, Reply } from '../policy/policy.ts';
import type { Rewrite, Route, Table } from '../routing/route.ts';
import type { Link, LinkSink, Member, Upstream } from '../upstream/upstream.ts';
import { type Onward, requestHead } from './heads.ts';
import { isIdempotent, outcomeOf, timeoutsOf } from './outcome.ts';
import { overdue, overstepped } from './overdue.ts';
import type { Client, Passage, Waiting } from './parts.ts';
import { Relay } from './relay.ts';
import { faultReply } from './respond.ts';
import type { HeadRules } from './rules.ts';

/** A body up to this size can be sent again. */
const SMALL_BODY = 16_384;

const UNCHANGED: Rewrite = { target: undefined, host: undefined, request: undefined, response: undefined };

const NO_BODY = Buffer.alloc(0);

export class Attempt implements Passage, LinkSink, Onward {
  route: Route | undefined = undefined;
  /** Gates entered, to be left when the exchange settles. */
  gates: Gate[] | undefined = undefined;

  /** See heads.ts; set before the exchange goes to an upstream. */
  readonly request: RequestHead;
  readonly exchange: Exchange;
  readonly rules: HeadRules;
  rewrite: Rewrite = UNCHANGED;
  forwarded = '';
  hops = Number.POSITIVE_INFINITY;

  private readonly client: Client;
  private readonly table: Table;
  readonly relay: Relay;
  private upstream: Upstream | undefined = undefined;
  private member: Member | undefined = undefined;
  private link: Link | undefined = undefined;
  /** The body where all of it is here, so that it can be sent again. */
  private smallBody: Buffer | undefined = undefined;
  /** The whole request was handed over. */
  private requestDone = false;
  /** Where the client waits for 100 before it sends its body. */
  private expecting = false;
  private uploadBlocked = false;
  /** From when the client's rate counts. What it waits for (100, an upstream that takes nothing) is not its own time. */
  private uploadSince = 0;
  private blockedSince = 0;
  /** When the request's last byte was here; its total time counts from then. */
  private completeAt = 0;
  private decode = false;
  private clientEnded = false;
  private linkEnded = false;
  private settledAlready = false;

  constructor(client: Client, exchange: Exchange, table: Table) {
    this.client = client;
    this.request = client.request;
    this.exchange = exchange;
    this.rules = client.door.rules;
    this.table = table;
    this.relay = new Relay(client, exchange, this.rules, table.correlation.header);
  }

  // ---- 8 attempt

  /** Sends head and first body bytes to a member. */
  begin(upstream: Upstream, member: Member, bytes: Buffer, start: number, end: number, done: boolean): void {
    const { request } = this;
    this.upstream = upstream;
    this.member = member;
    this.requestDone = done;
    this.expecting = request.expectContinue && !done && start === end;
    this.decode = request.minor === 0;
    this.uploadSince = this.exchange.arrived;
    this.completeAt = this.exchange.arrived;
    const { wire } = this.client;
    const slab = wire.slabOf(bytes);
    if (!this.open(member, false, this.exchange.arrived, bytes, start, end, slab)) {
      if (!done) this.block(this.exchange.arrived);
      // What the kernel did not take stays where it was read.
      if (slab !== undefined) wire.leaveSlab();
    }
    if (done && end - start <= SMALL_BODY && isIdempotent(this.exchange.method)) {
      this.smallBody = start === end ? NO_BODY : Buffer.from(bytes.subarray(start, end));
    }
    this.await(this.exchange.arrived);
  }

  private open(
    member: Member,
    fresh: boolean,
    now: number,
    bytes: Buffer,
    start: number,
    end: number,
    slab: Slab | undefined,
  ): boolean {
    const { exchange, upstream } = this;
    const { connect, total } = timeoutsOf(upstream);
    const link = member.link(this, connect, fresh, now);
    this.link = link;
    exchange.member = member.id;
    exchange.attempts++;
    member.inFlight++;
    this.count(UPSTREAM_BLOCK.inFlight, 1);
    if (link.connected) exchange.connectTime = 0;
    if (this.request.upgrade !== '' || this.request.connection.upgrade) link.keepOut();
    const left = exchange.attempts === 1 ? total : Math.ceil(this.completeAt + total - now);
    SHEET.begin();
    requestHead(SHEET, this, member.authority, left);
    link.expect(this.table.names, exchange.method === 'HEAD', this.decode, this.rules.replyGuarded);
    return link.send(bytes, start, end, slab);
  }

  onConnected(): void {
    this.exchange.connectTime = this.link?.connectTime ?? -1;
  }

  /**
   * Arms the timer for whatever is waited for now. While the client still sends its body the upstream's clock stands
   * still: attempt and total count from the last byte of the request.
   */
  private await(now: number): void {
    const { client } = this;
    const { attempt, total, idle } = timeoutsOf(this.upstream);
    if (this.relay.begun) client.wait(this.relay.blocked ? 'client' : 'relay', now + idle);
    else if (this.requestDone || this.expecting) {
      const end = this.completeAt + total;
      if (now + attempt <= end) client.wait('reply', now + attempt);
      else client.wait('total', end);
    } else if (this.uploadBlocked) client.wait('relay', now + idle);
    else client.wait('upload', now + client.door.settings.timeout.body);
  }

  onUpload(bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean {
    const { link, exchange, client } = this;
    exchange.bytesIn += end - start;
    const now = client.door.clock.now();
    if (this.expecting) this.expectNoMore(now);
    if (link === undefined) return true;
    if (!exchange.tunnel && !this.mayGoOn(now)) return true;
    const taken = start === end || link.write(bytes, start, end, slab);
    this.requestDone = done;
    if (done) this.completeAt = now;
    this.uploadBlocked = false;
    if (!taken && !done) this.block(now);
    this.await(now);
    return taken;
  }

  private block(now: number): void {
    this.uploadBlocked = true;
    this.blockedSince = now;
  }

  /** The body comes now, or may. */
  private expectNoMore(now: number): void {
    this.expecting = false;
    this.uploadSince = now;
  }

  /** Body limit and minimum rate of the listener. */
  private mayGoOn(now: number): boolean {
    const { door, body } = this.client;
    const reason = overstepped(door.settings, body.dataBytes, now - this.uploadSince);
    if (reason !== undefined) this.fail(reason, 'client_gone');
    return reason === undefined;
  }

  onBadUpload(reason: Fault): void {
    this.client.closing = true;
    this.fail(reason, 'client_gone');
  }

  /** The upstream took what waited. */
  onDrain(): void {
    if (this.uploadBlocked) {
      const now = this.client.door.clock.now();
      this.uploadBlocked = false;
      this.uploadSince += now - this.blockedSince;
      this.await(now);
    }
    this.client.readOn();
  }

  // ---- 9 judge

  onFault(told: Fault): void {
    const reason = told.kind.code === 'internal_error' ? this.defect(told.detail) : told;
    const reused = this.link?.reused === true && !this.link.heard;
    if (reason.kind.code === 'overloaded') this.client.door.shortOfDescriptors();
    this.leaveMember(outcomeOf(reason));
    this.link = undefined;
    const { member, smallBody } = this;
    const again = reused && reason.kind.retryable === 'if-reused' && !this.relay.begun && smallBody !== undefined;
    if (again && member !== undefined) {
      // Most likely closed for idleness as the request came: once more on a fresh one, where twice does no harm.
      this.count(UPSTREAM_BLOCK.retries + RETRY_REASONS.indexOf('reused'), 1);
      const now = this.client.door.clock.now();
      this.open(member, true, now, smallBody, 0, smallBody.length, undefined);
      this.await(now);
      return;
    }
    this.fail(reason, undefined);
  }

  /** A defect of our own is for the log; the client hears only that there was one. */
  defect(stack: string): Fault {
    const { correlationId, route, upstream } = this.exchange;
    this.client.door.log('error', { correlationId, route, upstream, err: stack }, 'a defect of the router');
    return fault('internal_error', 'a defect of the router; its log says more');
  }

  onTimeout(waiting: Waiting): void {
    const { client, exchange, relay } = this;
    const { body } = client.door.settings.timeout;
    const { reason, outcome } = overdue(waiting, exchange, timeoutsOf(this.upstream), body, relay.begun);
    this.fail(reason, outcome);
  }

  onCut(reason: Fault): void {
    this.fail(reason, 'client_gone');
  }

  onClientGone(): void {
    const { exchange } = this;
    if (this.settledAlready) return;
    exchange.fault = exchange.tunnel ? undefined : fault('client_gone', 'the client closed the connection');
    if (exchange.status === 0) exchange.status = 499;
    this.dropLink('client_gone');
    this.settle();
  }

  // ---- 10 relay

  onInterim(head: ReplyHead): boolean {
    // Any other interim reply is no word about the body: the client waits on, and so does the attempt's time.
    if (this.expecting && head.status === 100) {
      const now = this.client.door.clock.now();
      this.expectNoMore(now);
      this.await(now);
    }
    return this.relay.interim(head);
  }

  onReply(head: ReplyHead, bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean {
    const { client, exchange, link } = this;
    const now = client.door.clock.now();
    exchange.firstByteTime = now - exchange.arrived;
    const switched = head.status === 101;
    if (switched && (client.request.upgrade === '' || !head.switchesTo(client.request.upgrade))) {
      this.fail(fault('upstream_protocol', `${exchange.member} switched protocols unasked`), 'protocol');
      return true;
    }
    if (!this.requestDone || switched) client.closing = true;
    if (switched) this.beginTunnel();
    const taken = this.relay.first(head, this.route?.plan.rewrite.response, bytes, start, end, slab, link?.ranges);
    if (done) this.complete(now);
    else this.await(now);
    if (switched) client.becomeTunnel();
    return taken;
  }

  onBody(bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean {
    const taken = this.relay.pass(bytes, start, end, slab, this.link?.ranges);
    const now = this.client.door.clock.now();
    if (done) this.complete(now);
    else this.await(now);
    return taken;
  }

  onClientDrain(): void {
    if (!this.relay.blocked) return;
    this.relay.blocked = false;
    this.link?.resume();
    if (!this.settledAlready) this.await(this.client.door.clock.now());
  }

  /** From here bytes pass both ways uninterpreted; each side may end its half. */
  private beginTunnel(): void {
    this.exchange.tunnel = true;
    this.requestDone = true;
    this.link?.becomeTunnel();
  }

  onEnd(): void {
    this.linkEnded = true;
    this.client.wire.end();
    this.endTunnel();
  }

  onClientEnd(): void {
    this.clientEnded = true;
    this.link?.end();
    this.endTunnel();
  }

  private endTunnel(): void {
    if (!this.linkEnded || !this.clientEnded) return;
    this.complete(this.client.door.clock.now());
  }

  // ---- 11 settle

  /** The reply's last byte was handed to the client. */
  private complete(now: number): void {
    const { link, exchange } = this;
    this.leaveMember(exchange.status >= 500 ? 'server_error' : 'success');
    this.link = undefined;
    // An upload that the reply did not wait for leaves its connection in the middle of a request.
    if (this.requestDone && !exchange.tunnel) link?.release(now);
    else link?.destroy();
    this.settle(now);
    this.client.next(now);
  }

  /** Refuses before any upstream was asked. */
  refuse(reason: Fault, status = reason.kind.status): void {
    this.exchange.fault = reason;
    if (!this.client.body.done || reason.kind.code === 'bad_request') this.client.closing = true;
    this.say(faultReply(this.exchange, reason, status));
  }

  /** A reply in place of an upstream. */
  answer(reply: Reply): void {
    if (!this.client.body.done) this.client.closing = true;
    this.say(reply);
  }

  /** Ends the exchange by a fault: a reply where none began, else a broken connection. */
  private fail(reason: Fault, outcome: Outcome | undefined): void {
    if (this.settledAlready) return;
    this.exchange.fault = reason;
    if (outcome !== undefined) this.dropLink(outcome);
    if (this.relay.begun) {
      this.settle();
      this.client.break();
      return;
    }
    this.refuse(reason);
  }

  private say(reply: Reply): void {
    const now = this.client.door.clock.now();
    this.relay.own(reply);
    this.settle(now);
    this.client.next(now);
  }

  private dropLink(outcome: Outcome): void {
    const { link } = this;
    if (link === undefined) return;
    this.leaveMember(outcome);
    this.link = undefined;
    // Bytes of a tunnel have no framing that would tell the origin that it broke off.
    link.destroy(this.exchange.tunnel);
  }

  private leaveMember(outcome: Outcome): void {
    if (this.link === undefined || this.member === undefined) return;
    this.member.inFlight--;
    this.count(UPSTREAM_BLOCK.inFlight, -1);
    this.count(UPSTREAM_BLOCK.outcomes + OUTCOME_NUMBER[outcome], 1);
  }

  private count(offset: number, amount: number): void {
    if (this.upstream !== undefined) this.client.door.lane.add(this.upstream.block, offset, amount);
  }

  private settle(now: number = this.client.door.clock.now()): void {
    if (this.settledAlready) return;
    this.settledAlready = true;
    const { client, exchange } = this;
    const { door } = client;
    exchange.totalTime = now - exchange.arrived;
    client.passage = undefined;
    if (this.gates !== undefined) for (const gate of this.gates) gate.leave(exchange);
    door.current.leave(this.table);
    TURN.settled(exchange, door.settled);
  }
}
