/**
 * Nothing may stay behind: no exchange, no tunnel, no connection in the router, no socket or server in the process.
 *
 * Rule: a leak fails the test that made it. The counts of the router are asked while it still runs, the handles of the
 * process after everything was stopped.
 */

import { until } from './wait.ts';

export interface Counted {
  status(): Promise<{ connections: number; exchanges: number; tunnels: number }>;
}

/** Waits until the router holds no connection, exchange or tunnel; says what is left where it does not get there. */
export async function settled(router: Counted, limit = 5000): Promise<void> {
  let last = '';
  try {
    await until(
      'the router to hold nothing',
      async () => {
        const { connections, exchanges, tunnels } = await router.status();
        last = JSON.stringify({ connections, exchanges, tunnels });
        return connections + exchanges + tunnels === 0;
      },
      limit,
    );
  } catch {
    throw new Error(`the router still holds ${last} after everyone left`);
  }
}

const WATCHED = new Set(['TCPSocketWrap', 'TCPServerWrap', 'TCPSERVERWRAP', 'TCPWRAP', 'PipeWrap', 'MessagePort']);

/** Counts the sockets and servers of this process now; the returned function waits until there are no more than that. */
export function watchHandles(): () => Promise<void> {
  const before = handles();
  return async () => {
    try {
      await until('sockets and servers to close', () => handles().length <= before.length);
    } catch {
      throw new Error(`open handles: ${handles().join(' ') || 'none'}; before: ${before.join(' ') || 'none'}`);
    }
  };
}

function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => WATCHED.has(name));
}
