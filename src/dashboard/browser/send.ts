/**
 * A call as somebody wrote it, and its reply as it came: for the page that tries the API.
 *
 * Rule: nothing is added but the token; nothing is read into the reply but its JSON, which is indented. A stream is cut off
 * after its first seconds, since it would never end.
 */

import { bytesOf, token } from './api.ts';

/** How long a stream is listened to. */
const STREAM = 2500;
const LONGEST = 200_000;

export interface Sent {
  readonly method: string;
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Came {
  readonly status: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export async function send({ method, address, headers, body }: Sent): Promise<Came> {
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, bytesOf(value)]));
  const given = token() === '' ? own : { authorization: `Bearer ${token()}`, ...own };
  const ending = new AbortController();
  const reply = await fetch(address, {
    method,
    headers: given,
    signal: ending.signal,
    cache: 'no-store',
    ...(body === undefined ? {} : { body }),
  });
  const isStream = reply.headers.get('content-type')?.includes('event-stream') === true;
  const text = isStream ? await beginning(reply, ending) : await reply.text();
  return {
    status: `${reply.status} ${reply.statusText}`.trim(),
    headers: [...reply.headers],
    body: indented(text, reply.headers.get('content-type') ?? '').slice(0, LONGEST),
  };
}

async function beginning(reply: Response, ending: AbortController): Promise<string> {
  if (reply.body === null) return '';
  setTimeout(() => ending.abort(), STREAM);
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  } catch {
    // It was cut off on purpose.
  }
  return text;
}

function indented(text: string, type: string): string {
  if (!type.includes('json')) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
