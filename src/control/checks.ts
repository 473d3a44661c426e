/**
 * Large checks, worked out beside the control thread: checking 60,000 routes takes seconds, which nobody else has to wait for.
 *
 * Rule: one at a time, in a thread that is started when it is needed and ended when nobody has asked for a while; a few wait,
 * and whoever comes after them is told to come again. Every check is answered: one that takes too long, or that its thread
 * dies of, is given up and the next one gets a new thread. What nobody waits for any more is not worked out.
 */

import type { Alarms } from '../core/alarm.ts';
import type { CheckAnswer, CheckOrder } from './check-text.ts';

/** A thread that answers one order after the other. */
export interface CheckThread {
  ask(order: CheckOrder): void;
  end(): Promise<void>;
}

/** `over`: it ended, and why; after it `answered` is called no more. */
export type StartCheckThread = (answered: (answer: CheckAnswer) => void, over: (reason: string) => void) => CheckThread;

/** Why there is no answer. */
export interface NotChecked {
  readonly is: 'not_checked';
  readonly why: 'busy' | 'failed';
  readonly detail: string;
}

interface Job {
  readonly order: CheckOrder;
  readonly settle: (answer: CheckAnswer | NotChecked) => void;
}

/**
 * Characters of both texts together. What is below keeps the control thread for less than a tenth of a second of an idle core,
 * whatever stands in it but repetitions; at four times as much examples that are asked of many expressions take more than one.
 */
const LARGE = 65_536;
/** Characters of both texts together from which on a check may take seconds. */
const SLOW = 262_144;
/** Slow checks that wait for the one under way; the others, of which each is over in a moment. */
const MOST_WAITING = 4;
const MOST_QUICK = 64;
/** Milliseconds from the last answer to the end of the thread. */
const KEPT_FOR = 10_000;
/** Milliseconds that a check may take: 60,000 routes take a tenth of it on an idle core. */
const LONGEST = 60_000;

const ELSEWHERE = 'check the file with `signalbox check FILE`, which needs no router';

/**
 * `{1000}` of an expression is a thousand times what it looks like. Brace and number may hide behind a character that is written
 * by its code, a line that goes on, or what the environment says; `\d` and `\.`, which many expressions have, hide nothing.
 */
const REPEATS = /\{[\d$]|\\[xuU\r\n]|\$\{\w+:-/;

export function isLarge({ sent, running }: CheckOrder): boolean {
  return sent.text.length + running.length > LARGE || REPEATS.test(sent.text);
}

function isSlow({ sent, running }: CheckOrder): boolean {
  return sent.text.length + running.length > SLOW;
}

export class Checks {
  private readonly alarms: Alarms;
  private readonly start: StartCheckThread;
  private thread: CheckThread | undefined = undefined;
  /** Ended threads that are not quite gone. */
  private ending: Promise<unknown> = Promise.resolve();
  private current: Job | undefined = undefined;
  private waiting: Job[] = [];
  private cancel = () => {};
  private stopped = false;

  constructor(alarms: Alarms, start: StartCheckThread) {
    this.alarms = alarms;
    this.start = start;
  }

  /** `signal`: whoever asked is gone. */
  check(order: CheckOrder, signal: AbortSignal): Promise<CheckAnswer | NotChecked> {
    if (this.stopped) return Promise.resolve(STOPPING);
    if (signal.aborted) return Promise.resolve(GONE);
    if (this.isFull(isSlow(order))) return Promise.resolve(BUSY);
    return new Promise((settle) => {
      const job = { order, settle };
      signal.addEventListener('abort', () => this.leave(job), { once: true });
      this.waiting.push(job);
      if (this.current === undefined) this.next();
    });
  }

  /** Whatever is open is answered with that; resolves when no thread is left. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel();
    this.endThread();
    const open = this.current === undefined ? this.waiting : [this.current, ...this.waiting];
    this.current = undefined;
    this.waiting = [];
    for (const job of open) job.settle(STOPPING);
    await this.ending;
  }

  private isFull(slow: boolean): boolean {
    return this.waiting.filter(({ order }) => isSlow(order) === slow).length >= (slow ? MOST_WAITING : MOST_QUICK);
  }

  private next(): void {
    this.cancel();
    this.current = this.waiting.shift();
    if (this.current === undefined) {
      this.cancel = this.alarms.after(KEPT_FOR, () => this.endThread());
      return;
    }
    this.cancel = this.alarms.after(LONGEST, () => {
      this.endThread();
      this.settle(failed(`the check took longer than ${LONGEST / 1000} s and was given up`));
    });
    try {
      this.thread ??= this.startThread();
      this.thread.ask(this.current.order);
    } catch (error) {
      // The system has no thread to give.
      this.settle(failed(`no thread can be started to work out the check: ${(error as Error).message}`));
    }
  }

  private settle(answer: CheckAnswer | NotChecked): void {
    this.current?.settle(answer);
    this.next();
  }

  private leave(job: Job): void {
    job.settle(GONE);
    if (job === this.current) {
      this.endThread();
      this.next();
    } else {
      this.waiting = this.waiting.filter((other) => other !== job);
    }
  }

  private startThread(): CheckThread {
    const thread: CheckThread = this.start(
      (answer) => {
        if (this.thread === thread) this.settle(answer);
      },
      (reason) => {
        if (this.thread !== thread) return;
        this.thread = undefined;
        if (this.current !== undefined) this.settle(failed(`the thread that worked out the check died: ${reason}`));
      },
    );
    return thread;
  }

  private endThread(): void {
    const { thread } = this;
    this.thread = undefined;
    if (thread !== undefined) this.ending = Promise.all([this.ending, thread.end()]);
  }
}

function failed(what: string): NotChecked {
  return { is: 'not_checked', why: 'failed', detail: `${what}; ${ELSEWHERE}` };
}

const BUSY: NotChecked = {
  is: 'not_checked',
  why: 'busy',
  detail: 'as many documents as may wait to be checked do so already; ask again in a few seconds',
};
const STOPPING: NotChecked = failed('the router is about to stop');
/** Nobody reads it. */
const GONE: NotChecked = { is: 'not_checked', why: 'failed', detail: 'whoever asked is gone' };
