/**
 * Node.js's own handle of a TCP connection, below `net.Socket`.
 *
 * Rule: the only file that reaches into what Node.js does not document. It names exactly what is used of it, so that one
 * look tells what a new version must still have; everything is the same from Node.js 24 to 26. What is done with a
 * handle stands in wire.ts.
 */

import { isIPv4, type Server, type Socket } from 'node:net';

const { getSystemErrorName } = process.getBuiltinModule('node:util');

/** Whoever took a handle over. */
export interface HandleUser {
  /** A read of so many bytes; 0: nothing; below: the end, or an error. Returns where the next read goes, if elsewhere. */
  arrived(length: number): Uint8Array | undefined;
  /** A write that had to wait is over, with 0 or an error. */
  wrote(status: number): void;
}

/** libuv's TCP handle, as Node.js wraps it for its own `net`. */
export interface Handle {
  onread: (this: Handle) => Uint8Array | undefined;
  /** Ours: whose handle it is. */
  wire: HandleUser | undefined;
  readStart(): number;
  readStop(): number;
  useUserBuffer(bytes: Uint8Array): void;
  /** 0 or a negative error where it is done; WRITE_ASYNC says whether the request was taken for later. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): unknown;
  writeLatin1String(request: WriteRequest, text: string): unknown;
  readonly writeQueueSize: number;
  /** Number of the descriptor; -1 where the platform has none. */
  readonly fd: number;
  shutdown(request: ShutdownRequest): number;
  close(): void;
  /** Closes with a RST. An error where it cannot (a FIN is on its way). */
  reset(): number;
  setNoDelay(on: boolean): number;
  getpeername(into: { address?: string }): number;
}

interface Listening {
  onconnection: (status: number, handle: Handle) => void;
  setNoDelay(on: boolean): number;
}

export interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number) => void;
  wire: HandleUser | undefined;
  /** Bytes that libuv still reads from. */
  kept: Uint8Array | undefined;
}

export interface ShutdownRequest {
  oncomplete: (status: number) => void;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  /** Where the binding leaves the numbers of the call it just made. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

interface TcpBinding {
  readonly constants: { readonly UV_TCP_REUSEPORT: number };
}

// `process.binding` is deprecated in the documentation and has no types; there is no other door to these names.
const { binding } = process as unknown as { binding(name: string): StreamBinding & TcpBinding };
export const { WriteWrap, ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } =
  binding('stream_wrap');

/** Takes the handle out of a connected socket, which is of no use afterwards. */
export function takeHandle(socket: Socket): Handle {
  const holder = socket as unknown as { _handle: Handle | null }; // not in the types of Node.js
  const handle = holder._handle;
  if (handle === null) throw new Error('a socket without a handle cannot be taken over');
  holder._handle = null;
  handle.setNoDelay(true);
  return handle;
}

export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  readonly reusePort?: boolean;
  readonly backlog?: number;
}

/**
 * Opens a server's port, as `server.listen` does. That looks every address up first, 127.0.0.1 too, and for this compiles
 * an expression of all forms of IPv6 addresses: 15 ms of each thread's start. What it calls in the end needs none of that.
 */
export function listenAt(server: Server, { host, port, reusePort = false, backlog = 511 }: ListenSettings): void {
  const { _listen2: open } = server as unknown as {
    _listen2?(address: string, port: number, family: 4, backlog: number, fd: undefined, flags: number): void;
  }; // not in the types of Node.js
  if (open === undefined || !isIPv4(host)) server.listen({ host, port, reusePort, backlog, exclusive: true });
  else
    open.call(
      server,
      host,
      port,
      4,
      backlog,
      undefined,
      reusePort ? binding('tcp_wrap').constants.UV_TCP_REUSEPORT : 0,
    );
}

/** Takes accepted connections of a listening server as handles, before a socket is made of them; `status` is 0 or an error. */
export function onAccept(server: Server, accept: (handle: Handle, error: string | undefined) => void): void {
  const holder = server as unknown as { _handle: Listening }; // not in the types of Node.js
  // Accepted connections have what the listening socket has, which spares each of them a call to the system.
  holder._handle.setNoDelay(true);
  holder._handle.onconnection = (status, handle) => accept(handle, status === 0 ? undefined : systemName(status));
}

/** `ECONNRESET` for -104. */
export function systemName(status: number): string {
  return status < 0 ? getSystemErrorName(status) : 'failed';
}
