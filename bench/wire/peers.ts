/**
 * The proxies that are compared, each set up as its own documentation advises for a reverse proxy.
 *
 * Rule: all do the same work: one thread for traffic on one core, connections to the origin kept open, an id for each
 * request, forwarded headers, an access log with a line per request. A peer that is not installed is left out, and said.
 */

import { openSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { find, versionOf } from './processes.ts';

export interface Setup {
  /** Folder for configuration and logs. */
  readonly folder: string;
  readonly port: number;
  readonly originPort: number;
  /** Flags for Node.js, where the peer runs on it. */
  readonly nodeFlags: readonly string[];
}

export interface Peer {
  readonly name: string;
  /** Version as the program says it; undefined where it is not installed. */
  readonly version: () => string | undefined;
  /** Writes what the peer needs and says how to start it; `output` takes its standard output. */
  readonly prepare: (setup: Setup) => { command: readonly string[]; output: number };
  /** A reply through this peer must carry this header. */
  readonly mark?: string;
}

const ROUTER = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const HTTP_PROXY = fileURLToPath(new URL('./http-proxy-peer.ts', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const signalbox: Peer = {
  name: 'signalbox',
  mark: 'x-correlation-id',
  version: () => `signalbox ${createRequire(PACKAGE)(PACKAGE).version}, Node.js ${process.version}`,
  prepare: ({ folder, port, originPort, nodeFlags }) => {
    const document = `
listeners: { internal: { address: "127.0.0.1:${port}", zone: internal } }
admin: { address: "127.0.0.1:0" }
drain: { notice: 0s, limit: 1s }
correlation: { header: x-correlation-id, context: [x-user-id] }
upstreams: { origin: { endpoints: [ "http://127.0.0.1:${originPort}" ] } }
routes: { all: { match: { path: / }, upstream: origin } }
`;
    const path = written(folder, 'routes.yaml', document);
    const command = [
      process.execPath,
      ...nodeFlags,
      ROUTER,
      'serve',
      '--config',
      path,
      '--workers',
      '1',
      '--no-watch',
      '--log-level',
      'error',
    ];
    return { command, output: openSync(join(folder, 'signalbox.log'), 'w') };
  },
};

const nginx: Peer = {
  name: 'nginx',
  version: () => installed('nginx', '-v'),
  prepare: ({ folder, port, originPort }) => {
    const text = `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log ${folder}/nginx.log combined buffer=64k flush=1s;
  keepalive_requests 1000000000; client_body_buffer_size 64k; client_max_body_size 64m; proxy_max_temp_file_size 0;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;
    }
  }
}
`;
    const path = written(folder, 'nginx.conf', text);
    const command = [find('nginx') ?? 'nginx', '-e', 'stderr', '-p', folder, '-c', path];
    return { command, output: openSync('/dev/null', 'w') };
  },
};

const haproxy: Peer = {
  name: 'haproxy',
  version: () => installed('haproxy', '-v'),
  prepare: ({ folder, port, originPort }) => {
    const text = `global
  maxconn 4096
  nbthread 1
  log stdout format raw local0 info
defaults
  mode http
  log global
  option httplog
  option forwardfor
  option http-keep-alive
  http-reuse always
  unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
  unique-id-header X-Request-Id
  timeout connect 1s
  timeout client 75s
  timeout server 60s
frontend in
  bind 127.0.0.1:${port}
  default_backend origin
backend origin
  server origin 127.0.0.1:${originPort}
`;
    const path = written(folder, 'haproxy.cfg', text);
    const output = openSync(join(folder, 'haproxy.log'), 'w');
    return { command: [find('haproxy') ?? 'haproxy', '-db', '-f', path], output };
  },
};

const httpProxy: Peer = {
  name: 'http-proxy',
  version: () => `http-proxy ${createRequire(PACKAGE)('http-proxy/package.json').version}`,
  prepare: ({ folder, port, originPort }) => {
    const command = [process.execPath, '--no-deprecation', HTTP_PROXY, String(port), String(originPort)];
    return { command, output: openSync(join(folder, 'http-proxy.log'), 'w') };
  },
};

function installed(program: string, flag: string): string | undefined {
  const path = find(program);
  return path === undefined ? undefined : versionOf(path, flag);
}

/** The product first: the others are what it is held against. */
export const PEERS: readonly Peer[] = [signalbox, nginx, haproxy, httpProxy];
