/**
 * @fastify/http-proxy as a reverse proxy: node fastify-main.ts PORT ORIGIN-PORT.
 *
 * Rule: it does the work the other peers do. Its own logger is off, because it writes two lines a request; the log is the
 * same buffered line that the http-proxy peer writes. undici beneath it keeps the connections to the origin.
 */

import { randomFillSync } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';
import { bufferedLog } from './log-lines.ts';

const [port, originPort] = process.argv.slice(2).map(Number);
const random = Buffer.alloc(16);
const log = bufferedLog();

const app = fastify({
  logger: false,
  keepAliveTimeout: 75_000,
  genReqId: () => randomFillSync(random).toString('hex'),
});

app.addHook('onResponse', async (request, reply) => {
  const took = reply.elapsedTime.toFixed(1);
  const agent = request.headers['user-agent'] ?? '-';
  log(`${request.ip} ${request.id} ${request.method} ${request.url} ${reply.statusCode} ${took} ${agent}`);
});

app.register(proxy, {
  upstream: `http://127.0.0.1:${originPort}`,
  undici: { connections: 1_024, pipelining: 1 },
  replyOptions: {
    // It would pass the origin's Connection on to the client, and keep open what the client asked to close.
    rewriteHeaders: ({ connection: _, 'keep-alive': __, ...headers }) => headers,
    rewriteRequestHeaders: (request, headers): IncomingHttpHeaders => ({
      ...headers,
      host: request.headers.host,
      'x-forwarded-for': request.ip,
      'x-forwarded-proto': 'http',
      'x-forwarded-host': request.headers.host,
      'x-request-id': request.id,
    }),
  },
});

await app.listen({ port, host: '127.0.0.1', backlog: 4096 });
