/**
 * Certificates made for one test, with the system's openssl: an authority, one that it signed for a server at 127.0.0.1, one
 * for a client, and an authority that nobody asked.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './programs.ts';

/** Paths of files in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly folder: string;
  readonly authority: Pair;
  readonly server: Pair;
  readonly client: Pair;
  readonly stranger: Pair;
  remove(): Promise<void>;
}

export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-certificates-'));
  const authority = await make(folder, 'authority', ['-addext', 'basicConstraints=critical,CA:true']);
  const signed = ['-CA', authority.cert, '-CAkey', authority.key, '-addext', 'basicConstraints=critical,CA:false'];
  return {
    folder,
    authority,
    server: await make(folder, 'server', [...signed, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']),
    client: await make(folder, 'client', signed),
    stranger: await make(folder, 'stranger', []),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function make(folder: string, name: string, more: readonly string[]): Promise<Pair> {
  const pair = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', pair.key, '-out', pair.cert];
  const ran = await run('openssl', ['req', '-x509', ...curve, ...files, '-days', '2', '-subj', `/CN=${name}`, ...more]);
  if (ran.code !== 0) throw new Error(`openssl made no certificate:\n${ran.err}`);
  return pair;
}

/** What a client shows and believes, for node:https. */
export async function shown(authority: Pair, own?: Pair): Promise<{ ca: Buffer; cert?: Buffer; key?: Buffer }> {
  const ca = await readFile(authority.cert);
  return own === undefined ? { ca } : { ca, cert: await readFile(own.cert), key: await readFile(own.key) };
}
