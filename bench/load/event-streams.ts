/**
 * Event streams opened through a proxy, and what arrived in them.
 *
 * Rule: every stream must get every event, once and in order; how late is known from the time each event carries.
 */

import { HeldConnection } from './connections.ts';

/** Streams opened at the same time. */
const AT_ONCE = 25;
/** A proxy that opens no more streams is found out after this, milliseconds. */
const OPEN_LIMIT = 20_000;
const EVENT = /id: (\d+)\r?\ndata: \{"sent":([\d.]+)/g;

/** Reads one stream; the framing (chunks) between events does not disturb it. */
export class EventReader {
  /** Number of the last event. */
  last = -1;
  private rest = '';
  private readonly onEvent: (late: number) => void;

  constructor(onEvent: (late: number) => void) {
    this.onEvent = onEvent;
  }

  read(text: string, now: number): void {
    this.rest += text;
    let end = 0;
    for (const found of this.rest.matchAll(EVENT)) {
      // Only what is followed by the end of its line is whole.
      const close = this.rest.indexOf('\n\n', found.index);
      if (close === -1) break;
      const number = Number(found[1]);
      if (number !== this.last + 1) throw new Error(`event ${number} came after event ${this.last}`);
      this.last = number;
      this.onEvent(now - Number(found[2]));
      end = close + 2;
    }
    this.rest = this.rest.slice(end);
  }
}

export class EventStreams {
  readonly late: number[] = [];
  private readonly readers: EventReader[] = [];
  private readonly held: HeldConnection[] = [];
  private trouble: unknown = undefined;

  /** Opens `count` streams and waits until each has its head. */
  async open(port: number, path: string, count: number): Promise<void> {
    for (let opened = 0; opened < count; opened += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, () => this.openOne(port, path)));
    }
  }

  private openOne(port: number, path: string): Promise<void> {
    const reader = new EventReader((late) => this.late.push(late));
    this.readers.push(reader);
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`an event stream has no head after ${OPEN_LIMIT} ms`)),
        OPEN_LIMIT,
      );
      const held = new HeldConnection(port, path, (chunk) => {
        const text = chunk.toString('latin1');
        if (text.startsWith('HTTP/1.1')) {
          clearTimeout(limit);
          if (text.startsWith('HTTP/1.1 200')) resolve();
          else reject(new Error(text));
        }
        try {
          reader.read(text, performance.timeOrigin + performance.now());
        } catch (error) {
          this.trouble = error;
        }
      });
      this.held.push(held);
      held.over.catch((error) => {
        this.trouble = error;
        reject(error);
      });
    });
  }

  /** Throws unless every stream has got event `last`. */
  demand(last: number): void {
    if (this.trouble !== undefined) throw this.trouble;
    const behind = this.readers.filter((reader) => reader.last !== last).length;
    if (behind > 0) throw new Error(`${behind} of ${this.readers.length} streams lack events`);
  }

  end(): void {
    for (const each of this.held) each.end();
  }
}
