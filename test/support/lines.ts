/**
 * A log destination that keeps what is written, line by line and parsed. It stands where a file or stdout stands in
 * production, so that a test reads what a reader of the log would.
 */

import { type ByteSource, copyOut, type Destination } from '../../src/telemetry/destination.ts';

/** How long a test waits for lines before it fails, milliseconds. */
const PATIENCE = 5000;
const STEP = 10;

export class LineCatcher implements Destination {
  readonly parsed: Record<string, unknown>[] = [];
  readonly dropped = 0;
  private rest = '';

  write(bytes: Uint8Array): void {
    const lines = (this.rest + Buffer.from(bytes).toString('utf8')).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.parsed.push(JSON.parse(line) as Record<string, unknown>);
  }

  pull(source: ByteSource): void {
    this.write(copyOut(source));
  }

  reopen(): void {}

  async end(): Promise<void> {}

  /** All lines so far, once there are at least `count`. `push` asks the writer to hand over what it still gathers. */
  async atLeast(count: number, push: () => Promise<void>): Promise<Record<string, unknown>[]> {
    const until = performance.now() + PATIENCE;
    await push();
    while (this.parsed.length < count) {
      if (performance.now() > until) throw new Error(`waited for ${count} lines, got ${this.parsed.length}`);
      await new Promise((resolve) => setTimeout(resolve, STEP));
      await push();
    }
    return this.parsed;
  }
}
