/**
 * HAProxy: one thread, connections to the server always reused, a line per request on standard output.
 *
 * Rule: event streams need http-no-delay, which its manual advises against elsewhere. Its log goes out line by line, since it has no buffered file; the file behind its output takes them.
 */

import { find, versionOf } from '../stage/processes.ts';
import { emptyLog, type Peer, written } from './peer.ts';

export const haproxy: Peer = {
  name: 'haproxy',
  debian: 'haproxy',
  version: () => versionOf('haproxy', '-v'),
  prepare: ({ folder, port, originPort, streams }) => {
    const text = `global
  maxconn 9000
  nbthread 1
  log stdout format raw local0 info
defaults
  mode http
  log global
  option forwardfor
  option http-keep-alive
  http-reuse always${streams ? '\n  option http-no-delay' : ''}
  unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
  unique-id-header X-Request-Id
  log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %ac/%fc/%bc/%sc/%rc %{+Q}r %ID"
  timeout connect 1s
  timeout client 75s
  timeout server 60s
frontend in
  bind 127.0.0.1:${port} backlog 4096
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend origin
backend origin
  server origin 127.0.0.1:${originPort} pool-purge-delay 600s
`;
    const path = written(folder, 'haproxy.cfg', text);
    return {
      command: [find('haproxy') ?? 'haproxy', '-db', '-f', path],
      log: emptyLog(folder),
      logsToOutput: true,
    };
  },
};
