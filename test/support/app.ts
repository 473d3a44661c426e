/**
 * The whole router for a test: from a text of routes.yaml to sockets on ports the system chose.
 *
 * Rule: nothing is shared between two routers; each has a directory, an access log and an operational log of its own,
 * and `stop` leaves nothing behind. In the text, listeners and admin stand on `127.0.0.1:0`.
 */

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../src/app.ts';
import type { App, AppOptions } from '../../src/app-contract.ts';
import type { Problem } from '../../src/config/document.ts';
import { LineCatcher } from './lines.ts';
import { statusOf } from './process.ts';

export interface Router {
  /** Port of a listener; without a name, of `internal`. */
  port(listener?: string): number;
  readonly adminUrl: string;
  /** All access log lines so far, once there are at least `count`; rejects when they do not come. */
  accessLog(count: number): Promise<Record<string, unknown>[]>;
  /** Operational log, grows as it is written. */
  readonly logs: Record<string, unknown>[];
  /** Writes the text to the file and has it read; answers once every thread runs it. */
  reload(yaml: string): Promise<{ ok: boolean; problems?: readonly Problem[]; revision?: string }>;
  status(): Promise<{ connections: number; exchanges: number; tunnels: number }>;
  stop(): Promise<void>;
}

/** The same, for tests of the process itself. */
export interface RouterWithApp extends Router {
  readonly app: App;
  readonly configPath: string;
}

export interface RouterOptions {
  /** Default 0: the data plane runs on this thread. */
  workers?: number;
  env?: Record<string, string>;
  watch?: boolean;
}

export async function startRouter(yaml: string, options: RouterOptions = {}): Promise<Router> {
  return startRouterWithApp(yaml, options);
}

export async function startRouterWithApp(
  yaml: string,
  options: RouterOptions & Partial<AppOptions> = {},
): Promise<RouterWithApp> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-test-'));
  const configPath = join(directory, 'routes.yaml');
  const access = new LineCatcher();
  const operational = new LineCatcher();
  const remove = () => rm(directory, { recursive: true, force: true });
  await writeFile(configPath, yaml);
  let app: App;
  try {
    app = await startApp({
      configPath,
      workers: 0,
      watch: false,
      env: {},
      accessLog: access,
      log: operational,
      logLevel: 'info',
      ...options,
    });
  } catch (error) {
    await remove();
    throw error;
  }
  // What answers there is loaded by then, and not while a test measures memory or handles.
  await statusOf(`http://127.0.0.1:${app.adminPort}`);
  return {
    app,
    configPath,
    port: (listener = 'internal') => portOf(app, listener),
    adminUrl: `http://127.0.0.1:${app.adminPort}`,
    logs: operational.parsed,
    accessLog: (count) => access.atLeast(count, () => app.flushAccessLog()),
    reload: async (text) => {
      await save(configPath, text);
      return app.reload();
    },
    status: () => app.status(),
    stop: async () => {
      await app.stop();
      await remove();
    },
  };
}

function portOf(app: App, listener: string): number {
  const port = app.ports.get(listener);
  if (port === undefined) throw new Error(`no listener ${listener}; there are: ${[...app.ports.keys()].join(', ')}`);
  return port;
}

/** As an editor saves: written aside, then renamed over the old file. */
export async function save(path: string, text: string): Promise<void> {
  const aside = `${path}.new`;
  await writeFile(aside, text);
  await rename(aside, path);
}
