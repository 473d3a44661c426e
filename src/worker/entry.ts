/**
 * Where a worker thread begins: messages in, answers out.
 *
 * Rule: whatever goes wrong here ends this thread and no other; the control thread starts a new one. Before it dies it
 * ends the exchanges under way as faults and hands on the access log lines it still holds.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { Ring } from '../core/ring.ts';
import { buildThread } from './build.ts';
import { leaveCompiled } from './first-start.ts';
import type { Answer, Birth, FromThread, Method, ToThread } from './protocol.ts';

if (parentPort === null) throw new Error('entry.ts runs as a worker thread; start the router with `signalbox serve`');
const port = parentPort;
const birth = workerData as Birth;

const ring = birth.lines === undefined ? undefined : new Ring(birth.lines);

const thread = buildThread({
  hostname: birth.hostname,
  threads: birth.threads,
  debug: birth.debug,
  log: (level, fields, message) => say({ is: 'log', level, fields, message }),
  tell: (event) => say({ is: 'event', event }),
  sink: ring === undefined ? undefined : (lines) => ring.write(lines),
});

leaveCompiled(birth.mayStartOver);

port.on('message', (message: ToThread) => {
  void answer(message.id, message.method, message.given);
});

process.on('uncaughtExceptionMonitor', () => thread.lastWords());

async function answer(id: number, method: Method, given: readonly unknown[]): Promise<void> {
  // Each method takes what its call carries; remote.ts is the only one who writes calls.
  const call = thread[method] as (...given: readonly unknown[]) => Promise<Answer<unknown>>;
  say({ is: 'answer', id, answer: await call.call(thread, ...given) });
}

function say(message: FromThread): void {
  port.postMessage(message);
}
