/**
 * A real Prometheus for a test: on 127.0.0.1, with a folder of its own that goes with it.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { startServer } from './programs.ts';
import { until } from './wait.ts';

export const PROMETHEUS_LIMIT = 30_000;

export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  /** The values of an expression now; throws where it cannot be evaluated. */
  query(expression: string): Promise<PrometheusSample[]>;
  /** What the HTTP API answers to a path such as `rules`. */
  api(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** `files`: name -> text; `prometheus.yml` among them. */
export async function startPrometheus(files: Readonly<Record<string, string>>): Promise<Prometheus> {
  const port = await freePort();
  const server = await startServer('prometheus', port, async (folder) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
  });
  const base = `http://127.0.0.1:${port}`;
  const ready = () =>
    fetch(`${base}/-/ready`).then(
      (reply) => reply.ok,
      () => false,
    );
  try {
    await until('Prometheus to be ready', ready, PROMETHEUS_LIMIT);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    query: (expression) => query(base, expression),
    api: async (path) => (await fetch(`${base}/api/v1/${path}`)).json(),
    stop: () => server.stop(),
  };
}

interface QueryReply {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] };
}

async function query(base: string, expression: string): Promise<PrometheusSample[]> {
  const reply = await fetch(`${base}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { status, error, data } = (await reply.json()) as QueryReply;
  if (status !== 'success') throw new Error(`${expression}: ${error}`);
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}
