/**
 * Where log bytes go: a file, or one of the process's own streams.
 *
 * Rule: writing never waits and never throws. What the reader does not take is kept up to QUEUE_BYTES; beyond that it is
 * dropped and counted. A full disk or a reader that left costs lines, never traffic and never the process.
 * Files go through pino's destination (sonic-boom). Pipes do not: it writes on the thread pool, where a full pipe blocks
 * a pool thread, and Node.js cannot exit before that thread returns. The process's own streams wait in the event loop.
 */

import { closeSync, fstatSync, openSync } from 'node:fs';
import pino from 'pino';

/** Bytes kept for a slow reader. */
const QUEUE_BYTES = 16_777_216;
/** Bytes per write to a file. */
const WRITE_BYTES = 262_144;
/** How long `end` waits for what is still kept, milliseconds. */
const END_LIMIT = 2000;
/** After a failed write, milliseconds. */
const TRY_AGAIN = 1000;
const NOTHING = new Uint8Array(0);
/** The same trouble is told once in this time, milliseconds. */
const TELL_EVERY = 60_000;

export interface Destination {
  /** Lines lost so far. */
  readonly dropped: number;
  /** Takes whole lines. The bytes belong to the destination from now on. */
  write(bytes: Uint8Array): void;
  /** Opens a file anew under its name, after someone moved it away. */
  reopen(): void;
  /** Resolves when everything is written, or after a short while; nothing may be written afterwards. */
  end(): Promise<void>;
}

export interface DestinationOptions {
  /** Hears of trouble with the destination, seldom. */
  readonly onError: (error: Error) => void;
  /** Milliseconds, for the pause between two tellings. */
  readonly now: () => number;
}

/** `-` is standard output; else a file, made where there is none. Throws the system's error where it cannot be opened. */
export function openDestination(target: string, options: DestinationOptions): Destination {
  if (target === '-' || target === '/dev/stdout') return openStandard(1, options);
  if (target === '/dev/stderr') return openStandard(2, options);
  // Opened here once so that a wrong name is told at start, with the system's reason.
  closeSync(openSync(target, 'a'));
  return new FileDestination(target, options);
}

/** Standard output (1) or error (2): by what stands behind the number. */
export function openStandard(fd: 1 | 2, options: DestinationOptions): Destination {
  if (fstatSync(fd).isFile()) return new FileDestination(fd, options);
  return new StreamDestination(fd === 1 ? process.stdout : process.stderr, options);
}

/** Whether output and error lead to the same place: then they need one writer, or lines of one would split the other's. */
export function standardsAreOne(): boolean {
  const out = fstatSync(1);
  const error = fstatSync(2);
  return out.dev === error.dev && out.ino === error.ino;
}

class FileDestination implements Destination {
  dropped = 0;
  private readonly target: string | 1 | 2;
  private readonly boom: ReturnType<typeof pino.destination>;
  private again: NodeJS.Timeout | undefined = undefined;

  constructor(target: string | 1 | 2, options: DestinationOptions) {
    this.target = target;
    this.boom = pino.destination({
      dest: target,
      sync: false,
      append: true,
      maxLength: QUEUE_BYTES,
      maxWrite: WRITE_BYTES,
      contentMode: 'buffer',
    });
    this.boom.on('drop', (bytes: Uint8Array) => {
      this.dropped += linesIn(bytes);
    });
    const tell = seldom(options);
    this.boom.on('error', (error: Error) => {
      tell(error);
      // sonic-boom tries again with the next write only, and refuses that one where its queue is full by now.
      clearTimeout(this.again);
      this.again = setTimeout(() => this.write(NOTHING), TRY_AGAIN).unref();
    });
    // pino flushes at exit, and sonic-boom's flushSync tries for ever where the disk is full: the process would not end.
    this.boom.flushSync = () => {};
  }

  write(bytes: Uint8Array): void {
    this.boom.write(bytes as unknown as string); // typed for text only; contentMode `buffer` takes bytes
  }

  reopen(): void {
    if (typeof this.target === 'string') this.boom.reopen();
  }

  async end(): Promise<void> {
    await within(END_LIMIT, (done) => {
      this.boom.once('close', done);
      this.boom.end();
    });
    clearTimeout(this.again);
    this.boom.destroy();
  }
}

class StreamDestination implements Destination {
  dropped = 0;
  private readonly stream: NodeJS.WriteStream;
  private broken = false;

  constructor(stream: NodeJS.WriteStream, options: DestinationOptions) {
    this.stream = stream;
    const tell = seldom(options);
    // The reader left (EPIPE), or the terminal did (EIO): it does not come back.
    stream.on('error', (error) => {
      this.broken = true;
      tell(error);
    });
  }

  write(bytes: Uint8Array): void {
    if (this.broken || this.stream.writableLength + bytes.length > QUEUE_BYTES) this.dropped += linesIn(bytes);
    else this.stream.write(bytes);
  }

  reopen(): void {}

  async end(): Promise<void> {
    if (this.broken || this.stream.writableLength === 0) return;
    await within(END_LIMIT, (done) => this.stream.write('', () => done()));
  }
}

function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}

function seldom(options: DestinationOptions): (error: Error) => void {
  let told = Number.NEGATIVE_INFINITY;
  return (error) => {
    const now = options.now();
    if (now - told < TELL_EVERY) return;
    told = now;
    options.onError(error);
  };
}

function within(limit: number, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limit);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
