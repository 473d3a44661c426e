/**
 * One exchange's dealings with its upstream: steps 7 to 11 of the line.
 *
 * Rule: it relays from one try at a time and speaks to the client only forwards; once a byte of a reply went to the client
 * nothing is sent again, and a reply that breaks off breaks the client's connection. It settles exactly once, whoever
 * ends it: the reply's last byte, a fault, a timeout, the client, the operator. What waits, and what is tried again, is
 * led by its course (course.ts), which most exchanges never need.
 */

import type { Exchange } from '../core/exchange.ts';
import { type Fault, fault } from '../core/fault.ts';
import type { Slab } from '../core/io.ts';
import type { Lane, Outcome } from '../core/lanes.ts';
import type { ReplyHead } from '../http1/reply.ts';
import type { RequestHead } from '../http1/request.ts';
import type { Destination, Rewrite, Route, Table } from '../routing/route.ts';
import type { LinkSink } from '../upstream/upstream.ts';
import { COURSE_WAITS, Course } from './course.ts';
import { failureOf, isIdempotent, mayRepeat, outcomeOf, timeoutsOf, type Verdict } from './outcome.ts';
import { askedOf, overdue, overstepped } from './overdue.ts';
import type { Client, Passage, Waiting } from './parts.ts';
import { armFor } from './patience.ts';
import { Relay } from './relay.ts';
import type { HeadRules } from './rules.ts';
import type { Traveller } from './traveller.ts';
import { gate, Try, verdictOf } from './try.ts';
import { BODILESS, NO_BODY, SMALL_BODY, SPENT, Upload } from './upload.ts';

const UNCHANGED: Rewrite = { target: undefined, host: undefined, request: undefined, response: undefined };
const NOBODY: readonly never[] = Object.freeze([]);

export class Attempt implements Passage, LinkSink, Traveller {
  route: Route | undefined = undefined;

  /** See heads.ts; set before the exchange goes to an upstream. */
  readonly request: RequestHead;
  readonly exchange: Exchange;
  readonly rules: HeadRules;
  rewrite: Rewrite = UNCHANGED;
  forwarded = '';
  hops: number | undefined = undefined;
  deadline: number | undefined = undefined;

  readonly table: Table;
  readonly relay: Relay;
  destination: Destination | undefined = undefined;
  upload = SPENT;
  current: Try | undefined = undefined;
  readonly client: Client;
  private course: Course | undefined = undefined;
  /** An interim reply went to the client. */
  private hinted = false;
  private clientEnded = false;
  private linkEnded = false;

  constructor(client: Client, exchange: Exchange, table: Table) {
    this.client = client;
    this.request = client.request;
    this.exchange = exchange;
    this.rules = client.door.rules;
    this.table = table;
    this.relay = new Relay(this);
  }

  get lane(): Lane {
    return this.client.door.lane;
  }

  /** When the time of all its tries together is over. */
  get end(): number {
    const complete = Math.max(this.exchange.arrived, this.upload.completeAt);
    const end = complete + timeoutsOf(this.destination).total;
    return this.deadline === undefined ? end : Math.min(end, this.deadline);
  }

  /** A byte of a reply went to the client. */
  get told(): boolean {
    return this.relay.begun || this.hinted;
  }

  private now(): number {
    return this.client.door.clock.now();
  }

  // ---- 7 aim, 8 attempt

  /** Sends head and first body bytes to a member, or waits until it may; `delay`: so many milliseconds, injected. */
  begin(destination: Destination, bytes: Buffer, start: number, end: number, done: boolean, delay: number): void {
    const { exchange, request } = this;
    const now = exchange.arrived;
    this.head(destination);
    const empty = start === end;
    this.upload = done && empty ? BODILESS : new Upload(done, request.expectContinue && empty, now);
    const first = delay > 0 ? undefined : gate(destination, exchange, NOBODY, this.lane, now);
    if (!(first instanceof Try)) {
      this.upload.begin(bytes, start, end, Number.POSITIVE_INFINITY);
      this.course = new Course(this);
      if (delay > 0) this.course.rest('delay', now + delay, now);
      else this.course.turnedAway(destination, first, now);
      return;
    }
    const { wire } = this.client;
    const slab = wire.slabOf(bytes);
    this.current = first;
    const taken = first.send(this, this, this.table.names, this.left(now), false, now, bytes, start, end, slab);
    this.upload.sent(taken, now);
    // What the kernel did not take stays where it was read.
    if (!taken && slab !== undefined) wire.leaveSlab();
    if (this.mayKeep) this.upload.begin(bytes, start, end, this.bodyLimit);
    else this.upload = this.upload.spend();
    armFor(this, now);
  }

  /** The exchange heads for this destination: its budgets earn by it. */
  head(destination: Destination): void {
    const { retry, hedge } = destination.protection;
    this.destination = destination;
    retry?.earn(this.exchange.arrived);
    hedge?.earn(this.exchange.arrived);
  }

  private get bodyLimit(): number {
    return this.destination?.protection.retry?.bodyLimit ?? SMALL_BODY;
  }

  /** Whether the body may be asked for again: twice does no harm, or nothing of it was sent yet. */
  private get mayKeep(): boolean {
    return mayRepeat(this.exchange.method, this.destination) || this.current?.link?.connected === false;
  }

  /** A try that had to wait: sends what was kept. */
  send(next: Try, fresh: boolean, now: number): void {
    const { upload } = this;
    const { kept = NO_BODY } = upload;
    this.current = next;
    const taken = next.send(this, this, this.table.names, this.left(now), fresh, now, kept, 0, kept.length, undefined);
    upload.sent(taken, now);
    if (!this.mayKeep || kept.length > this.bodyLimit) this.upload = upload.spend();
    armFor(this, now);
    if (taken) this.client.readOn();
  }

  /** Milliseconds left, for the upstream to know. Until the request's last byte, from which the total counts, only its caller's. */
  left(now: number): number {
    const { exchange, deadline, upload } = this;
    if (!upload.done) return Math.ceil((deadline ?? Number.POSITIVE_INFINITY) - now);
    // The usual first try leaves as it came, with the whole of it.
    if (now === exchange.arrived && deadline === undefined) return timeoutsOf(this.destination).total;
    return Math.ceil(this.end - now);
  }

  onConnected(): void {
    this.exchange.connectTime = this.current?.link?.connectTime ?? -1;
    if (!mayRepeat(this.exchange.method, this.destination)) this.upload = this.upload.spend();
  }

  onUpload(bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean {
    const { exchange, upload } = this;
    exchange.bytesIn += end - start;
    if (this.relay.settled) return true;
    const now = this.now();
    upload.came(done, now);
    const { door, body } = this.client;
    const reason = exchange.tunnel ? undefined : overstepped(door.settings, body.dataBytes, upload.elapsed(now));
    if (reason !== undefined) {
      this.fail(reason, 'client_gone', 'nothing');
      return true;
    }
    const link = this.current?.link;
    upload.keep(bytes, start, end, link === undefined ? Number.POSITIVE_INFINITY : this.bodyLimit);
    // While a try has to wait, the client has to wait too.
    if (link === undefined) return done;
    const taken = start === end || link.write(bytes, start, end, slab);
    upload.sent(taken, now);
    armFor(this, now);
    return taken;
  }

  onBadUpload(reason: Fault): void {
    this.client.closing = true;
    this.fail(reason, 'client_gone', 'nothing');
  }

  /** The upstream took what waited. */
  onDrain(): void {
    if (this.upload.blocked) {
      const now = this.now();
      this.upload.drained(now);
      armFor(this, now);
    }
    this.client.readOn();
    this.endTunnel();
  }

  // ---- 9 judge

  onFault(told: Fault): void {
    const { current } = this;
    if (current === undefined) return;
    const now = this.now();
    const reason = told.kind.code === 'internal_error' ? this.defect(told.detail) : told;
    if (reason.kind.code === 'overloaded') this.client.door.shortOfDescriptors();
    const unused = current.link?.reused === true && !current.link.heard && reason.kind.retryable === 'if-reused';
    if (unused && !this.told && this.upload.kept !== undefined && isIdempotent(this.exchange.method)) {
      // Most likely closed for idleness as the request came: once more on a fresh connection, where twice does no harm.
      current.countLost(outcomeOf(reason));
      this.send(current, true, now);
      return;
    }
    this.current = undefined;
    current.leave(outcomeOf(reason), failureOf(reason) ?? 'nothing', now);
    this.over(current, reason, now);
  }

  /** A try is left, and its reply did not go on. */
  private over(last: Try, reason: Fault, now: number): void {
    if (this.relay.begun) this.fail(reason, 'reset', 'nothing');
    else {
      this.course ??= new Course(this);
      this.course.failed(last, reason, now);
    }
  }

  /** A reply whose status is worth another try: true where it is not passed on. */
  private triesAgain(head: ReplyHead, done: boolean, now: number): boolean {
    const { current } = this;
    const retry = this.destination?.protection.retry;
    if (current === undefined || this.upload.kept === undefined || this.told) return false;
    if (retry?.retriesOn(head.status) !== true) return false;
    this.course ??= new Course(this);
    return this.course.takesBack(current, head, done, now, this.client.door.clock.wall());
  }

  /** A second request may go out beside the first, while that one says nothing. */
  get mayHedge(): boolean {
    const { upload, destination, exchange, request } = this;
    // Two tunnels are no race.
    if (this.course !== undefined || this.told || request.upgrade !== '') return false;
    if (!upload.done || upload.kept === undefined || !isIdempotent(exchange.method)) return false;
    return destination?.protection.retry?.retriesMethod(exchange.method) !== false;
  }

  /** A defect of our own is for the log; the client hears only that there was one. */
  defect(stack: string): Fault {
    const { correlationId, route, upstream } = this.exchange;
    this.client.door.log('error', { correlationId, route, upstream, err: stack }, 'a defect of the router');
    return fault('internal_error', 'a defect of the router; its log says more');
  }

  onTimeout(waiting: Waiting): void {
    const now = this.now();
    if (COURSE_WAITS.has(waiting)) {
      this.course ??= new Course(this);
      this.course.onTime(waiting, now);
    } else this.onOverdue(waiting, now);
  }

  private onOverdue(waiting: Waiting, now: number): void {
    const { client, exchange, relay, current } = this;
    const { body } = client.door.settings.timeout;
    const times = timeoutsOf(this.destination);
    const { reason, outcome, verdict } = overdue(waiting, exchange, times, body, relay.begun, askedOf(this));
    if (waiting !== 'reply' || current === undefined) {
      this.fail(reason, outcome, verdict);
      return;
    }
    this.current = undefined;
    current.leave(outcome, verdict, now);
    current.link?.destroy();
    this.over(current, reason, now);
  }

  onCut(reason: Fault): void {
    this.fail(reason, 'client_gone', 'nothing');
  }

  onClientGone(): void {
    const { exchange } = this;
    if (this.relay.settled) return;
    exchange.fault = exchange.tunnel ? undefined : fault('client_gone', 'the client closed the connection');
    if (exchange.status === 0) exchange.status = 499;
    this.drop('client_gone', 'nothing');
    this.relay.settle(this.now());
  }

  // ---- 10 relay

  onInterim(head: ReplyHead): boolean {
    // Any other one is no word about the body: the client waits on, and so does the attempt's time.
    if (this.upload.expecting && head.status === 100) {
      const now = this.now();
      this.upload.expectNoMore(now);
      armFor(this, now);
    }
    this.hinted ||= this.client.request.minor === 1;
    return this.relay.interim(head);
  }

  onReply(head: ReplyHead, bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean {
    const { client, exchange, current } = this;
    const now = client.door.clock.now();
    if (head.status >= 400 && this.triesAgain(head, done, now)) return true;
    this.course?.cancelRival(now);
    exchange.firstByteTime = now - exchange.arrived;
    const switched = head.status === 101;
    if (switched && (client.request.upgrade === '' || !head.switchesTo(client.request.upgrade))) {
      this.fail(fault('upstream_protocol', `${exchange.member} switched protocols unasked`), 'protocol', 'protocol');
      return true;
    }
    current?.answered(head.status, now);
    if (!this.upload.done || switched) client.closing = true;
    if (switched) this.beginTunnel(now);
    const { response } = this.rewrite;
    const taken = this.relay.first(head, response, bytes, start, end, slab, current?.link?.ranges);
    this.upload = this.upload.spend();
    if (done) this.complete(now);
    else armFor(this, now);
    if (switched) client.becomeTunnel();
    return taken;
  }

  onBody(bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean {
    const taken = this.relay.pass(bytes, start, end, slab, this.current?.link?.ranges);
    const now = this.client.door.clock.now();
    if (done) this.complete(now);
    else armFor(this, now);
    return taken;
  }

  onClientDrain(): void {
    if (!this.relay.blocked) return;
    this.relay.blocked = false;
    this.current?.link?.resume();
    if (!this.relay.settled) armFor(this, this.now());
  }

  /** From here bytes pass both ways uninterpreted; each side may end its half. */
  private beginTunnel(now: number): void {
    this.exchange.tunnel = true;
    this.upload = new Upload(true, false, now);
    this.current?.link?.becomeTunnel();
  }

  onEnd(): void {
    this.linkEnded = true;
    this.client.wire.end();
    this.endTunnel();
  }

  onClientEnd(): void {
    this.clientEnded = true;
    this.current?.link?.end();
    this.endTunnel();
  }

  private endTunnel(): void {
    if (!this.linkEnded || !this.clientEnded) return;
    // What the origin has not taken yet would go with its connection: the drain leads here once more.
    if (this.current?.link?.unsent === 0) this.complete(this.client.door.clock.now());
  }

  // ---- 11 settle

  /** The reply's last byte was handed to the client. */
  private complete(now: number): void {
    const { current, exchange } = this;
    this.current = undefined;
    // An upload that the reply did not wait for leaves its connection in the middle of a request. It is let go before the
    // place is: whoever waits for that finds it in the pool.
    if (this.upload.done && !exchange.tunnel) current?.link?.release(now);
    else current?.link?.destroy();
    current?.leave(exchange.status >= 500 ? 'server_error' : 'success', verdictOf(exchange.status), now);
    this.relay.settle(now);
    this.client.next(now);
  }

  /** Ends the exchange by a fault: a reply where none began, else a broken connection. */
  private fail(reason: Fault, outcome: Outcome, verdict: Verdict): void {
    if (this.relay.settled) return;
    this.exchange.fault = reason;
    this.drop(outcome, verdict);
    if (this.relay.begun) {
      this.relay.settle(this.now());
      this.client.break();
    } else this.relay.refuse(reason);
  }

  /** Lets go of whatever it holds or waits for. */
  private drop(outcome: Outcome, verdict: Verdict): void {
    const { current } = this;
    const now = this.now();
    this.course?.quit(now);
    if (current === undefined) return;
    this.current = undefined;
    current.leave(outcome, verdict, now);
    // Bytes of a tunnel have no framing that would tell the origin that it broke off.
    current.link?.destroy(this.exchange.tunnel);
  }
}
