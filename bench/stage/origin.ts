/**
 * What stands behind every proxy: nginx with files of fixed sizes, on a core of its own or the load's.
 *
 * Rule: it must never be what is measured, so it logs nothing, compresses nothing and keeps connections open. It promises
 * ten minutes of that in Keep-Alive, so that no proxy gives up its connections while the others have their turn.
 */

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CORES, pinned } from './cores.ts';
import { demand, freePort, start } from './processes.ts';

export interface Origin {
  readonly port: number;
  readonly child: ChildProcess;
}

const KIB = 1024;

/** Path -> bytes of its reply. */
export const FILES: Readonly<Record<string, number>> = {
  '/1k': KIB,
  '/64k': 64 * KIB,
  '/1m': KIB * KIB,
};

/** A body nobody should hold; the file behind it has no blocks on the disk. */
export const GIB_PATH = '/1g';
export const GIB = KIB * KIB * KIB;

/** Whatever is asked for below this gets a kibibyte. */
export const MANY = '/svc';

/** Byte every reply's body is made of. */
export const FILL = 'x';

export async function startOrigin(folder: string): Promise<Origin> {
  const nginx = demand('nginx', 'as its origin');
  const port = await freePort();
  const files = join(folder, 'www');
  mkdirSync(files, { recursive: true });
  for (const [path, bytes] of Object.entries(FILES)) writeFileSync(join(files, path), FILL.repeat(bytes));
  writeFileSync(join(files, GIB_PATH), '');
  truncateSync(join(files, GIB_PATH), GIB);
  const path = join(folder, 'origin.conf');
  writeFileSync(path, configuration(folder, files, port));
  return { port, child: start(pinned(CORES.origin, [nginx, '-e', 'stderr', '-p', folder, '-c', path])) };
}

function configuration(folder: string, files: string, port: number): string {
  return `worker_processes 1; daemon off; pid ${folder}/origin.pid; error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 16000; multi_accept on; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 600s 600s;
  open_file_cache max=100; client_max_body_size 64m; client_body_buffer_size 64k; default_type application/octet-stream;
  client_body_temp_path ${folder}/origin-body; proxy_temp_path ${folder}/origin-proxy;
  server {
    listen 127.0.0.1:${port} reuseport backlog=4096; root ${files};
    location = /post { return 200 "${FILL.repeat(KIB)}"; }
    location ${MANY} { rewrite ^ /1k break; }
  }
}
`;
}
