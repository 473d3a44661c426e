/**
 * Readers of request heads and bodies, lent to client connections.
 *
 * Rule: a connection has readers of its own from the first byte of a request until its exchange settled and nothing of the
 * next one is here; one that rests has none (measured: 700 bytes less for each), and one that opens takes what another
 * left. Each request begins with all facts of the one before overwritten, whoever's it was.
 */

import { BodyReader } from '../http1/body.ts';
import { RequestHead } from '../http1/request.ts';

/** What a connection at rest shows. Nobody reads with them. */
export const NO_REQUEST = new RequestHead();
export const NO_BODY = new BodyReader();

/** As many as may wait for the next connection; beyond that they are left to the collector. */
const MOST_SPARE = 256;
const requests: RequestHead[] = [];
const bodies: BodyReader[] = [];

export function borrowRequest(): RequestHead {
  return requests.pop() ?? new RequestHead();
}

export function borrowBody(): BodyReader {
  return bodies.pop() ?? new BodyReader();
}

/** Gives both back, when nothing refers to them any more. */
export function returnReaders(request: RequestHead, body: BodyReader): void {
  if (requests.length === MOST_SPARE) return;
  request.forget();
  body.forget();
  requests.push(request);
  bodies.push(body);
}
