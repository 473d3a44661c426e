/**
 * The router as whoever starts it sees it: what it is given, what it can be told, and why it did not start.
 *
 * Rule: types and one error; whoever embeds the router needs no more than this and `startApp`.
 */

import type { Problem } from './config/document.ts';
import { formatProblem } from './config/problems.ts';
import type { CircuitAnswer, CircuitOrder } from './control/circuits.ts';
import type { Outcome } from './control/control.ts';
import type { Events, Told } from './control/events.ts';
import type { View } from './control/view.ts';
import type { Clock } from './core/clock.ts';
import type { PlaneLog } from './core/events.ts';
import type { Destination } from './telemetry/destination.ts';
import type { LogThreshold } from './telemetry/log.ts';
import type { Membership } from './upstream/members.ts';
import type { EndableThread, ThreadStatus } from './worker/protocol.ts';
import type { RemoteNeeds } from './worker/remote.ts';

export interface AppOptions {
  /** The file, and what problems call its text. */
  readonly configPath: string;
  /** Data threads; wins over the document. 0: the data plane runs on this thread. */
  readonly workers?: number | undefined;
  /** Take up the file whenever it changes. */
  readonly watch: boolean;
  /** Where `${NAME}` in the document is looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes the access log; undefined: nobody reads it and no line is built. Whoever opened it ends it after `stop`. */
  readonly accessLog: Destination | undefined;
  /** Takes the operational log. Whoever opened it ends it after `stop`. */
  readonly log: Destination;
  readonly logLevel: LogThreshold;
  readonly clock?: Clock;
  /** Starts a worker thread; tests hand in one that lets them end it. */
  readonly startWorker?: (needs: RemoteNeeds) => EndableThread;
  /** Hears of every change of state. */
  readonly onEvent?: (told: Told) => void;
  /** Asked in place of the servers that the system names (`127.0.0.1:5353`). */
  readonly dnsServers?: readonly string[];
  /** Read in place of /etc/hosts. */
  readonly hostsFile?: string;
  /** Where revisions, leases and orders about circuits are kept over a restart; default: `.signalbox` beside the document. */
  readonly stateFolder?: string;
}

export interface App {
  /** Listener -> bound port. */
  readonly ports: ReadonlyMap<string, number>;
  readonly adminPort: number;
  /** Threads that carry traffic beside this one; 0 where it does so itself. */
  readonly workers: number;
  readonly view: () => View;
  /** Reads the file now; answers once every thread runs it, or nothing has changed. */
  reload(): Promise<Outcome>;
  /** The same with a text from elsewhere. */
  propose(text: string, source: string, author: string, reason: string): Promise<Outcome>;
  /** Holds the circuit of an upstream open, forces it closed, or lets go of it, on all threads. */
  setCircuit(upstream: string, order: CircuitOrder): Promise<CircuitAnswer>;
  /** Services that register themselves as members. */
  readonly leases: Membership['leases'];
  /** Changes of state: the last ones, and those to come. */
  readonly events: Pick<Events, 'recent' | 'listen'>;
  /** Has the threads hand on the access log lines they gather. */
  flushAccessLog(): Promise<void>;
  status(): Promise<ThreadStatus>;
  /** Leaves in good order: unready at once, `drain.notice` of further service, `drain.limit` for what is under way. */
  drain(): Promise<void>;
  /** Stops now; also a drain that is under way. */
  stop(): Promise<void>;
  /** A line in the operational log. */
  readonly log: PlaneLog;
}

/** Why the router did not start. `problems` are those of the document, where that is the reason. */
export class StartRefused extends Error {
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[] = []) {
    super([message, ...problems.map(formatProblem)].join('\n'));
    this.problems = problems;
  }
}
