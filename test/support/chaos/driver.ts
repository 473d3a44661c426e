/**
 * Plays conversations, many at a time, and keeps the books: what each exchange was answered with, and what was wrong.
 *
 * Rule: every conversation ends, or is told as hanging and ended by force. Blame is kept up to a readable number; the
 * first one is usually the one to read.
 */

import { type Judge, Talk, UNLUCKY } from './client.ts';
import { type Act, BREAKING, drawConversation, type Exchange } from './plan.ts';

export interface DriverSettings {
  readonly seed: number;
  readonly ports: { readonly internal: number; readonly edge: number };
  /** Conversations at a time. */
  readonly width: number;
  /** After this a conversation hangs, milliseconds. */
  readonly limit: number;
}

const MOST_BLAME = 20;
/** Milliseconds. */
const SWEEP = 500;

/** Acts that are to end in a right reply. */
const GOOD: ReadonlySet<Act> = new Set<Act>([
  'length',
  'chunked',
  'until-close',
  'empty',
  'interim',
  'last',
  'quiet-death',
  'extra',
  'early',
]);

export class Driver implements Judge {
  readonly blamed: string[] = [];
  /** Status by exchange number; 0 where no reply came in whole. */
  statuses = new Uint16Array(1 << 16);
  conversations = 0;
  exchanges = 0;
  right = 0;
  brokenReplies = 0;
  tunnels = 0;
  /** Problems by code. */
  readonly problems = new Map<string, number>();
  /** The longest time this process was late, milliseconds: what it missed then is not the router's doing. */
  latest = 0;
  /** Good exchanges that met bad luck. */
  unlucky = 0;

  private readonly settings: DriverSettings;
  private readonly talks = new Set<Talk>();
  private wakeWhenDone: () => void = () => {};
  private until = 0;
  private swept = 0;

  constructor(settings: DriverSettings) {
    this.settings = settings;
  }

  /** Plays until so many exchanges were planned in all, and all conversations are over. */
  async play(exchanges: number): Promise<void> {
    this.until = exchanges;
    const sweep = setInterval(() => this.sweep(), SWEEP);
    this.swept = performance.now();
    const done = new Promise<void>((resolve) => {
      this.wakeWhenDone = resolve;
    });
    for (let i = 0; i < this.settings.width; i++) this.begin();
    if (this.talks.size > 0) await done;
    clearInterval(sweep);
  }

  blame(what: string): void {
    if (this.blamed.length < MOST_BLAME) this.blamed.push(what);
  }

  answered(exchange: Exchange, status: number, code: string | undefined): void {
    this.statuses[exchange.n] = status;
    if (code === undefined) {
      this.right += 1;
      return;
    }
    this.problems.set(code, (this.problems.get(code) ?? 0) + 1);
    if (GOOD.has(exchange.act) && UNLUCKY.includes(code)) this.unlucky += 1;
  }

  broken(exchange: Exchange): void {
    this.brokenReplies += 1;
    if (BREAKING.has(exchange.act) && this.statuses[exchange.n] !== 0) {
      this.blame(`exchange ${exchange.n} broke off after it was answered`);
    }
  }

  tunnelled(): void {
    this.tunnels += 1;
  }

  private begin(): void {
    if (this.exchanges >= this.until || this.blamed.length >= MOST_BLAME) return;
    const { seed, ports } = this.settings;
    const conversation = drawConversation(seed, this.conversations, this.exchanges);
    this.conversations += 1;
    this.exchanges += conversation.exchanges.length;
    this.room();
    const talk = new Talk(ports[conversation.listener], conversation, this, () => {
      this.talks.delete(talk);
      this.begin();
      if (this.talks.size === 0) this.wakeWhenDone();
    });
    this.talks.add(talk);
  }

  private room(): void {
    if (this.exchanges <= this.statuses.length) return;
    const wider = new Uint16Array(this.statuses.length * 2);
    wider.set(this.statuses);
    this.statuses = wider;
  }

  /** Ends what hangs. */
  private sweep(): void {
    const now = performance.now();
    this.latest = Math.max(this.latest, now - this.swept - SWEEP);
    this.swept = now;
    for (const talk of this.talks) {
      if (now - talk.since < this.settings.limit) continue;
      this.blame(`hangs: ${talk.describe()}`);
      talk.abandon();
    }
  }
}
