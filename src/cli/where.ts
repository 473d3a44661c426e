/**
 * Which router, and who asks: address, certificates, token, author, time limit.
 *
 * Rule: what is typed wins over the environment. A token comes from the environment or from a file, and an author is named
 * only where no token says who it is.
 */

import type { Io } from './command.ts';
import { CommandEnd, WRONG } from './ends.ts';
import type { Given } from './given.ts';
import type { Tls } from './http.ts';
import { DEFAULT_ADMIN } from './options.ts';

const { readFileSync } = process.getBuiltinModule('node:fs');

const DEFAULT_TIMEOUT = 10_000;

export interface Where {
  /** Without a slash at its end. */
  readonly address: string;
  readonly tls: Tls;
  readonly token: string | undefined;
  /** Where the token came from, in words. */
  readonly tokenFrom: string;
  readonly author: string | undefined;
  readonly timeout: number;
}

export function whereOf(given: Given, { env }: Pick<Io, 'env'>): Where {
  const address = addressOf(given.text('admin') ?? (env.SIGNALBOX_ADMIN || DEFAULT_ADMIN));
  const { token, from: tokenFrom } = tokenOf(given.text('token-file'), env);
  const author = token === undefined ? env.USER || undefined : undefined;
  const timeout = given.milliseconds('timeout') ?? DEFAULT_TIMEOUT;
  if (timeout === 0) throw new CommandEnd(WRONG, '--timeout 0: write how long a call may take, such as `10s`');
  return { address, tls: tlsOf(given), token, tokenFrom, author, timeout };
}

function tlsOf(given: Given): Tls {
  const read = (name: 'ca' | 'cert' | 'key') => {
    const path = given.text(name);
    return path === undefined ? {} : { [name]: textOf(path, `--${name}`) };
  };
  if ((given.text('cert') === undefined) !== (given.text('key') === undefined))
    throw new CommandEnd(WRONG, '--cert and --key go together: a certificate, and the private key of it');
  return { ...read('ca'), ...read('cert'), ...read('key') };
}

/** `host:port` is enough. */
function addressOf(text: string): string {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.parse(full);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.search !== '' || url.hash !== '')
    throw new CommandEnd(WRONG, `the admin address ${text}: write http://HOST:PORT, https://HOST:PORT or HOST:PORT`);
  // It would be shown in messages.
  if (url.username !== '' || url.password !== '')
    throw new CommandEnd(WRONG, 'the admin address holds a password; a token goes into SIGNALBOX_TOKEN');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function tokenOf(file: string | undefined, env: Io['env']): { token: string | undefined; from: string } {
  if (file !== undefined) return { token: checked(textOf(file, '--token-file'), file), from: file };
  for (const name of ['SIGNALBOX_TOKEN', 'SIGNALBOX_ADMIN_TOKEN']) {
    const value = env[name];
    if (value !== undefined && value !== '') return { token: checked(value, name), from: name };
  }
  return { token: undefined, from: '' };
}

/** A header cannot carry more; the message must not show it. */
function checked(text: string, from: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CommandEnd(WRONG, `the token in ${from} is ${token === '' ? 'empty' : 'no single word of ASCII'}`);
}

function textOf(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandEnd(WRONG, `${option} ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
