/**
 * How a service of the demo, or a client outside, sends a request to the router.
 *
 * Rule: a service knows the router's address and well-known names, never another service's address; what came in with
 * the correlation, context and trace headers goes out with every call it makes because of it.
 */

import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The JSON of the reply; undefined where it has none. */
  readonly body: unknown;
}

const CALL_LIMIT = 5000;

/** One request to the router's listener on this port of 127.0.0.1; rejects where no whole reply comes. */
export function callRouter(agent: Agent, port: number, call: Call): Promise<Answered> {
  const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers: Record<string, string> = { ...call.headers };
  if (payload !== undefined) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = String(Buffer.byteLength(payload));
  }
  return new Promise((resolve, reject) => {
    const options = {
      agent,
      host: '127.0.0.1',
      port,
      method: call.method,
      path: call.path,
      headers,
      timeout: CALL_LIMIT,
    };
    const sent = request(options, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => {
        text += chunk;
      });
      reply.on('error', reject);
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: parsed(text) }));
    });
    sent.on('timeout', () => sent.destroy(new Error(`no reply to ${call.method} ${call.path} in ${CALL_LIMIT} ms`)));
    sent.on('error', reject);
    sent.end(payload);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const PASSED_ON = ['x-correlation-id', 'x-user-id', 'x-tournament-id', 'traceparent', 'tracestate'];

/** The headers of a request that belong on every call made because of it, and the name of who makes the call. */
export function passedOn(incoming: IncomingHttpHeaders, caller: string): Record<string, string> {
  const headers: Record<string, string> = { 'x-caller': caller };
  for (const name of PASSED_ON) {
    const value = incoming[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}
