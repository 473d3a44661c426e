/**
 * The http-proxy package as a reverse proxy: node http-proxy-main.ts PORT ORIGIN-PORT.
 *
 * Rule: it does the work the other peers do: connections kept open on both sides, an id per request, forwarded headers,
 * a buffered access log on standard output.
 */

import { randomFillSync } from 'node:crypto';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { bufferedLog } from './log-lines.ts';

/** As many as the cases have clients. */
const MOST_SOCKETS = 1_024;

/** What is used of the package, which brings no types. */
interface HttpProxy {
  createProxyServer(options: { target: string; agent: Agent; xfwd: boolean }): {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(event: 'error', listener: (error: Error) => void): void;
  };
}
const httpProxy: HttpProxy = createRequire(import.meta.url)('http-proxy');

const [port, originPort] = process.argv.slice(2).map(Number);
const random = Buffer.alloc(16);
const log = bufferedLog();

const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${originPort}`,
  agent: new Agent({ keepAlive: true, maxSockets: MOST_SOCKETS, maxFreeSockets: MOST_SOCKETS }),
  xfwd: true,
});
proxy.on('error', (error) => process.stderr.write(`http-proxy: ${error.message}\n`));

const server = createServer((request, response) => {
  const arrived = Date.now();
  const id = randomFillSync(random).toString('hex');
  request.headers['x-request-id'] = id;
  response.on('finish', () => {
    const took = Date.now() - arrived;
    const agent = request.headers['user-agent'] ?? '-';
    log(
      `${request.socket.remoteAddress} ${id} ${request.method} ${request.url} ${response.statusCode} ${took} ${agent}`,
    );
  });
  proxy.web(request, response);
});
server.keepAliveTimeout = 75_000;
server.listen(port, '127.0.0.1', 4096);
