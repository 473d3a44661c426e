/**
 * The router before one service, without sockets: gates, retries and patience of a request in the order of the line.
 *
 * Rule: what is decided is decided by the product (circuit, limiter, budget, `nextTry`) under the settings of a document;
 * here is only who asks it when, as src/proxy does. A service has one member, so there is nothing to choose or to eject.
 */

import { Timer } from '../../src/core/timers.ts';
import { type Failure, type Known, type Protection, REFUSED, type Waiter } from '../../src/policy/policy.ts';
import { nextTry } from '../../src/proxy/judge.ts';
import type { TimeoutSettings } from '../../src/upstream/upstream.ts';
import type { VirtualTime } from './time.ts';

/** Says how a request ended. */
export type Reply = (status: number) => void;
/** Takes a request of whom; `reply` is called once, or never. */
export type Service = (who: Known, reply: Reply) => void;

const UNAVAILABLE = 503;
const TOO_LATE = 504;

export class Hop {
  readonly time: VirtualTime;
  readonly protection: Protection;
  readonly timeout: TimeoutSettings;
  readonly service: Service;
  /** Requests that reached the service, further tries among them. */
  reached = 0;

  constructor(time: VirtualTime, protection: Protection, timeout: TimeoutSettings, service: Service) {
    this.time = time;
    this.protection = protection;
    this.timeout = timeout;
    this.service = service;
  }

  ask(who: Known, reply: Reply): void {
    new Exchange(this, who, reply).begin();
  }
}

class Exchange implements Waiter {
  ahead: Waiter | undefined = undefined;
  behind: Waiter | undefined = undefined;
  private readonly hop: Hop;
  private readonly who: Known;
  private readonly reply: Reply;
  private readonly end: number;
  private readonly timer = new Timer(() => this.due());
  private waiting: 'reply' | 'pause' | 'queue' = 'reply';
  private pass = 0;
  private begun = 0;
  /** Tries made; a reply to another one than the last comes too late. */
  private tries = 0;
  private sent = false;
  private further = 0;
  /** What it ends with where no further try can be made. */
  private last = UNAVAILABLE;

  constructor(hop: Hop, who: Known, reply: Reply) {
    this.hop = hop;
    this.who = who;
    this.reply = reply;
    this.end = hop.time.now() + hop.timeout.total;
  }

  begin(): void {
    const { protection, time } = this.hop;
    const now = time.now();
    protection.retry?.earn(now);
    const entered = this.enter(now);
    if (entered === 'refused' || (entered === 'full' && !this.standInLine(now))) this.reply(UNAVAILABLE);
  }

  private enter(now: number): 'sent' | 'refused' | 'full' {
    const { limiter } = this.hop.protection;
    if (limiter !== undefined && !limiter.enter()) return 'full';
    return this.aim(now) ? 'sent' : 'refused';
  }

  /** With a place. */
  private aim(now: number): boolean {
    const { circuit, limiter } = this.hop.protection;
    const pass = circuit?.enter(now, this.who) ?? 0;
    if (pass === REFUSED) {
      limiter?.leave(now, -1, false);
      return false;
    }
    this.pass = pass;
    this.send(now);
    return true;
  }

  private standInLine(now: number): boolean {
    const { circuit, limiter } = this.hop.protection;
    const pass = circuit?.enter(now, this.who);
    if (limiter === undefined || pass === REFUSED) return false;
    if (pass !== undefined) circuit?.forgive(pass, now);
    if (limiter.wait(this, now) !== undefined) return false;
    this.wait('queue', Math.min(now + limiter.queueTimeout, this.end));
    return true;
  }

  onPlace(now: number): void {
    this.rest();
    if (!this.aim(now)) this.reply(UNAVAILABLE);
  }

  onShed(): void {
    this.rest();
    this.reply(UNAVAILABLE);
  }

  private send(now: number): void {
    const { hop } = this;
    this.begun = now;
    this.sent = true;
    this.tries += 1;
    hop.reached += 1;
    const { tries } = this;
    this.wait('reply', Math.min(now + hop.timeout.attempt, this.end));
    hop.service(this.who, (status) => {
      if (this.sent && tries === this.tries) this.answered(status);
    });
  }

  private answered(status: number): void {
    const now = this.hop.time.now();
    this.rest();
    const pause = status < 400 ? -1 : this.pauseAfter(status, now);
    this.leave(status < 400 ? undefined : status, now - this.begun, now);
    if (pause < 0) this.reply(status);
    else this.again(status, pause, now);
  }

  private due(): void {
    const now = this.hop.time.now();
    if (this.waiting === 'pause') this.repeat(now);
    else if (this.waiting === 'queue') {
      this.hop.protection.limiter?.withdraw(this, true);
      this.reply(UNAVAILABLE);
    } else {
      this.leave('timeout', -1, now);
      const pause = this.pauseAfter('timeout', now);
      if (pause < 0) this.reply(TOO_LATE);
      else this.again(TOO_LATE, pause, now);
    }
  }

  private pauseAfter(failure: Failure, now: number): number {
    const { retry } = this.hop.protection;
    if (retry === undefined) return -1;
    const { further, end } = this;
    const facts = { failure, method: 'GET', further, elsewhere: false, left: end - now, spare: 0 };
    const pause = nextTry(retry, facts, now);
    if (typeof pause !== 'number') return -1;
    this.further += 1;
    return pause;
  }

  private again(status: number, pause: number, now: number): void {
    this.last = status;
    this.wait('pause', now + pause);
  }

  private repeat(now: number): void {
    if (this.enter(now) !== 'sent') this.reply(this.last);
  }

  private leave(failure: Failure | undefined, ms: number, now: number): void {
    const { circuit, limiter } = this.hop.protection;
    this.sent = false;
    circuit?.judge(this.pass, failure, now);
    limiter?.leave(now, ms, failure === 'timeout');
  }

  private wait(what: 'reply' | 'pause' | 'queue', until: number): void {
    this.waiting = what;
    this.hop.time.timers.arm(this.timer, until);
  }

  private rest(): void {
    this.hop.time.timers.disarm(this.timer);
  }
}
