/**
 * The only file that knows every part: puts the process together, starts the parts in order and stops them in reverse.
 *
 * Rule: nothing listens before a valid document runs on every thread, and the data listeners open last, so that whoever
 * gets a connection gets an answer; ready is said when all of it works. On the way down the admin port closes last: it
 * says until the end that the router is draining. Signals, arguments and exit codes are left to cli/serve.ts.
 */

import { hostname } from 'node:os';
import { type AdminPort, openAdminPort } from './admin/port.ts';
import type { Problem, ValidReading } from './config/document.ts';
import { formatProblem } from './config/problems.ts';
import { readDocument } from './config/read.ts';
import { parseAddress } from './config/wording.ts';
import type { CircuitAnswer, CircuitOrder } from './control/circuits.ts';
import type { Control, Outcome } from './control/control.ts';
import { Events, type Told } from './control/events.ts';
import type { FromFile } from './control/from-file.ts';
import type { LeaseKeeping } from './control/lease-keeping.ts';
import type { View } from './control/view.ts';
import { type Clock, systemClock } from './core/clock.ts';
import type { PlaneLog } from './core/events.ts';
import { loadAll } from './core/later.ts';
import { BlockLedger } from './core/ledger.ts';
import { SharedLanes } from './core/shared.ts';
import type { Destination } from './telemetry/destination.ts';
import { type LogThreshold, operationalLog } from './telemetry/log.ts';
import type { Membership } from './upstream/members.ts';
import type { Crew } from './worker/crew.ts';
import { warnOfDescriptors } from './worker/descriptors.ts';
import { listenTrouble, threadsFor, whyTaken } from './worker/ports.ts';
import type { EndableThread, ThreadStatus } from './worker/protocol.ts';
import type { RemoteNeeds } from './worker/remote.ts';
import { startCrew } from './worker/start.ts';

const { readFile } = process.getBuiltinModule('node:fs').promises;

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
  /** Where leases are kept over a restart; undefined: in memory only. */
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

/** Starts the router; throws StartRefused, with nothing left behind, where it cannot. */
export async function startApp(options: AppOptions): Promise<App> {
  const text = await readText(options.configPath);
  const clock = options.clock ?? systemClock;
  const { log, open: openLog } = operationalLog(options.log, options.logLevel, clock);
  const reading = readDocument(text, options.configPath, options.env);
  if (!reading.ok) throw new StartRefused(`${options.configPath} is not a valid document:`, reading.problems);
  const workers = threadsFor(options.workers ?? reading.document.workers, log);
  const lanes = new SharedLanes(Math.max(1, workers));
  const ledger = new BlockLedger(lanes, clock);
  const events = new Events(clock, log);
  if (options.onEvent !== undefined) events.listen(options.onEvent);
  const site = { lanes, ledger, log, tell: events.tell };
  const { accessLog, startWorker, env, dnsServers, hostsFile } = options;
  const debug = options.logLevel === 'debug';
  const crew = await startCrew({ workers, hostname: hostname(), ...site, debug, accessLog, startWorker });
  // Loaded while the worker threads start: on two cores that is a fifth of the time until traffic flows.
  const { Control } = await import('./control/control.ts');
  const { FromFile } = await import('./control/from-file.ts');
  const { systemMembers } = await import('./upstream/system-members.ts');
  const drainLimit = (): number => control.view.running?.document.drain.limit ?? 0;
  const members = systemMembers({ clock, ...site, threads: crew, drainLimit, dnsServers, hostsFile });
  const { keepLeases } = await import('./control/lease-keeping.ts');
  const keeping = await keepLeases(options.stateFolder, { leases: members.leases, clock, log });
  const workersFixed = options.workers !== undefined;
  const control = new Control({ clock, ledger, threads: crew, members, log, env, workersFixed });
  const file = new FromFile(options.configPath, control);
  const parts = { workers, crew, members, keeping, control, file, events, lanes, ledger, clock, log };
  const running = new RunningApp(options, parts);
  try {
    await running.open(text, reading);
    return running;
  } catch (error) {
    await running.stop();
    throw error;
  } finally {
    openLog();
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException;
    throw new StartRefused(`cannot read the document: ${message}; name another file with --config`);
  }
}

interface Parts {
  readonly workers: number;
  readonly crew: Crew;
  readonly members: Membership;
  readonly keeping: LeaseKeeping;
  readonly control: Control;
  readonly file: FromFile;
  readonly events: Events;
  readonly lanes: SharedLanes;
  readonly ledger: BlockLedger;
  readonly clock: Clock;
  readonly log: PlaneLog;
}

class RunningApp implements App {
  readonly ports = new Map<string, number>();
  readonly workers: number;
  readonly log: PlaneLog;
  readonly events: Events;
  readonly leases: Membership['leases'];
  adminPort = 0;
  private readonly options: AppOptions;
  private readonly parts: Parts;
  private readonly crew: Crew;
  private readonly control: Control;
  private phase: 'starting' | 'serving' | 'draining' = 'starting';
  private admin: AdminPort | undefined = undefined;
  private endNotice: () => void = () => {};

  constructor(options: AppOptions, parts: Parts) {
    this.options = options;
    this.parts = parts;
    this.workers = parts.workers;
    this.crew = parts.crew;
    this.control = parts.control;
    this.log = parts.log;
    this.events = parts.events;
    this.leases = parts.members.leases;
  }

  readonly view = (): View => this.control.view;

  async open(text: string, reading: ValidReading): Promise<void> {
    const { configPath } = this.options;
    const outcome = await this.propose(text, 'start', '', '', reading);
    if (!outcome.ok) throw new StartRefused(`${configPath} cannot be put in force:`, outcome.problems);
    const running = this.control.view.running;
    if (running === undefined) throw new StartRefused('no document is in force');
    await this.openAdmin(running.document.admin.address);
    for (const [id, { address }] of Object.entries(running.document.listeners)) await this.openListener(id, address);
    this.crew.serve();
    loadAll();
    await this.answerAdmin();
    this.phase = 'serving';
    if (this.options.watch) await this.parts.file.start(text);
    const listeners = Object.fromEntries(this.ports);
    const { revision } = running;
    this.log('info', { listeners, admin: this.adminPort, threads: this.workers, revision }, 'serving');
    warnOfDescriptors(running.document.listeners, this.log);
  }

  private async openAdmin(address: string): Promise<void> {
    const { host, port } = parseAddress(address) ?? { host: '127.0.0.1', port: 0 };
    try {
      this.admin = await openAdminPort(host, port);
      this.adminPort = this.admin.port;
    } catch (error) {
      throw new StartRefused(`admin.address ${address}: ${listenTrouble(error as NodeJS.ErrnoException)}`);
    }
  }

  /** Traffic flows already: loading what answers there takes longer than all the rest of the start. */
  private async answerAdmin(): Promise<void> {
    const { adminListener } = await import('./admin/server.ts');
    const { buildMetrics } = await import('./telemetry/metrics.ts');
    const { scrapeSource } = await import('./control/scrape.ts');
    const threads = () => ({ wanted: this.crew.wanted, running: this.crew.running, restarts: this.crew.restarts });
    const droppedLines = () => this.options.accessLog?.dropped ?? 0;
    const { members: membership, ...parts } = this.parts;
    const metrics = buildMetrics(scrapeSource({ ...parts, membership, view: this.view, threads, droppedLines }));
    const health = { view: this.view, threads, phase: () => this.phase };
    this.admin?.answer(await adminListener({ metrics, health }));
  }

  private async openListener(id: string, address: string): Promise<void> {
    const { host, port } = parseAddress(address) ?? { host: '127.0.0.1', port: 0 };
    const trouble = await whyTaken(host, port);
    if (trouble !== undefined) throw new StartRefused(`listener ${id}, address ${address}: ${trouble}`);
    const answer = await this.crew.listen({ listener: id, host, port });
    if (!answer.ok) throw new StartRefused(`listener ${id}, address ${address}: ${answer.reason}`);
    this.ports.set(id, answer.value);
  }

  reload(): Promise<Outcome> {
    return this.parts.file.reload();
  }

  propose(text: string, source: string, author: string, reason: string, reading?: ValidReading): Promise<Outcome> {
    return this.control.propose({ text, path: this.options.configPath, source, author, reason, reading });
  }

  async setCircuit(upstream: string, order: CircuitOrder): Promise<CircuitAnswer> {
    const { setCircuit } = await import('./control/circuits.ts');
    return setCircuit({ ...this.parts, tell: this.events.tell }, this.view(), upstream, order);
  }

  flushAccessLog(): Promise<void> {
    return this.crew.flush();
  }

  status(): Promise<ThreadStatus> {
    return this.crew.status();
  }

  async drain(): Promise<void> {
    this.phase = 'draining';
    const { notice, limit } = this.control.view.running?.document.drain ?? { notice: 0, limit: 0 };
    this.log('info', { notice, limit }, 'draining: unready from now on, still serving');
    await this.crew.drain();
    await this.serveOn(notice);
    this.log('info', { limit, ...(await this.status()) }, 'accepting no more');
    await this.close(limit);
  }

  async stop(): Promise<void> {
    this.phase = 'draining';
    this.endNotice();
    await this.close(0);
  }

  private serveOn(notice: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, notice);
      this.endNotice = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** In reverse: nobody proposes any more, traffic ends, then the admin port. */
  private async close(limit: number): Promise<void> {
    this.parts.file.stop();
    await this.parts.keeping.stop();
    this.parts.members.stop();
    await this.crew.stop(limit);
    await this.admin?.stop();
  }
}
