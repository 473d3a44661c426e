/**
 * A link that loses half of its packets, as far as one can tell above TCP: what is lost is sent again, later and later, and
 * a connection on which too much was lost in a row is reset. For machines whose kernel cannot do that to real packets.
 *
 * Rule: bytes keep their order, and nothing is lost but with the connection.
 */

import { connect, createServer, type Socket } from 'node:net';
import { resetNow } from './chaos/reader.ts';
import { seededDraw } from './draw.ts';

/** Milliseconds until the first loss is noticed; twice as long at each further one. */
const NOTICED = 20;
/** So many in a row reset the connection. */
const MOST = 6;

export interface LossyRelay {
  readonly url: string;
  /** Pieces that were late, and connections that were reset. */
  readonly lost: { late: number; reset: number };
  stop(): Promise<void>;
}

/** Passes connections on to an origin; `loss`: which share of the packets is lost. */
export async function startLossyRelay(host: string, port: number, loss: number, seed: number): Promise<LossyRelay> {
  const { chance } = seededDraw(seed);
  const lost = { late: 0, reset: 0 };
  const sockets = new Set<Socket>();
  const inARow = (): number => {
    let row = 0;
    while (row <= MOST && chance() < loss) row += 1;
    return row;
  };
  const pass = (from: Socket, to: Socket): void => {
    // What comes behind waits for what was lost before it.
    const queue: { readonly row: number; readonly act: () => void }[] = [];
    const next = (): void => {
      const [first] = queue;
      if (first === undefined) return;
      if (first.row > 0) lost.late += 1;
      setTimeout(
        () => {
          queue.shift();
          if (to.writable) first.act();
          next();
        },
        NOTICED * (2 ** first.row - 1),
      );
    };
    const later = (act: () => void): void => {
      const row = inARow();
      if (row <= MOST) {
        queue.push({ row, act });
        if (queue.length === 1) next();
        return;
      }
      lost.reset += 1;
      resetNow(from);
      resetNow(to);
    };
    from.on('data', (bytes: Buffer) => later(() => to.write(bytes)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => {});
    from.on('close', (hadError) => {
      sockets.delete(from);
      if (hadError) resetNow(to);
    });
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ host, port, noDelay: true, allowHalfOpen: true });
    sockets.add(near).add(far);
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host, backlog: 1024 }, resolve));
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://${host}:${own}`,
    lost,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
