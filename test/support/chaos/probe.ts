/**
 * Loaded before the router (`node --expose-gc --import`): tells what each of its threads keeps alive, after collecting.
 *
 * Rule: on SIGUSR2 the main thread asks all, and writes one line a thread to file descriptor 3. It changes nothing else.
 */

import { writeSync } from 'node:fs';
import { BroadcastChannel, isMainThread, threadName } from 'node:worker_threads';

export interface Kept {
  readonly thread: string;
  /** Bytes alive in the JavaScript heap, and outside of it. */
  readonly heap: number;
  readonly outside: number;
  /** Sockets, servers and the like, by kind. */
  readonly handles: Readonly<Record<string, number>>;
}

const channel = new BroadcastChannel('signalbox-test-probe').unref();

function tell(): void {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1;
  const thread = isMainThread ? 'main' : threadName;
  const kept: Kept = { thread: String(thread), heap: heapUsed, outside: external, handles };
  writeSync(3, `${JSON.stringify(kept)}\n`);
}

channel.onmessage = () => tell();
if (isMainThread) {
  process.on('SIGUSR2', () => {
    channel.postMessage('tell');
    tell();
  });
}
