/**
 * Origins that fail, each in one way, and the requests that wire tests send them.
 *
 * Rule: a script says in its name what becomes of a request. They read every request whole before they fail, so that a test
 * can count what was delivered.
 */

import { answering, type OriginConnection, ok, type Script } from '../support/raw-origin.ts';

/** Reads a request and resets the connection. */
export async function resetting(connection: OriginConnection): Promise<void> {
  await connection.request();
  connection.reset();
}

/** Reads a request and closes the connection. */
export async function closing(connection: OriginConnection): Promise<void> {
  await connection.request();
  connection.end();
  await connection.closed();
}

/** Reads a request and says nothing, until the connection is closed. */
export async function hanging(connection: OriginConnection): Promise<void> {
  await connection.request();
  await connection.closed();
}

/** Reads a request, begins a reply and does not go on: the exchange keeps its place, and no limit of time ends it soon. */
export async function holding(connection: OriginConnection): Promise<void> {
  await connection.request();
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nheld');
  await connection.closed();
}

/** Reads a request and answers what is no HTTP. */
export const garbling: Script = answering('SSH-2.0-OpenSSH_9.6\r\n\r\n');

/** Answers every request with this status. */
export function failing(status: number, ...lines: string[]): Script {
  const fields = lines.map((line) => `${line}\r\n`).join('');
  return answering(`HTTP/1.1 ${status} Sorry\r\n${fields}Content-Length: 5\r\n\r\nsorry`);
}

export const serving: Script = answering(ok('served'));

/** A request without a body. */
export function plain(method: string, target: string, ...lines: string[]): string {
  const fields = lines.map((line) => `${line}\r\n`).join('');
  return `${method} ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** A request with a body of known length. */
export function bearing(method: string, target: string, body: string, ...lines: string[]): string {
  return `${plain(method, target, `Content-Length: ${body.length}`, ...lines)}${body}`;
}

/** Retries with pauses that are easily told apart from everything else. */
export const RETRY = { attempts: 2, backoff: { initial: '1s', max: '4s' } } as const;

/** Members in this order: the first request goes to the first, a further try to another. */
export const IN_ORDER = { balance: 'round-robin', retry: RETRY } as const;
