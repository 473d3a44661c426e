/**
 * A crowd of clients in a process of its own, so that what they cost is not taken for what the router costs: a flood of
 * connections that want nothing, and slow ones that want something very slowly. It brings the origin of their large
 * replies along. Commands come as messages; each is answered when the crowd stands.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type Crowd =
  /** Connections that never say a word, and some that close at once. */
  | { readonly is: 'flood'; readonly port: number; readonly silent: number; readonly brief: number }
  /** Heads and bodies that come byte by byte, and readers that hardly read. */
  | {
      readonly is: 'slow';
      readonly port: number;
      readonly heads: number;
      readonly bodies: number;
      readonly readers: number;
    }
  | { readonly is: 'leave' };

export type Standing =
  | { readonly is: 'origin'; readonly port: number }
  /** How many connections are open. */
  | { readonly is: 'stands'; readonly open: number }
  | { readonly is: 'left' };

/** A reply no slow reader ever comes to the end of. */
const LARGE = Buffer.alloc(2 << 20, 'x');
/** Connections opened at a time. */
const AT_ONCE = 250;

const open = new Set<Socket>();
const drips = new Set<Socket>();

function join(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  open.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => {
    open.delete(socket);
    drips.delete(socket);
  });
  return socket;
}

async function joinAll(port: number, count: number, then: (socket: Socket) => void): Promise<void> {
  for (let left = count; left > 0; left -= AT_ONCE) {
    const some = Array.from({ length: Math.min(left, AT_ONCE) }, () => join(port));
    await Promise.all(
      some.map((socket) =>
        once(socket, 'connect').then(
          () => then(socket),
          () => {},
        ),
      ),
    );
  }
}

/** Every 100 ms a tenth of the drips sends a byte, and a reader takes a little. */
let turn = 0;
setInterval(() => {
  turn += 1;
  let i = 0;
  for (const socket of drips) {
    i += 1;
    if (i % 10 === turn % 10 && socket.writable) socket.write('a');
  }
}, 100).unref();

function dawdle(socket: Socket): void {
  socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
  socket.pause();
  const timer = setInterval(() => socket.read(2_048), 200);
  socket.on('close', () => clearInterval(timer));
}

function drip(begin: string): (socket: Socket) => void {
  return (socket) => {
    socket.write(begin);
    drips.add(socket);
  };
}

async function obey(crowd: Crowd): Promise<Standing> {
  if (crowd.is === 'leave') {
    for (const socket of open) socket.destroy();
    return { is: 'left' };
  }
  const { port } = crowd;
  if (crowd.is === 'flood') {
    const brief = (socket: Socket) => void socket.destroy();
    await Promise.all([joinAll(port, crowd.silent, () => {}), joinAll(port, crowd.brief, brief)]);
  } else {
    await joinAll(port, crowd.heads, drip('GET /a HTTP/1.1\r\nHost: a\r\nx-slow: '));
    await joinAll(port, crowd.bodies, drip('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n'));
    await joinAll(port, crowd.readers, dawdle);
  }
  return { is: 'stands', open: open.size };
}

const origin = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE.length}\r\n\r\n`);
    socket.write(LARGE);
  });
});

function say(standing: Standing): void {
  process.send?.(standing);
}

process.on('message', (crowd: Crowd) => void obey(crowd).then(say));
process.on('disconnect', () => process.exit());
origin.listen(0, '127.0.0.1', () => {
  const address = origin.address();
  say({ is: 'origin', port: typeof address === 'object' && address !== null ? address.port : 0 });
});
