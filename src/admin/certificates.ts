/**
 * The certificate of the admin port, and the authority whose clients it lets in.
 *
 * Rule: what is wrong with a file is known before the port opens, and said with its path. Files that change are taken up
 * within a minute; ones that turned out wrong leave what there is, and the log says so. Where a client authority is
 * named, who has no certificate of it gets no further than the handshake; what he may do is still for his token to say.
 */

import type { AdminSettings } from '../config/document.ts';
import type { PlaneLog } from '../core/events.ts';

const { readFile } = process.getBuiltinModule('node:fs').promises;

/** How often the files are looked at, milliseconds. */
const LOOK = 60_000;

export interface Context {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

export interface Credentials {
  readonly context: Context;
  /** Hands over what the files hold whenever that has changed. */
  follow(take: (context: Context) => void): void;
  stop(): void;
}

/** Rejects with an Error that names the file. */
export async function openCredentials(
  settings: NonNullable<AdminSettings['tls']>,
  log: PlaneLog,
): Promise<Credentials> {
  const context = await read(settings);
  let timer: NodeJS.Timeout | undefined;
  return {
    context,
    stop: () => clearInterval(timer),
    follow: (take) => {
      let known = context;
      timer = setInterval(async () => {
        try {
          const now = await read(settings);
          if (same(known, now)) return;
          known = now;
          take(now);
          log('info', { cert: settings.cert }, 'the certificate of the admin port was changed');
        } catch (error) {
          log('error', { err: (error as Error).message }, 'the new certificate of the admin port is not taken');
        }
      }, LOOK).unref();
    },
  };
}

async function read({ cert, key, clientCa }: NonNullable<AdminSettings['tls']>): Promise<Context> {
  const files = { cert: await fileAt('cert', cert), key: await fileAt('key', key) };
  const ca = clientCa === undefined ? undefined : await fileAt('clientCa', clientCa);
  const asked = ca !== undefined;
  if (asked) checkAuthority(String(clientCa), ca);
  const context = { ...files, ...(ca === undefined ? {} : { ca }), requestCert: asked, rejectUnauthorized: asked };
  try {
    process.getBuiltinModule('node:tls').createSecureContext(context);
  } catch (error) {
    throw new Error(`admin.tls: ${cert} and ${key} do not go together: ${(error as Error).message}`);
  }
  return context;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** An authority without a certificate in it is taken by Node.js without a word, and would let in nobody. */
function checkAuthority(path: string, ca: Buffer): void {
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  const found = ca.toString('latin1').match(CERTIFICATE) ?? [];
  if (found.length === 0) throw new Error(`admin.tls.clientCa: ${path} holds no certificate in PEM`);
  try {
    for (const text of found) new X509Certificate(text);
  } catch (error) {
    throw new Error(`admin.tls.clientCa: ${path} cannot be read: ${(error as Error).message}`);
  }
}

async function fileAt(name: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Error(`admin.tls.${name}: ${(error as Error).message}`);
  }
}

function same(one: Context, other: Context): boolean {
  return (['cert', 'key', 'ca'] as const).every((name) => {
    const [a, b] = [one[name], other[name]];
    return a === undefined || b === undefined ? a === b : a.equals(b);
  });
}
