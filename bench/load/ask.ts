/**
 * One request as a case asks it, and the question put to a peer before anything is timed.
 *
 * Rule: nothing is timed that was not answered right before: status, every byte of the body, the id where one is due, and
 * the close of the connection where the request asks for it.
 */

import { Agent, type IncomingMessage, request } from 'node:http';
import { FILL } from '../stage/origin.ts';

export interface Ask {
  readonly method: 'GET' | 'POST';
  /** Path at the origin; its reply has `replyBytes`. */
  readonly path: string;
  readonly replyBytes: number;
  /** Bytes of the request's body. */
  readonly sentBytes: number;
  /** Request headers beside Host. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Asks once, on a connection of its own, and throws where the answer is not the expected one. */
export async function validate(ask: Ask, port: number, mark: string | undefined): Promise<void> {
  const keepAlive = !ask.headers.some(([name, value]) => name === 'Connection' && value === 'close');
  const agent = new Agent({ keepAlive });
  try {
    const [reply, body] = await answerTo(ask, port, agent);
    if (reply.statusCode !== 200) throw new Error(`status ${reply.statusCode} instead of 200`);
    if (mark !== undefined && !reply.headers[mark]) throw new Error(`no ${mark} in the reply`);
    if (!keepAlive && reply.headers.connection !== 'close') throw new Error('the reply does not close its connection');
    if (!body.equals(Buffer.alloc(ask.replyBytes, FILL)))
      throw new Error(`a body of ${body.length} bytes, not the ${ask.replyBytes} the origin sends`);
  } finally {
    agent.destroy();
  }
}

function answerTo(ask: Ask, port: number, agent: Agent): Promise<[IncomingMessage, Buffer]> {
  const { method, path } = ask;
  const headers = Object.fromEntries(ask.headers);
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: '127.0.0.1', method, path, headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () => resolve([reply, Buffer.concat(chunks)]));
    });
    sent.on('error', reject);
    sent.end('y'.repeat(ask.sentBytes));
  });
}
