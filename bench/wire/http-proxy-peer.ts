/**
 * The http-proxy package as a reverse proxy: node http-proxy-peer.ts PORT ORIGIN-PORT.
 *
 * Rule: it does the work the other peers do: connections kept open on both sides, an id per request, forwarded headers,
 * a buffered access log on standard output.
 */

import { randomFillSync } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';

/** What is used of the package, which brings no types. */
interface HttpProxy {
  createProxyServer(options: { target: string; agent: Agent; xfwd: boolean }): {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(event: 'error', listener: (error: Error) => void): void;
  };
}
const httpProxy: HttpProxy = createRequire(import.meta.url)('http-proxy');

const [port, originPort] = process.argv.slice(2).map(Number);
const LOG_BYTES = 65_536;
const random = Buffer.alloc(16);

let lines = '';
function log(line: string): void {
  lines += line;
  if (lines.length >= LOG_BYTES) flush();
}

function flush(): void {
  if (lines !== '') writeSync(1, lines);
  lines = '';
}
setInterval(flush, 1000);

const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${originPort}`,
  agent: new Agent({ keepAlive: true, maxSockets: 256 }),
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
      `${request.socket.remoteAddress} ${id} ${request.method} ${request.url} ${response.statusCode} ${took} ${agent}\n`,
    );
  });
  proxy.web(request, response);
});
server.keepAliveTimeout = 75_000;
server.listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
