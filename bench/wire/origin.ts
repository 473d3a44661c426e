/**
 * What stands behind every proxy: nginx with files of fixed sizes, on the core of the load.
 *
 * Rule: it must never be what is measured, so it logs nothing, compresses nothing and keeps connections open.
 */

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './cases.ts';
import { find, freePort, OTHER_CORE, start } from './processes.ts';

export interface Origin {
  readonly port: number;
  readonly child: ChildProcess;
}

/** Starts the origin in a folder of its own, with a file for each path the cases ask for. */
export async function startOrigin(folder: string, cases: readonly Case[]): Promise<Origin> {
  const nginx = find('nginx');
  if (nginx === undefined) throw new Error('the bench needs nginx as its origin: apt-get install nginx');
  const port = await freePort();
  const files = join(folder, 'www');
  mkdirSync(files, { recursive: true });
  const posts: string[] = [];
  for (const each of cases) {
    const body = 'x'.repeat(each.replyBytes);
    if (each.method === 'GET') writeFileSync(join(files, each.path), body);
    else posts.push(`location = ${each.path} { return 200 "${body}"; }`);
  }
  const path = join(folder, 'origin.conf');
  writeFileSync(path, configuration(folder, files, port, [...new Set(posts)]));
  return { port, child: start(OTHER_CORE, [nginx, '-e', 'stderr', '-p', folder, '-c', path]) };
}

function configuration(folder: string, files: string, port: number, posts: readonly string[]): string {
  return `worker_processes 1; daemon off; pid ${folder}/origin.pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 600s;
  open_file_cache max=100; client_max_body_size 64m; client_body_buffer_size 64k; default_type application/octet-stream;
  server { listen 127.0.0.1:${port} reuseport; root ${files}; ${posts.join(' ')} }
}
`;
}
