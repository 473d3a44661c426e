/**
 * The live stream: one frame a second, asked for again whenever it ends.
 *
 * Rule: fetch instead of EventSource, which cannot send a token. A stream that says nothing for some seconds is as good
 * as ended: a router that was killed with its machine closes nothing.
 */

import type { LiveFrame } from '../../admin/shapes/live.ts';
import { backoff, eventReader, GONE_AFTER } from '../logic/sse.ts';
import { headersOf, lock } from './api.ts';
import { change, current } from './store.ts';

/** Without a word for so long, the stream counts as broken. */
const SILENCE = 6000;

/** Calls `hear` at every frame until `signal` is aborted, or until the router wants a token. */
export async function follow(signal: AbortSignal, hear: (frame: LiveFrame) => void): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    await pause(backoff(attempt), signal);
    const locked = await listen(signal, (frame) => {
      attempt = 0;
      hear(frame);
    });
    if (locked || signal.aborted) return;
    const gone = attempt + 1 >= GONE_AFTER;
    change({ connection: gone ? 'gone' : current().frame === undefined ? 'connecting' : 'reconnecting' });
  }
}

/** One stream to its end; whatever ends it, the answer is whether a token is missing. */
async function listen(signal: AbortSignal, hear: (frame: LiveFrame) => void): Promise<boolean> {
  const own = new AbortController();
  const stop = (): void => own.abort();
  signal.addEventListener('abort', stop);
  let silence = setTimeout(stop, SILENCE);
  try {
    const reply = await fetch('/v1/live', { headers: headersOf({}), signal: own.signal, cache: 'no-store' });
    if (reply.status === 401) {
      lock();
      return true;
    }
    if (!reply.ok || reply.body === null) return false;
    const read = eventReader();
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false;
      clearTimeout(silence);
      silence = setTimeout(stop, SILENCE);
      for (const { event, data } of read(value)) if (event === 'live') hear(JSON.parse(data) as LiveFrame);
    }
  } catch {
    return false;
  } finally {
    clearTimeout(silence);
    own.abort();
    signal.removeEventListener('abort', stop);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
