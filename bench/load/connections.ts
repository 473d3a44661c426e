/**
 * Connections the bench holds itself, byte by byte: for cases in which the connection is what matters, not the request.
 *
 * Rule: a connection that ends or fails before its owner ends it is an error, never a smaller number.
 */

import { connect, type Socket } from 'node:net';

const EMPTY = Buffer.alloc(0);

/** A client connection that sent one GET; `onData` gets the bytes of the reply as they come, head included. */
export class HeldConnection {
  readonly socket: Socket;
  /** Rejects when the connection fails or ends early; resolves once it was let go. */
  readonly over: Promise<void>;
  private letGo = false;

  constructor(port: number, path: string, onData: (chunk: Buffer) => void) {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: bench.internal\r\n\r\n`);
    this.socket.on('data', onData);
    this.over = new Promise((resolve, reject) => {
      this.socket.on('error', reject);
      this.socket.on('close', () => (this.letGo ? resolve() : reject(new Error('a connection ended early'))));
    });
    // Who waits for it hears of it; until then it is no unhandled rejection.
    this.over.catch(() => {});
  }

  end(): void {
    this.letGo = true;
    this.socket.destroy();
  }
}

/** Opens a connection, asks once, and resolves with it when the whole reply (a Content-Length one) is there. */
export function askAndHold(port: number, path: string): Promise<HeldConnection> {
  return new Promise((resolve, reject) => {
    let got: Buffer = EMPTY;
    const held = new HeldConnection(port, path, (chunk) => {
      got = got.length === 0 ? chunk : Buffer.concat([got, chunk]);
      const head = got.indexOf('\r\n\r\n');
      if (head === -1) return;
      const text = got.toString('latin1', 0, head);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? Number.NaN);
      if (!text.startsWith('HTTP/1.1 200') || Number.isNaN(length)) reject(new Error(`an unexpected reply:\n${text}`));
      else if (got.length >= head + 4 + length) {
        got = EMPTY;
        resolve(held);
      }
    });
    held.over.catch(reject);
  });
}

/** Descriptors a process may have; Node.js raises its own limit to the hard one, and what it starts inherits that. */
export function descriptorLimit(limits: string): number {
  const found = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits);
  return found === null || found[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(found[1]);
}
