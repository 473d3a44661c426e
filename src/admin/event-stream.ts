/**
 * Server-sent events to one reader, who may be slow or read nothing at all.
 *
 * Rule: at most one event is ever under way. While the kernel has not taken it, further ones are skipped, not kept, and the
 * next one that is sent says how many; its number counts them too. Who took nothing for MOST_SKIPPED events in a row is let
 * go: behind such a connection there is nobody any more, and a reader that is left comes back by itself.
 */

/** What is needed of node:http's ServerResponse. */
export interface EventSink {
  /** `taken` is called once the text is out of our hands, or lost with its connection. */
  write(text: string, taken: () => void): boolean;
  destroy(): unknown;
}

/** Milliseconds until a reader that lost its connection comes back. */
const COME_BACK = 2000;
/** Five minutes of one event a second. */
const MOST_SKIPPED = 300;

export class EventStream {
  private readonly sink: EventSink;
  private number = 0;
  private skipped = 0;
  private sending = false;

  constructor(sink: EventSink) {
    this.sink = sink;
    // Sent at once, so that the head goes out and the reader knows that it is heard.
    sink.write(`retry: ${COME_BACK}\n\n`, () => {});
  }

  /** `data`: one line. */
  send(event: string, data: string): void {
    this.number += 1;
    if (this.sending) {
      this.skipped += 1;
      if (this.skipped === MOST_SKIPPED) this.sink.destroy();
      return;
    }
    const before = this.skipped === 0 ? '' : `: skipped ${this.skipped}\n\n`;
    this.skipped = 0;
    this.sending = true;
    this.sink.write(`${before}id: ${this.number}\nevent: ${event}\ndata: ${data}\n\n`, () => {
      this.sending = false;
    });
  }
}
