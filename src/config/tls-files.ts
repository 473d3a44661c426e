/**
 * The files that `admin.tls` names: read, and whether they go together.
 *
 * Rule: what is wrong is an error that names the key and the file, the same for `serve` and for `signalbox check`. When they are
 * read anew is left to whoever listens with them.
 */

import type { AdminSettings } from './document.ts';

const { readFile } = process.getBuiltinModule('node:fs').promises;

type TlsSettings = NonNullable<AdminSettings['tls']>;

/** As node:tls takes them. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/** What is wrong with one of them. */
export class TlsFlaw extends Error {
  readonly key: keyof TlsSettings;

  constructor(key: keyof TlsSettings, message: string) {
    super(message);
    this.key = key;
  }
}

/** Rejects with a TlsFlaw. */
export async function readTls({ cert, key, clientCa }: TlsSettings): Promise<TlsFiles> {
  const files = { cert: await fileAt('cert', cert), key: await fileAt('key', key) };
  const ca = clientCa === undefined ? undefined : await fileAt('clientCa', clientCa);
  const asked = ca !== undefined;
  if (asked) checkAuthority(String(clientCa), ca);
  const context = { ...files, ...(ca === undefined ? {} : { ca }), requestCert: asked, rejectUnauthorized: asked };
  try {
    process.getBuiltinModule('node:tls').createSecureContext(context);
  } catch (error) {
    throw new TlsFlaw('key', `admin.tls: ${cert} and ${key} do not go together: ${(error as Error).message}`);
  }
  return context;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** An authority without a certificate in it is taken by Node.js without a word, and would let in nobody. */
function checkAuthority(path: string, ca: Buffer): void {
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  const found = ca.toString('latin1').match(CERTIFICATE) ?? [];
  if (found.length === 0) throw new TlsFlaw('clientCa', `admin.tls.clientCa: ${path} holds no certificate in PEM`);
  try {
    for (const text of found) new X509Certificate(text);
  } catch (error) {
    throw new TlsFlaw('clientCa', `admin.tls.clientCa: ${path} cannot be read: ${(error as Error).message}`);
  }
}

async function fileAt(name: keyof TlsSettings, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new TlsFlaw(name, `admin.tls.${name}: ${(error as Error).message}`);
  }
}
