/**
 * GET /v1/live: one event `live` a second with what the traffic of that second was, for as long as the reader stays.
 *
 * Rule: frames are made once for all readers, and only while there are any (control/live.ts). The number of readers is
 * bounded (readers.ts says whose are let go), as what may wait for each of them is (event-stream.ts): a dashboard left open
 * must not cost the control thread its memory.
 */

import type { ServerResponse } from 'node:http';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { EventStream } from './event-stream.ts';
import { Readers } from './readers.ts';
import type { ProblemReply } from './shapes/common.ts';
import { LiveFrame } from './shapes/live.ts';

/** Where frames come from: control/live.ts. */
export interface LiveSource {
  /** Calls with every frame, as JSON and as what it was made of; the result ends that. */
  listen(listener: (text: string, frame: LiveFrame) => void): () => void;
}

/** Readers at a time. */
export const MOST_READERS = 64;

const TOO_MANY: ProblemReply = {
  type: 'about:blank',
  title: 'Too many readers',
  status: 503,
  detail: `${MOST_READERS} readers follow live traffic already; close one of them, or ask GET /v1/status now and then`,
  code: 'too_many_readers',
};

const CONFIG = { need: 'viewer', answer: 'stream' } as const;
const SCHEMA = {
  tags: ['status'],
  summary: 'One event `live` a second: the traffic of that second',
  response: { 200: LiveFrame },
};

const HEAD = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would gather the events otherwise.
  'x-accel-buffering': 'no',
};

export function live(source: LiveSource): FastifyPluginAsync {
  return async (server) => {
    const readers = new Readers(MOST_READERS);
    // HEAD would leave a stream open that nobody may write to.
    server.get('/v1/live', { exposeHeadRoute: false, config: CONFIG, schema: SCHEMA }, async (request, reply) => {
      const response = reply.raw;
      const follower = { name: request.caller.name, address: request.ip };
      if (!response.destroyed && !readers.admit(follower)) return refuse(reply);
      reply.hijack();
      // While a hook looked into a token, say, the reader may have left: nothing would tell of it any more.
      if (response.destroyed) return reply;
      // What hooks gave the reply is not sent by itself here.
      for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...HEAD }))
        if (value !== undefined) response.setHeader(name, value);
      readers.add(response, follower);
      follow(source, response, () => readers.remove(response));
      return reply;
    });
    server.addHook('preClose', async () => readers.end());
  };
}

function refuse(reply: FastifyReply): FastifyReply {
  return reply
    .code(503)
    .header('retry-after', '10')
    .type('application/problem+json')
    .send(`${JSON.stringify(TOO_MANY)}\n`);
}

/** Sends frames until the reader's connection closes. */
function follow(source: LiveSource, response: ServerResponse, onEnd: () => void): void {
  const stream = new EventStream(response);
  const leave = source.listen((text) => stream.send('live', text));
  response.once('close', () => {
    leave();
    onEnd();
  });
}
