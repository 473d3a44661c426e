/**
 * What a proxy is to the bench: a name, a version, and how to start it.
 *
 * Rule: all do the same work: one thread for traffic on one core, connections to the origin kept open, an id for each
 * request, forwarded headers, an access log with a line per request. What is not installed is left out, and said.
 */

import { openSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Setup {
  /** Folder of this peer alone, for configuration and log. */
  readonly folder: string;
  readonly port: number;
  readonly originPort: number;
  /** Small pieces of bodies must pass at once. */
  readonly streams?: boolean;
  /** Flags for Node.js, where the peer runs on it. */
  readonly nodeFlags: readonly string[];
}

export interface Start {
  readonly command: readonly string[];
  /** Where the access log goes; grows with every request. */
  readonly log: string;
  /** Standard output is the access log. */
  readonly logsToOutput: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Peer {
  readonly name: string;
  /** Version as the program says it; undefined where it is not installed. */
  readonly version: () => string | undefined;
  /** The Debian package that would bring it. */
  readonly debian?: string;
  /** Writes what the peer needs and says how to start it. */
  readonly prepare: (setup: Setup) => Start;
  /** Runs on every core instead of the proxies' one. */
  readonly everyCore?: boolean;
  /** A reply through this peer must carry this header. */
  readonly mark?: string;
}

const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));

export function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Path of a log in the folder, there and empty. */
export function emptyLog(folder: string): string {
  const path = join(folder, 'access.log');
  openSync(path, 'a');
  return path;
}

/** Version of an installed package of ours. */
export function packageVersion(name: string): string {
  return `${name} ${createRequire(PACKAGE)(`${name}/package.json`).version}, Node.js ${process.version}`;
}
