/**
 * The router between a real client and a real server: the scene of the tests that let ordinary programs talk through it.
 *
 * Rule: the test's body runs, then the router must come to rest, everything stops and no socket of this process is left.
 */

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Changes, documentFor } from '../wire/stage.ts';
import { type Router, startRouter } from './app.ts';
import { settled, watchHandles } from './leaks.ts';
import { type Handler, type HttpOrigin, startOrigin } from './origin.ts';

export interface Between {
  readonly router: Router;
  readonly origin: HttpOrigin;
  /** Of the listener `internal`, without a slash at the end. */
  readonly url: string;
}

/** A test's body with an origin on node:http and a router before it. */
export function between(
  handler: Handler,
  body: (scene: Between) => Promise<void>,
  changes: Changes = {},
): () => Promise<void> {
  return async () => {
    const handlesBack = watchHandles();
    const origin = await startOrigin(handler);
    try {
      await before(origin.port, (router, url) => body({ router, origin, url }), changes);
    } finally {
      await origin.stop();
    }
    await handlesBack();
  };
}

/** A router before whatever listens on this port. */
export async function before(
  port: number,
  body: (router: Router, url: string) => Promise<void>,
  changes: Changes = {},
): Promise<void> {
  const router = await startRouter(documentFor(port, changes));
  try {
    await body(router, `http://127.0.0.1:${router.port()}`);
    await settled(router);
  } finally {
    await router.stop();
  }
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The whole body of a message. */
export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  return Buffer.concat((await message.toArray()) as Buffer[]);
}
