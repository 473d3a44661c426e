/**
 * nginx as a reverse proxy: one worker (more where a case asks), an upstream block with idle connections kept, a buffered access log.
 */

import { find, versionOf } from '../stage/processes.ts';
import { emptyLog, type Peer, written } from './peer.ts';

export const nginx: Peer = nginxOf('nginx', 1);

/** Each worker has a listening socket of its own, as each of our threads has. */
export function nginxOf(name: string, workers: number): Peer {
  return {
    name,
    debian: 'nginx',
    version: () => versionOf('nginx', '-v'),
    prepare: ({ folder, port, originPort }) => {
      const log = emptyLog(folder);
      const text = `worker_processes ${workers}; daemon off; pid ${folder}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 12000; }
http {
  log_format bench '$remote_addr $request_id [$time_iso8601] "$request" $status $body_bytes_sent $request_time '
    '$upstream_addr $upstream_response_time "$http_user_agent"';
  access_log ${log} bench buffer=64k flush=1s;
  keepalive_requests 1000000000; client_body_buffer_size 64k; client_max_body_size 64m; proxy_max_temp_file_size 0;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 600s; }
  server {
    listen 127.0.0.1:${port} backlog=4096${workers > 1 ? ' reuseport' : ''};
    location / {
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Request-Id $request_id;
    }
  }
}
`;
      const path = written(folder, 'nginx.conf', text);
      return {
        command: [find('nginx') ?? 'nginx', '-e', 'stderr', '-p', folder, '-c', path],
        log,
        logsToOutput: false,
      };
    },
  };
}
