/**
 * One HTTP call, over http or https.
 *
 * Rule: every call has an end. Whatever keeps an answer from coming is one kind of fault, with the address and what to try;
 * what the answer says is for others. No redirect is followed: a token would go to where nobody sent it.
 */

import type { IncomingMessage, RequestOptions } from 'node:http';
import type { Alarms } from '../core/alarm.ts';
import { formatDuration } from '../core/duration.ts';
import { CommandEnd, UNREACHABLE } from './ends.ts';

const { request: plainRequest } = process.getBuiltinModule('node:http');

/** Of an https address, in PEM: whom to believe, and who we are. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Ask {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly tls: Tls;
  /** Milliseconds to the end of the answer; of a stream, from one piece to the next. */
  readonly timeout: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** A call under way: what ends it, and whether it ended because its time was over. */
interface Limit {
  readonly signal: AbortSignal;
  readonly late: () => boolean;
  readonly renew: () => void;
  readonly stop: () => void;
}

export async function call(ask: Ask, alarms: Alarms): Promise<Answer> {
  const limit = limitOf(ask.timeout, alarms);
  try {
    const response = await open(ask, limit.signal);
    return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response) };
  } catch (error) {
    throw unreachable(ask, error, limit.late());
  } finally {
    limit.stop();
  }
}

/** Takes a 200 piece by piece until it ends or `signal` aborts; any other answer is returned whole. */
export async function stream(
  ask: Ask,
  alarms: Alarms,
  signal: AbortSignal,
  take: (piece: string) => void,
): Promise<Answer | undefined> {
  const limit = limitOf(ask.timeout, alarms);
  let taking = false;
  try {
    const response = await open(ask, AbortSignal.any([limit.signal, signal]));
    if (response.statusCode !== 200)
      return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response) };
    response.setEncoding('utf8');
    for await (const piece of response) {
      limit.renew();
      taking = true;
      take(String(piece));
      taking = false;
    }
    return undefined;
  } catch (error) {
    if (signal.aborted && !taking) return undefined;
    // What goes wrong with a piece is no fault of the connection.
    if (taking) throw error;
    throw unreachable(ask, error, limit.late());
  } finally {
    limit.stop();
  }
}

function limitOf(timeout: number, alarms: Alarms): Limit {
  const abort = new AbortController();
  const ring = () => abort.abort();
  let cancel = alarms.after(timeout, ring);
  return {
    signal: abort.signal,
    late: () => abort.signal.aborted,
    renew: () => {
      cancel();
      cancel = alarms.after(timeout, ring);
    },
    stop: () => cancel(),
  };
}

function open({ method, url, headers, body, tls }: Ask, signal: AbortSignal): Promise<IncomingMessage> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options: RequestOptions = { method, signal, agent: false, headers: { ...headers, ...length } };
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:')
      ? process.getBuiltinModule('node:https').request(url, { ...options, ...tls })
      : plainRequest(url, options);
    request.once('error', reject).once('response', resolve);
    // As bytes: with a string, Node.js would write the head in its encoding too, which is latin1.
    request.end(body === undefined ? undefined : Buffer.from(body));
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer); // no encoding is set, so pieces are bytes
  return Buffer.concat(pieces).toString('utf8');
}

const RUNNING = 'is it running (signalbox serve)? another address: --admin URL or SIGNALBOX_ADMIN';
const MAYBE_TLS = `${RUNNING}; if it speaks TLS: https://`;
const MAYBE_CERTIFICATE = `${RUNNING}; if it asks for a certificate of its clientCa: --cert FILE --key FILE`;
const CERTIFICATE = 'name a certificate of its clientCa and the key of that: --cert FILE --key FILE';

function unreachable({ url, timeout }: Ask, error: unknown, late: boolean): CommandEnd {
  const [reason, advice] = late
    ? [`no answer within ${formatDuration(timeout)}`, 'is it busy or stopped? --timeout gives it longer']
    : reasonOf(error, url.startsWith('https:'));
  return new CommandEnd(UNREACHABLE, `the router at ${new URL(url).origin} cannot be reached: ${reason}; ${advice}`);
}

function reasonOf(error: unknown, secure: boolean): readonly [string, string] {
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  if (code === 'ECONNREFUSED') return ['nothing listens there', RUNNING];
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return ['the name leads to no address', RUNNING];
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return ['the connection broke', secure ? MAYBE_CERTIFICATE : MAYBE_TLS];
  if (code.includes('CERTIFICATE_REQUIRED')) return ['it asks for a certificate of ours', CERTIFICATE];
  if (code.startsWith('ERR_OSSL')) return [`--ca, --cert or --key does not fit (${message})`, CERTIFICATE];
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return ['it speaks no TLS', 'write http:// in the address'];
  if (code.startsWith('HPE_')) return ['it speaks no HTTP', 'write https:// in the address, if it speaks TLS'];
  if (/CERT|SIGNATURE|SELF_SIGNED|ALTNAME/.test(code))
    return [
      `its certificate is not believed (${message.replace(/;.*/s, '')})`,
      'name its certificate authority: --ca FILE',
    ];
  return [message === '' ? code : message, RUNNING];
}
