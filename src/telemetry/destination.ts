/**
 * Where log bytes go: a file, or one of the process's own streams.
 *
 * Rule: writing never waits and never throws. What the reader does not take is kept up to QUEUE_BYTES; beyond that it is
 * dropped and counted. A full disk or a reader that left costs lines, never traffic and never the process.
 * Files are written on the thread pool, right from the memory where the data threads left their lines (measured at 20,000
 * exchanges a second: the two copies and fresh buffers of a writer in between cost 6% of the process). Pipes are not: a
 * full one blocks a pool thread, and Node.js cannot exit before that thread returns. Streams wait in the event loop.
 */

const { closeSync, fstatSync, openSync, write } = process.getBuiltinModule('node:fs');

/** Bytes kept for a slow reader. */
const QUEUE_BYTES = 16_777_216;
/** Bytes per write to a file. */
const WRITE_BYTES = 262_144;
/** How long `end` waits for what is still kept, milliseconds. */
const END_LIMIT = 2000;
/** After a failed write, milliseconds. */
const TRY_AGAIN = 1000;
/** The same trouble is told once in this time, milliseconds. */
const TELL_EVERY = 60_000;

export interface Destination {
  /** Lines lost so far. */
  readonly dropped: number;
  /** Takes whole lines. The bytes belong to the destination from now on. */
  write(bytes: Uint8Array): void;
  /** Takes what the source holds now, whole lines, when it can; the source stays as it is until then. */
  pull(source: ByteSource): void;
  /** Opens a file anew under its name, after someone moved it away. */
  reopen(): void;
  /** Resolves when everything is written, or after a short while; nothing may be written afterwards. */
  end(): Promise<void>;
}

/** Memory that somebody fills with whole lines, and from which they are taken in place. */
export interface ByteSource {
  /** Bytes that wait. */
  readonly held: number;
  /** The first of them that stand in one piece, at most `most`; undefined where none wait. */
  peek(most: number): Uint8Array | undefined;
  /** So many of them are taken: their place may be written over. */
  advance(count: number): void;
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

/** Where a file takes its next bytes from: a chunk that was handed over, or a source, up to what it held when its turn came. */
type Turn =
  | { readonly from: 'chunk'; readonly bytes: Uint8Array; at: number }
  | { readonly from: 'source'; readonly source: ByteSource; left: number };

class FileDestination implements Destination {
  dropped = 0;
  private readonly target: string | 1 | 2;
  private readonly tell: (error: Error) => void;
  private readonly chunks: Uint8Array[] = [];
  private readonly sources = new Set<ByteSource>();
  private queued = 0;
  private fd: number;
  private turn: Turn | undefined = undefined;
  private writing = false;
  private again: NodeJS.Timeout | undefined = undefined;
  private toReopen = false;
  /** The last write failed. */
  private stuck = false;
  private onIdle: (() => void) | undefined = undefined;

  constructor(target: string | 1 | 2, options: DestinationOptions) {
    this.target = target;
    this.tell = seldom(options);
    this.fd = typeof target === 'string' ? openSync(target, 'a') : target;
  }

  write(bytes: Uint8Array): void {
    if (this.queued + bytes.length > QUEUE_BYTES) {
      this.dropped += linesIn(bytes);
      return;
    }
    this.queued += bytes.length;
    this.chunks.push(bytes);
    this.go();
  }

  pull(source: ByteSource): void {
    this.sources.add(source);
    this.go();
  }

  reopen(): void {
    if (typeof this.target !== 'string') return;
    this.toReopen = true;
    clearTimeout(this.again);
    this.again = undefined;
    this.go();
  }

  async end(): Promise<void> {
    await within(END_LIMIT, (done) => {
      this.onIdle = done;
      this.go();
    });
    clearTimeout(this.again);
    if (typeof this.target === 'string' && !this.writing) closeSync(this.fd);
  }

  /** One write at a time; a turn is written whole before the next begins, so that lines of two never mix. */
  private go(): void {
    if (this.writing || this.again !== undefined) return;
    // Between two turns, so that no line is torn in two; but a file that takes nothing may keep a turn for ever.
    if (this.toReopen && (this.turn === undefined || this.stuck)) this.openAnew();
    this.turn ??= this.nextTurn();
    const { turn } = this;
    const bytes = turn?.from === 'chunk' ? turn.bytes.subarray(turn.at) : turn?.source.peek(turn.left);
    if (bytes === undefined) {
      this.onIdle?.();
      return;
    }
    this.writing = true;
    write(this.fd, bytes, 0, Math.min(bytes.length, WRITE_BYTES), null, (error, written) => {
      this.writing = false;
      if (error !== null) this.failed(error);
      else this.wrote(written);
      this.go();
    });
  }

  private nextTurn(): Turn | undefined {
    const bytes = this.chunks.shift();
    if (bytes !== undefined) return { from: 'chunk', bytes, at: 0 };
    for (const source of this.sources) {
      const left = source.held;
      if (left === 0) continue;
      // To the back of the row, so that a busy source does not keep others waiting.
      this.sources.delete(source);
      this.sources.add(source);
      return { from: 'source', source, left };
    }
    return undefined;
  }

  private wrote(count: number): void {
    this.stuck = false;
    const { turn } = this;
    if (turn?.from === 'chunk') {
      this.queued -= count;
      turn.at += count;
      if (turn.at === turn.bytes.length) this.turn = undefined;
    } else if (turn !== undefined) {
      turn.source.advance(count);
      turn.left -= count;
      if (turn.left === 0) this.turn = undefined;
    }
  }

  private failed(error: Error): void {
    this.stuck = true;
    this.tell(error);
    this.again = setTimeout(() => {
      this.again = undefined;
      this.go();
    }, TRY_AGAIN).unref();
  }

  private openAnew(): void {
    this.toReopen = false;
    try {
      const fd = openSync(this.target as string, 'a'); // only a name is ever opened anew
      closeSync(this.fd);
      this.fd = fd;
    } catch (error) {
      // The old file goes on until the name can be opened.
      this.tell(error as Error);
    }
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

  pull(source: ByteSource): void {
    // A stream keeps what its reader does not take; a source's memory is written over.
    if (source.held > 0) this.write(copyOut(source));
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

/** Takes all that a source holds, as a copy. */
export function copyOut(source: ByteSource): Buffer {
  const pieces: Buffer[] = [];
  for (let left = source.held, bytes = source.peek(left); bytes !== undefined; bytes = source.peek(left)) {
    pieces.push(Buffer.from(bytes));
    source.advance(bytes.length);
    left -= bytes.length;
  }
  return Buffer.concat(pieces);
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
