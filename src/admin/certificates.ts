/**
 * The certificate of the admin port, and the authority whose clients it lets in.
 *
 * Rule: what is wrong with a file is known before the port opens (config/tls-files.ts), and said with its path. Files that
 * change are taken up within a minute; ones that turned out wrong leave what there is, and the log says so. Where a client
 * authority is named, who has no certificate of it gets no further than the handshake; what he may do is still for his token
 * to say.
 */

import { readTls, type TlsFiles, type TlsSettings } from '../config/tls-files.ts';
import type { PlaneLog } from '../core/events.ts';

/** How often the files are looked at, milliseconds. */
const LOOK = 60_000;

export interface Credentials {
  readonly context: TlsFiles;
  /** Hands over what the files hold whenever that has changed. */
  follow(take: (context: TlsFiles) => void): void;
  stop(): void;
}

/** Rejects with an Error that names the file. */
export async function openCredentials(settings: TlsSettings, log: PlaneLog): Promise<Credentials> {
  const context = await filesOf(settings);
  let timer: NodeJS.Timeout | undefined;
  return {
    context,
    stop: () => clearInterval(timer),
    follow: (take) => {
      let known = context;
      timer = setInterval(async () => {
        try {
          const now = await filesOf(settings);
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

async function filesOf(settings: TlsSettings): Promise<TlsFiles> {
  const read = await readTls(settings);
  if (read.ok) return read.files;
  throw new Error(read.flaws.map(({ reason }) => reason).join('; '));
}

function same(one: TlsFiles, other: TlsFiles): boolean {
  return (['cert', 'key', 'ca'] as const).every((name) => {
    const [a, b] = [one[name], other[name]];
    return a === undefined || b === undefined ? a === b : a.equals(b);
  });
}
