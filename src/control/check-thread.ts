/**
 * Where the thread begins in which large checks are worked out.
 *
 * Rule: it gives way to all other threads: whoever checks a document can wait, traffic cannot. What runs is read anew from
 * its text, once for all checks against the same one.
 */

import { flushCompileCache } from 'node:module';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { readDocument } from '../config/read.ts';
import { type CheckedAgainst, type CheckOrder, checkText } from './check-text.ts';

/** As `nice` has it: against the threads at 0 it gets a tenth of a core that all want. */
const NICE = 10;

if (parentPort === null)
  throw new Error('check-thread.ts runs as a worker thread; start the router with `signalbox serve`');
const port = parentPort;

giveWay();
// A thread is ended, not left to end: what was compiled is written now or never.
flushCompileCache();

/** What ran at the last check, and the environment that it was read with. */
let known: { readonly running: CheckedAgainst; readonly env: string } | undefined;

port.on('message', (order: CheckOrder) => {
  port.postMessage(checkText(order.sent, runningOf(order), order.terms));
});

/** Linux sets the priority of this thread alone; elsewhere, or where it is not allowed, all goes on as it is. */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, NICE);
  } catch {}
}

function runningOf({ running: text, terms: { path, env: environment } }: CheckOrder): CheckedAgainst {
  const env = JSON.stringify(environment);
  if (known?.running.text === text && known.env === env) return known.running;
  // Two of them would be too much to hold.
  known = undefined;
  const reading = readDocument(text, path, environment);
  if (!reading.ok) throw new Error('the running document cannot be read anew; was its environment changed?');
  const { document, revision, notices } = reading;
  known = { running: { document, revision, notices, text }, env };
  return known.running;
}
