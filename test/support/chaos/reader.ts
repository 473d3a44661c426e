/**
 * Messages off a socket piece by piece, for hundreds of thousands of them: what bytes.ts does with strings and promises,
 * done with callbacks on the bytes as they come.
 *
 * Rule: it shares no code with the router. A message that is not framed as RFC 9112 wants it throws.
 */

import type { Socket } from 'node:net';

/** What the reader tells. Bytes of `data` hold only until the call returns. */
export interface Heard {
  /** A whole head, each line ended by CRLF, names in lower case as in `lower`. Returns whether a body may follow. */
  head(text: string, lower: string): boolean;
  data(bytes: Buffer, start: number, end: number): void;
  /** The message is complete. */
  done(): void;
}

type State = 'head' | 'length' | 'size' | 'data' | 'data-end' | 'trailers' | 'close' | 'raw';

const CR = 13;
const LF = 10;

export class MessageReader {
  state: State = 'head';
  /** A head has begun and is not complete. */
  get midHead(): boolean {
    return this.state === 'head' && this.kept !== '';
  }

  private readonly heard: Heard;
  private readonly kind: 'request' | 'reply';
  private kept = '';
  private left = 0;

  constructor(kind: 'request' | 'reply', heard: Heard) {
    this.kind = kind;
    this.heard = heard;
  }

  /** From now on everything is data (a tunnel). */
  becomeRaw(): void {
    this.state = 'raw';
  }

  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) at = this.step(bytes, at);
  }

  private step(bytes: Buffer, at: number): number {
    switch (this.state) {
      case 'head':
        return this.onHead(bytes, at);
      case 'length':
      case 'data':
        return this.onCounted(bytes, at);
      case 'close':
      case 'raw':
        this.heard.data(bytes, at, bytes.length);
        return bytes.length;
      default:
        return this.onLine(bytes, at);
    }
  }

  private onHead(bytes: Buffer, at: number): number {
    // An end that stands across two pieces is found because what is kept is looked at again.
    const before = this.kept.length;
    const text = this.kept + bytes.toString('latin1', at);
    const end = text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (end === -1) {
      if (text.length > 65_536) throw new Error(`a head without an end: ${JSON.stringify(text.slice(0, 200))}`);
      this.kept = text;
      return bytes.length;
    }
    this.kept = '';
    const head = text.slice(0, end + 2);
    this.begin(head);
    return at + end + 4 - before;
  }

  private begin(head: string): void {
    const lower = head.toLowerCase();
    if (this.kind === 'reply' && !/^HTTP\/1\.1 \d{3} /.test(head))
      throw new Error(`not a status line: ${startOf(head)}`);
    const mayFollow = this.heard.head(head, lower);
    if (this.state === 'raw') return;
    const length = fieldOf(lower, 'content-length');
    const coding = fieldOf(lower, 'transfer-encoding');
    if (length !== undefined && coding !== undefined) throw new Error(`framed twice: ${startOf(head)}`);
    if (!mayFollow) this.heard.done();
    else if (coding !== undefined) this.chunked(coding);
    else if (length !== undefined) this.counted(length);
    else if (this.kind === 'reply') this.state = 'close';
    else this.heard.done();
  }

  private chunked(coding: string): void {
    if (coding !== 'chunked') throw new Error(`an unknown coding ${coding}`);
    this.state = 'size';
  }

  private counted(length: string): void {
    if (!/^\d+$/.test(length)) throw new Error(`a bad length ${length}`);
    this.left = Number(length);
    if (this.left === 0) this.heard.done();
    else this.state = 'length';
  }

  private onCounted(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.left);
    this.left -= end - at;
    this.heard.data(bytes, at, end);
    if (this.left > 0) return end;
    if (this.state === 'data') this.state = 'data-end';
    else this.end();
    return end;
  }

  /** Lines between chunks: sizes, the ends of chunks, trailers. */
  private onLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LF, at);
    const stop = end === -1 ? bytes.length : end + 1;
    this.kept += bytes.toString('latin1', at, stop);
    if (end === -1) return stop;
    const line = this.kept;
    this.kept = '';
    if (line.charCodeAt(line.length - 2) !== CR) throw new Error(`a bare line feed after ${JSON.stringify(line)}`);
    if (this.state === 'size') this.onSize(line);
    else if (this.state === 'data-end') this.onDataEnd(line);
    else if (line === '\r\n') this.end();
    return stop;
  }

  private onSize(line: string): void {
    if (!/^[0-9a-fA-F]{1,8}\r\n$/.test(line)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    this.left = Number.parseInt(line, 16);
    this.state = this.left === 0 ? 'trailers' : 'data';
  }

  private onDataEnd(line: string): void {
    if (line !== '\r\n') throw new Error(`a chunk longer than it said: ${JSON.stringify(line)}`);
    this.state = 'size';
  }

  private end(): void {
    this.state = 'head';
    this.heard.done();
  }
}

/** Resets a connection. A handle that is just shutting down refuses that, and then nothing would close it. */
export function resetNow(socket: Socket): void {
  if (socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

function startOf(head: string): string {
  return JSON.stringify(head.slice(0, 200));
}

/** The value of a field in a head in lower case; undefined where it is absent; throws where it is repeated. */
export function fieldOf(lower: string, name: string): string | undefined {
  const at = lower.indexOf(`\r\n${name}:`);
  if (at === -1) return undefined;
  const from = at + name.length + 3;
  const end = lower.indexOf('\r\n', from);
  if (lower.indexOf(`\r\n${name}:`, end) !== -1) throw new Error(`${name} is repeated: ${startOf(lower)}`);
  return lower.slice(from, end).trim();
}
