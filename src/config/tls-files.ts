/**
 * The files that `admin.tls` names: read, and whether they go together.
 *
 * Rule: what is wrong names the key and the file, the same for `serve` and for `signalbox check`, and all that can be found at
 * once is. When they are read anew is left to whoever listens with them.
 */

import type { AdminSettings } from './document.ts';

const { readFile } = process.getBuiltinModule('node:fs').promises;

export type TlsSettings = NonNullable<AdminSettings['tls']>;

/** As node:tls takes them. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/** What is wrong, at this key below `admin.tls`. */
export interface TlsFlaw {
  readonly key: keyof TlsSettings;
  readonly reason: string;
  readonly advice: string;
}

export type TlsReading =
  | { readonly ok: true; readonly files: TlsFiles }
  | { readonly ok: false; readonly flaws: readonly TlsFlaw[] };

/** Never rejects. */
export async function readTls(settings: TlsSettings): Promise<TlsReading> {
  const [cert, key, ca] = await Promise.all([
    fileAt('cert', settings.cert),
    fileAt('key', settings.key),
    fileAt('clientCa', settings.clientCa),
  ]);
  const missing = [cert, key, ca].flatMap((found) => (Buffer.isBuffer(found) || found === undefined ? [] : [found]));
  if (!Buffer.isBuffer(cert) || !Buffer.isBuffer(key) || missing.length > 0) return { ok: false, flaws: missing };
  const authority = Buffer.isBuffer(ca) ? { ca } : {};
  const asked = Buffer.isBuffer(ca);
  const files = { cert, key, ...authority, requestCert: asked, rejectUnauthorized: asked };
  const flaws = [pairFlaw(settings, files), authorityFlaw(settings, files)].filter((flaw) => flaw !== undefined);
  return flaws.length === 0 ? { ok: true, files } : { ok: false, flaws };
}

async function fileAt(key: keyof TlsSettings, path: string | undefined): Promise<Buffer | TlsFlaw | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    const reason = `admin.tls.${key}: ${(error as Error).message}`;
    return { key, reason, advice: 'name a file that exists; a path is read from where `serve` is started' };
  }
}

/** Without the authority, which has a flaw of its own. */
function pairFlaw(settings: TlsSettings, { cert, key }: TlsFiles): TlsFlaw | undefined {
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    const reason = `admin.tls: ${settings.cert} and ${settings.key} do not go together: ${(error as Error).message}`;
    return { key: 'key', reason, advice: 'name the certificate and its own key, each in PEM' };
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** An authority without a certificate in it is taken by Node.js without a word, and would let in nobody. */
function authorityFlaw({ clientCa }: TlsSettings, { ca }: TlsFiles): TlsFlaw | undefined {
  if (ca === undefined) return undefined;
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  const flaw = (what: string): TlsFlaw => ({
    key: 'clientCa',
    reason: `admin.tls.clientCa: ${clientCa} ${what}`,
    advice: 'name the certificate of the authority, in PEM',
  });
  const found = ca.toString('latin1').match(CERTIFICATE) ?? [];
  if (found.length === 0) return flaw('holds no certificate in PEM');
  try {
    for (const text of found) new X509Certificate(text);
    return undefined;
  } catch (error) {
    return flaw(`cannot be read: ${(error as Error).message}`);
  }
}
