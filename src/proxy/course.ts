/**
 * What an exchange goes through where its first try is not all: a queue before the upstream, a pause before a further try, a
 * second request beside a slow first one, another destination where nobody of the first can serve.
 *
 * Rule: made only where one of these happens, so that the usual exchange pays nothing for it. It decides and waits; what is
 * sent and heard is the attempt's. The body that goes out again is the attempt's `kept`: while anything waits here all of
 * what came of it is kept.
 */

import { type Fault, fault } from '../core/fault.ts';
import { DENIAL_CAUSES, type DenialCause, RETRY_REASONS, UPSTREAM_BLOCK } from '../core/lanes.ts';
import type { ReplyHead } from '../http1/reply.ts';
import { type Failure, REFUSED } from '../policy/policy.ts';
import { blockOf, type Destination } from '../routing/route.ts';
import type { LinkSink, Member } from '../upstream/upstream.ts';
import { nextTry, retryReason, spareTime } from './judge.ts';
import { failureOf, isUnserved, timeoutsOf } from './outcome.ts';
import { askedOf, unasked } from './overdue.ts';
import type { Waiting } from './parts.ts';
import { armFor } from './patience.ts';
import { type Rival, type Rivalled, sendRival } from './rival.ts';
import { type Queued, Standing } from './standing.ts';
import type { Traveller } from './traveller.ts';
import { aim, gate, Try, verdictOf } from './try.ts';

/** What the client connection's timer waits for on a course's behalf. */
export const COURSE_WAITS: ReadonlySet<Waiting> = new Set<Waiting>(['queue', 'pause', 'hedge', 'delay']);

export class Course implements Queued, Rivalled {
  private readonly attempt: Traveller;
  private readonly tried: Member[] = [];
  /** Further tries made. */
  private further = 0;
  private standing: Standing | undefined = undefined;
  /** When what it rests for is over, whatever time the exchange has. */
  private until = 0;
  private failure: Failure = 'connect';
  /** What it ends with where the further try that it waits for cannot be made: a fault, and the status that was answered. */
  private reason: Fault | undefined = undefined;
  private status: number | undefined = undefined;
  /** Some member may have processed the request. */
  private processed = false;
  private fellBack = false;
  private rival: Rival | undefined = undefined;

  constructor(attempt: Traveller) {
    this.attempt = attempt;
  }

  /** Begins anew at the gates of the destination: after an injected delay, or at a fallback. */
  enter(destination: Destination, now: number): void {
    const { exchange, lane } = this.attempt;
    const first = gate(destination, exchange, this.tried, lane, now);
    if (first instanceof Try) this.attempt.send(first, false, now);
    else this.turnedAway(destination, first, now);
  }

  /** The gates let nobody through: `refusal` says why, or it is a matter of waiting for a place. */
  turnedAway(destination: Destination, refusal: Fault | undefined, now: number): void {
    const reason = refusal ?? this.standInLine(destination, now);
    if (reason !== undefined) this.lost(reason, now);
  }

  private standInLine({ protection }: Destination, now: number): Fault | undefined {
    const { circuit, limiter } = protection;
    if (limiter === undefined) return undefined;
    // Whom the circuit would refuse anyway must not take others' place in the queue. A probe is not for those who wait.
    const pass = circuit?.enter(now, this.attempt.exchange);
    if (pass === REFUSED) return circuit?.refusal(now, true);
    if (pass !== undefined) circuit?.forgive(pass, now);
    this.standing = new Standing(this, limiter, now);
    const full = limiter.wait(this.standing, now);
    if (full !== undefined) this.standing = undefined;
    else if (this.standing !== undefined) this.rest('queue', now + limiter.queueTimeout, now);
    return full;
  }

  placed(waited: number, now: number): void {
    const { destination, exchange, lane } = this.attempt;
    this.stoodInLine(waited);
    if (destination === undefined) return;
    const next = aim(destination, exchange, this.tried, lane, now);
    if (next instanceof Try) {
      this.attempt.send(next, false, now);
      return;
    }
    destination.protection.limiter?.leave(now, -1, false);
    this.lost(next, now);
  }

  shed(reason: Fault, waited: number, now: number): void {
    this.stoodInLine(waited);
    this.lost(reason, now);
  }

  onDefect(error: unknown): void {
    this.attempt.client.onDefect(error);
  }

  private stoodInLine(waited: number): void {
    const { exchange } = this.attempt;
    this.standing = undefined;
    exchange.queueTime = Math.max(exchange.queueTime, 0) + waited;
  }

  /** What it waited for is due. */
  onTime(waiting: Waiting, now: number): void {
    const { destination, exchange, end } = this.attempt;
    const over = now >= end ? unasked(exchange, timeoutsOf(destination), askedOf(this.attempt)) : undefined;
    if (waiting === 'hedge') {
      this.rival = sendRival(this.attempt, this, now);
      armFor(this.attempt, now);
    }
    // More of the request came meanwhile: its time ends later than it did.
    else if (over === undefined && now < this.until) this.rest(waiting, this.until, now);
    else if (waiting === 'queue') this.standing?.late(now, over);
    else if (over !== undefined) this.lost(this.reason ?? over, now);
    else if (waiting === 'pause') this.again(now);
    else if (destination !== undefined) this.enter(destination, now);
  }

  /** Nothing is sent until then, unless the exchange's time is over before; what the client sends meanwhile has to wait. */
  rest(waiting: Waiting, until: number, now: number): void {
    const { client, upload, end } = this.attempt;
    this.until = until;
    upload.hold(now);
    client.wait(waiting, Math.min(until, end));
  }

  /** The exchange is over, whatever it waited for. */
  quit(now: number): void {
    this.standing?.quit();
    this.standing = undefined;
    this.cancelRival(now);
  }

  /** The try ended by a fault and is left: another one comes, or the exchange is over. */
  failed(last: Try, reason: Fault, now: number): void {
    const failure = failureOf(reason);
    this.note(last.member, failure);
    if (this.rival !== undefined) {
      this.takeOver(this.rival, now);
      return;
    }
    const pause = failure === undefined ? -1 : this.pauseAfter(failure, 0, now);
    if (pause < 0) this.lost(reason, now);
    else this.goOn(pause, reason, undefined, now);
  }

  /**
   * The try was answered with a status that is worth another one: true where there will be one, and the reply is not passed
   * on; `done`: it is here whole.
   */
  takesBack(last: Try, head: ReplyHead, done: boolean, now: number, wall: number): boolean {
    const { attempt, rival } = this;
    const { exchange, upload } = attempt;
    this.note(last.member, head.status);
    const pause = rival === undefined ? this.pauseAfter(head.status, spareTime(head, wall), now) : 0;
    if (pause < 0) return false;
    attempt.current = undefined;
    if (done && upload.done) last.link?.release(now);
    else last.link?.destroy();
    last.leave('server_error', verdictOf(head.status), now);
    if (rival !== undefined) {
      this.takeOver(rival, now);
      return true;
    }
    const what = `${exchange.member} of ${exchange.upstream} answered ${head.status}, and there was no further try to be had`;
    this.goOn(pause, fault('upstream_reset', what), head.status, now);
    return true;
  }

  /** A try at this member failed, in this way where that is known. */
  private note(member: Member, failure: Failure | undefined): void {
    this.tried.push(member);
    if (failure !== undefined && failure !== 'connect') this.processed = true;
  }

  /**
   * A try failed. How many milliseconds another one is to wait for, -1 where none comes. `spare`: see judge.ts. Where it is
   * not -1, `goOn` must follow.
   */
  private pauseAfter(failure: Failure, spare: number, now: number): number {
    const { attempt } = this;
    const { destination, exchange, lane } = attempt;
    const retry = destination?.protection.retry;
    if (retry === undefined || destination === undefined || attempt.upload.kept === undefined || attempt.told)
      return -1;
    const elsewhere = destination.upstream.members.length > this.tried.length;
    const left = attempt.end - now;
    const facts = { failure, method: exchange.method, further: this.further, elsewhere, left, spare };
    const pause = nextTry(retry, facts, now);
    if (typeof pause !== 'number') {
      if (pause !== 'no') lane.add(destination.upstream.block, UPSTREAM_BLOCK.denied + DENIAL_CAUSES.indexOf(pause), 1);
      return -1;
    }
    this.failure = failure;
    this.further += 1;
    return pause;
  }

  /** Waits before the further try; `reason` and `status`: what the exchange ends with where it cannot be made. */
  private goOn(pause: number, reason: Fault, status: number | undefined, now: number): void {
    this.reason = reason;
    this.status = status;
    if (pause === 0) this.again(now);
    else this.rest('pause', now + pause, now);
  }

  /** The pause is over. Those who were asked already do not wait in line again: that would only deepen an overload. */
  again(now: number): void {
    const { attempt, tried, reason } = this;
    const { destination, exchange, lane } = attempt;
    if (destination === undefined) return;
    const { block } = destination.upstream;
    const next = gate(destination, exchange, tried, lane, now);
    if (next instanceof Try) {
      lane.add(block, UPSTREAM_BLOCK.retries + RETRY_REASONS.indexOf(retryReason(this.failure)), 1);
      attempt.send(next, false, now);
      return;
    }
    const cause: DenialCause = next === undefined ? 'place' : 'circuit';
    lane.add(block, UPSTREAM_BLOCK.denied + DENIAL_CAUSES.indexOf(cause), 1);
    this.lost(reason ?? next ?? fault('overloaded', `no place is free before upstream ${exchange.upstream}`), now);
  }

  now(): number {
    return this.attempt.client.door.clock.now();
  }

  yieldTo(rival: Rival): LinkSink {
    const { attempt } = this;
    const { current } = attempt;
    const now = this.now();
    attempt.current = undefined;
    current?.leave('cancelled', 'nothing', now);
    current?.link?.destroy();
    this.takeOver(rival, now);
    return attempt;
  }

  private takeOver(rival: Rival, now: number): void {
    this.rival = undefined;
    this.attempt.current = rival.try;
    this.attempt.exchange.member = rival.try.member.id;
    this.attempt.exchange.connectTime = rival.link?.connected === true ? rival.link.connectTime : -1;
    rival.link?.handTo(this.attempt);
    armFor(this.attempt, now);
  }

  rivalGone(rival: Rival, failure: Failure | undefined): void {
    this.rival = undefined;
    this.note(rival.try.member, failure);
  }

  cancelRival(now: number): void {
    const { rival } = this;
    this.rival = undefined;
    rival?.cancel(now);
  }

  /** Nobody of the destination can serve: the route's fallback, or the end. */
  lost(reason: Fault, now: number): void {
    const { attempt } = this;
    const fallback = attempt.route?.plan.fallback;
    const may = !this.fellBack && !this.processed && !attempt.told && attempt.upload.kept !== undefined;
    if (fallback === undefined || !may || !isUnserved(reason)) {
      attempt.relay.refuse(reason, reason === this.reason ? this.status : undefined);
      return;
    }
    this.fellBack = true;
    if ('reply' in fallback) {
      this.countFallback();
      attempt.exchange.fault = reason;
      attempt.relay.answer(fallback.reply);
      return;
    }
    this.divert(fallback.upstream, now);
  }

  private divert(index: number, now: number): void {
    const { attempt } = this;
    const { exchange, route } = attempt;
    const destination = route?.plan.destinations[index];
    if (route === undefined || destination === undefined) return;
    this.countFallback();
    exchange.upstream = destination.upstream.id;
    exchange.member = undefined;
    exchange.block = blockOf(route, index);
    this.tried.length = 0;
    this.further = 0;
    attempt.head(destination);
    this.enter(destination, now);
  }

  private countFallback(): void {
    const { destination, lane } = this.attempt;
    if (destination !== undefined) lane.add(destination.upstream.block, UPSTREAM_BLOCK.fallbacks, 1);
  }
}
