/**
 * Signalbox itself, as an operator starts it, from this working tree or another.
 *
 * Rule: correlation, traceparent, forwarded headers, metrics and access log are on. A case that needs another document
 * or another number of threads makes a peer of its own with them, so that both can stand side by side.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyLog, type Peer, type Setup, written } from './peer.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Kind {
  readonly name: string;
  /** Where the sources are. */
  readonly root: string;
  readonly workers: number;
  readonly everyCore: boolean;
  /** The part of the document behind listeners and upstreams: `routes: ...`. The upstream is called `origin`. */
  readonly routes: string;
  /** Further upstreams, `, name: { ... }`. */
  readonly upstreams: string;
  /** Port of its admin API; 0: any. */
  readonly admin: number;
}

const USUAL: Kind = {
  name: 'signalbox',
  root: ROOT,
  workers: 1,
  everyCore: false,
  routes: 'routes: { all: { match: { path: / }, upstream: origin } }\n',
  upstreams: '',
  admin: 0,
};

export function documentOf(setup: Setup, routes: string, upstreams: string, admin = 0): string {
  return `listeners: { internal: { address: "127.0.0.1:${setup.port}", zone: internal } }
admin: { address: "127.0.0.1:${admin}" }
drain: { notice: 0s, limit: 1s }
correlation: { header: x-correlation-id, context: [x-user-id] }
upstreams: { origin: { endpoints: [ "http://127.0.0.1:${setup.originPort}" ] }${upstreams} }
${routes}`;
}

export function signalbox(wanted: Partial<Kind> = {}): Peer {
  const { name, root, workers, everyCore, routes, upstreams, admin } = { ...USUAL, ...wanted };
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
  return {
    name,
    everyCore,
    mark: 'x-correlation-id',
    version: () => `signalbox ${version}, Node.js ${process.version}`,
    prepare: (setup) => {
      const path = written(setup.folder, 'routes.yaml', documentOf(setup, routes, upstreams, admin));
      const log = emptyLog(setup.folder);
      const serve = ['serve', '--config', path, '--workers', String(workers), '--no-watch', '--log-level', 'error'];
      return {
        command: [process.execPath, '--single-threaded-gc', ...setup.nodeFlags, entry(root), ...serve],
        log,
        logsToOutput: true,
      };
    },
  };
}

/** Where the program begins; commits from before there was a boot.js begin in main.ts. */
function entry(root: string): string {
  const boot = join(root, 'src/boot.js');
  return existsSync(boot) ? boot : join(root, 'src/main.ts');
}
