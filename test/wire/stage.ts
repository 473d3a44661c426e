/**
 * The stage of a wire test: one scripted origin, the router in this process before it, raw clients before the router.
 *
 * Rule: each test gets what it asks for and leaves nothing behind: when its body is done its clients close, the router
 * must come to rest, router and origin stop, and no socket of this process may be left. A test that fails is not asked
 * for more: its own error is the one to read.
 */

import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { settled, watchHandles } from '../support/leaks.ts';
import { type ConnectOptions, connectRaw, type RawClient } from '../support/raw-client.ts';
import { type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';

type Part = Record<string, unknown>;

/** What differs from the plain document; each part is merged over its default. */
export interface Changes {
  readonly internal?: Part;
  readonly edge?: Part;
  readonly upstream?: Part;
  readonly route?: Part;
  /** Top-level keys. */
  readonly document?: Part;
}

/** One upstream `main` on this port, one route `main` for every path on both listeners, no policies. JSON is YAML. */
export function documentFor(originPort: number, changes: Changes = {}): string {
  return JSON.stringify({
    listeners: {
      internal: { address: '127.0.0.1:0', zone: 'internal', ...changes.internal },
      edge: { address: '127.0.0.1:0', zone: 'edge', ...changes.edge },
    },
    admin: { address: '127.0.0.1:0' },
    drain: { notice: '0s', limit: '1s' },
    correlation: { header: 'x-correlation-id', context: ['x-user-id', 'x-tournament-id'], caller: 'x-caller' },
    upstreams: {
      main: {
        endpoints: [`http://127.0.0.1:${originPort}`],
        retry: 'off',
        circuitBreaker: 'off',
        healthCheck: 'off',
        outliers: 'off',
        ...changes.upstream,
      },
    },
    routes: { main: { match: { path: '/' }, upstream: 'main', listeners: ['internal', 'edge'], ...changes.route } },
    ...changes.document,
  });
}

export class Stage {
  readonly router: RouterWithApp;
  readonly origin: RawOrigin;
  private readonly clients = new Set<RawClient>();
  private readonly handlesBack: () => Promise<void>;
  private stopped = false;

  constructor(router: RouterWithApp, origin: RawOrigin, handlesBack: () => Promise<void>) {
    this.router = router;
    this.origin = origin;
    this.handlesBack = handlesBack;
  }

  async client(listener = 'internal', options?: ConnectOptions): Promise<RawClient> {
    const client = await connectRaw(this.router.port(listener), options);
    this.clients.add(client);
    client.socket.once('close', () => this.clients.delete(client));
    return client;
  }

  /** The document as it stands in the file. */
  text(): Promise<string> {
    return readFile(this.router.configPath, 'utf8');
  }

  /** One request over a connection of its own; what came before it at the origin is there when it is answered. */
  async fence(): Promise<void> {
    const client = await this.client();
    await client.ask('GET /fence HTTP/1.1\r\nHost: fence\r\n\r\n');
    client.close();
  }

  /** The access log's record of the one exchange with this path. */
  async logged(path: string): Promise<Record<string, unknown>> {
    return until(`the access log's line of ${path}`, async () => {
      const records = (await this.router.accessLog(0)).filter((record) => record.path === path);
      if (records.length > 1) throw new Error(`${path} settled ${records.length} times`);
      return records[0];
    });
  }

  /** Samples of a metric that are not 0, by their labels as written. */
  async metric(name: string): Promise<Record<string, number>> {
    const reply = await fetch(`${this.router.adminUrl}/metrics`, { headers: { connection: 'close' } });
    const samples = (await reply.text()).matchAll(/^(\w+)(\{.*\})? ([\d.e+-]+)$/gm);
    const wanted = [...samples].filter((sample) => sample[1] === name && Number(sample[3]) !== 0);
    return Object.fromEntries(wanted.map((sample) => [sample[2] ?? '', Number(sample[3])]));
  }

  /** Gauges say what the router holds; they must come back to nothing as well. */
  private async gaugesRest(): Promise<void> {
    for (const name of ['signalbox_upstream_in_flight', 'signalbox_connections']) {
      await until(`${name} to be 0`, async () => Object.keys(await this.metric(name)).length === 0);
    }
  }

  /** Stops the router in good order, as SIGTERM does. */
  async drain(): Promise<void> {
    await this.router.app.drain();
    this.stopped = true;
    await this.router.stop();
  }

  /** The end of a test: asks for order, and leaves nothing. */
  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    if (!this.stopped) {
      await settled(this.router);
      await this.gaugesRest();
      await this.router.stop();
    }
    await this.origin.stop();
    await this.handlesBack();
  }

  /** Stops everything without asking for order. */
  async abandon(): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.allSettled([this.origin.stop(), this.router.stop()]);
  }
}

export async function openStage(script: Script, changes: Changes = {}): Promise<Stage> {
  const handlesBack = watchHandles();
  const origin = await startRawOrigin(script);
  try {
    const router = await startRouterWithApp(documentFor(origin.port, changes), { workers: 0 });
    return new Stage(router, origin, handlesBack);
  } catch (error) {
    await origin.stop();
    throw error;
  }
}

/** A test's body with a stage of its own. */
export function onStage(
  script: Script,
  body: (stage: Stage, context: TestContext) => Promise<void>,
  changes: Changes = {},
): (context: TestContext) => Promise<void> {
  return async (context) => {
    const stage = await openStage(script, changes);
    try {
      await body(stage, context);
      await stage.close();
    } catch (error) {
      await stage.abandon();
      throw error;
    }
  };
}
