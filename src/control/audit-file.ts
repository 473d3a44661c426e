/**
 * The file of the audit log: one line a record, read whole once, then only added to.
 *
 * Rule: a line counts when it is on the disk with its line break. What a crash left of one is cut off at opening; what a
 * failed write left, before the next. What is not what was written is reported and left as it is. Whole records stay on the
 * disk: only where they stand is remembered.
 */

import { type AuditContent, isBeginning, isBeside, lineOf, type PrunedContent, readLine } from './audit-line.ts';

const { constants } = process.getBuiltinModule('node:fs');
const { open, rename, rm, stat } = process.getBuiltinModule('node:fs').promises;
type FileHandle = Awaited<ReturnType<typeof open>>;

const PIECE = 262_144;
const LINE_BREAK = 10;
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT;
const OWNER_ONLY = 0o600;

/** A record in the file. */
export interface Kept {
  readonly number: number;
  readonly at: number;
  readonly revision: string;
  readonly document: string;
  readonly parent: string;
  readonly replaced: string;
  /** It is about something else than the document. */
  readonly beside: boolean;
  readonly offset: number;
  readonly length: number;
  /** SHA-256 of the line before. */
  readonly before: string;
}

/** Something in the file is not what was written. */
export interface Flaw {
  /** Where its line begins. */
  readonly offset: number;
  readonly detail: string;
}

export class AuditFile {
  readonly kept: Kept[] = [];
  readonly flaws: Flaw[] = [];
  /** Bytes of a line without its end that were cut off at opening. */
  torn = 0;
  /** Lines that no record could be read from. */
  unreadable = 0;
  private readonly path: string;
  private handle: FileHandle;
  private size = 0;
  /** SHA-256 of the last line. */
  private tip = '';
  /** Where it begins. */
  private lastOffset = -1;
  private number = 0;
  private pruned = 0;
  /** A write failed, and may have left something behind `size`. */
  private dirty = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  /** Throws the system's error where the file cannot be opened, read or written. */
  static async open(path: string): Promise<AuditFile> {
    await rm(`${path}.tmp`, { force: true });
    const file = new AuditFile(path, await open(path, OPEN_FLAGS, OWNER_ONLY));
    try {
      await file.mend(await file.scan());
    } catch (error) {
      await file.close();
      throw error;
    }
    return file;
  }

  /** The number that the next record gets. */
  get next(): number {
    return this.number + 1;
  }

  /** Returns when it is on the disk. */
  async append(content: Omit<AuditContent, 'number'>): Promise<void> {
    // By its name too: a log that was moved aside is written to no more, for nobody would look for its end there.
    const [{ size, ino, dev }, there] = await Promise.all([this.handle.stat(), stat(this.path).catch(() => undefined)]);
    if (there?.ino !== ino || there.dev !== dev || size < this.size)
      throw new LogTakenAway(`${this.path} was removed, moved or cut by somebody else`);
    if (this.dirty) await this.handle.truncate(this.size);
    const record = { ...content, number: this.next };
    const line = Buffer.from(`${lineOf(record, this.tip)}\n`);
    this.dirty = true;
    await writeAll(this.handle, line, this.size);
    await this.handle.datasync();
    this.dirty = false;
    this.take(line.subarray(0, -1), this.size);
    this.size += line.length;
  }

  async read({ offset, length }: Kept): Promise<AuditContent | undefined> {
    const line = Buffer.alloc(length);
    const { bytesRead } = await this.handle.read(line, 0, length, offset);
    const { content } = readLine(line.subarray(0, bytesRead));
    return content === undefined || 'kind' in content ? undefined : content;
  }

  /**
   * Takes out all records before the one at this index. What stays is copied as it is, behind a first line that says what
   * the last line taken out was, so that the chain has a beginning.
   */
  async prune(index: number, at: number): Promise<void> {
    const first = this.kept[index];
    const count = this.pruned + index;
    const mark: PrunedContent = { kind: 'pruned', number: this.kept[index - 1].number, at, count };
    const head = Buffer.from(`${lineOf(mark, first.before)}\n`);
    await rm(`${this.path}.tmp`, { force: true });
    const fresh = await open(`${this.path}.tmp`, 'wx+', OWNER_ONLY);
    try {
      await writeAll(fresh, head, 0);
      await copy(this.handle, first.offset, this.size, fresh, head.length);
      await fresh.sync();
      await rename(`${this.path}.tmp`, this.path);
    } catch (error) {
      await fresh.close();
      throw error;
    }
    await this.handle.close();
    this.handle = fresh;
    this.moved(index, head.length - first.offset);
    this.pruned = count;
    this.dirty = false;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private moved(index: number, by: number): void {
    const from = this.kept[index].offset;
    const kept = this.kept.slice(index).map((one) => ({ ...one, offset: one.offset + by }));
    const flaws = this.flaws.filter(({ offset }) => offset >= from).map((one) => ({ ...one, offset: one.offset + by }));
    // In place, a few at a time: spreading 100,000 arguments overflows the stack.
    this.kept.length = 0;
    for (const one of kept) this.kept.push(one);
    this.flaws.splice(0, this.flaws.length, ...flaws);
    this.size += by;
  }

  /** Reads the whole file, line by line; what has no line break at its end is left over. */
  private async scan(): Promise<Buffer> {
    const piece = Buffer.alloc(PIECE);
    let rest: Buffer[] = [];
    for (let position = 0; ; ) {
      const { bytesRead } = await this.handle.read(piece, 0, PIECE, position);
      if (bytesRead === 0) break;
      let start = 0;
      for (;;) {
        const end = piece.subarray(0, bytesRead).indexOf(LINE_BREAK, start);
        if (end === -1) break;
        const tail = piece.subarray(start, end);
        const line = rest.length === 0 ? tail : Buffer.concat([...rest, tail]);
        rest = [];
        this.take(line, this.size);
        this.size += line.length + 1;
        start = end + 1;
      }
      if (start < bytesRead) rest.push(Buffer.from(piece.subarray(start, bytesRead)));
      position += bytesRead;
    }
    return Buffer.concat(rest);
  }

  /**
   * A record that lacks nothing but its line break, or has another byte in place of it, is one; its beginning is cut off. What
   * is neither no crash left: it is a line that is not what was written.
   */
  private async mend(end: Buffer): Promise<void> {
    if (end.length === 0) return;
    const whole = [0, 1].find((count) => readLine(end.subarray(0, end.length - count)).genuine);
    const spare = whole ?? (isBeginning(end) ? undefined : 0);
    if (spare === undefined) {
      this.torn = end.length;
    } else {
      const line = end.subarray(0, end.length - spare);
      this.take(line, this.size);
      if (spare > 0) this.flaw(this.size, this.number, 'is not what was written');
      await writeAll(this.handle, Buffer.of(LINE_BREAK), this.size + line.length);
      this.size += line.length + 1;
    }
    await this.handle.truncate(this.size);
    await this.handle.sync();
  }

  /** A whole line that stands in the file. */
  private take(line: Buffer, offset: number): void {
    const { sha, content, previous, genuine } = readLine(line);
    const before = this.tip;
    const isMark = content !== undefined && 'kind' in content;
    const follows = isMark ? offset === 0 : previous === before;
    if (!genuine) this.flaw(offset, content?.number, 'is not what was written');
    // The line behind a changed one has nothing wrong with it.
    else if (!follows && this.flaws.at(-1)?.offset !== this.lastOffset) {
      const detail = 'does not follow the line before it: something there was changed, removed or put in';
      this.flaw(offset, content?.number, detail);
    }
    this.lastOffset = offset;
    this.tip = isMark ? previous : sha;
    // What a line says that is not what was written is no number to go on from.
    this.number = genuine && content !== undefined ? Math.max(this.number, content.number) : this.number + 1;
    if (content === undefined) {
      this.unreadable += 1;
      return;
    }
    if (isMark) {
      this.pruned = content.count;
      return;
    }
    const { number, at, revision, document, parent, replaced = '' } = content;
    const named = { number, at, revision, document, parent, replaced, beside: isBeside(content) };
    this.kept.push({ ...named, offset, length: line.length, before });
  }

  private flaw(offset: number, number: number | undefined, detail: string): void {
    const which = number === undefined ? `a line of ${this.path}` : `record ${number} in ${this.path}`;
    this.flaws.push({ offset, detail: `${which} (at byte ${offset}) ${detail}` });
  }
}

/** The file is not there any more, or not whole: it has to be opened again. */
export class LogTakenAway extends Error {}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function copy(from: FileHandle, start: number, end: number, to: FileHandle, position: number): Promise<void> {
  const piece = Buffer.alloc(PIECE);
  for (let at = start; at < end; ) {
    const { bytesRead } = await from.read(piece, 0, Math.min(PIECE, end - at), at);
    if (bytesRead === 0) throw new LogTakenAway('the audit log was cut by somebody else');
    await writeAll(to, piece.subarray(0, bytesRead), position + at - start);
    at += bytesRead;
  }
}
