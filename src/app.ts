/**
 * The only file that knows every part: puts the process together, starts the parts in order and stops them in reverse.
 *
 * Rule: nothing listens before a valid document runs on every thread, and the data listeners open last, so that whoever
 * gets a connection gets an answer; ready is said when all of it works. On the way down the admin port closes last: it
 * says until the end that the router is draining. Signals, arguments and exit codes are left to cli/serve.ts.
 */

import { hostname } from 'node:os';
import type { Credentials } from './admin/certificates.ts';
import { type AdminPort, openAdminPort } from './admin/port.ts';
import type { AdminAnswers } from './app-admin.ts';
import { AppCircuits } from './app-circuits.ts';
import { type App, type AppOptions, StartRefused } from './app-contract.ts';
import { AppState, readText, type Start } from './app-state.ts';
import type { AdminSettings } from './config/document.ts';
import { readDocument } from './config/read.ts';
import { parseAddress } from './config/wording.ts';
import type { CircuitAnswer, CircuitOrder } from './control/circuits.ts';
import { Claim } from './control/claim.ts';
import type { Control, Decision, Outcome } from './control/control.ts';
import { Events } from './control/events.ts';
import type { FromFile } from './control/from-file.ts';
import type { LeaseKeeping } from './control/lease-keeping.ts';
import type { View } from './control/view.ts';
import { type Clock, systemClock } from './core/clock.ts';
import type { PlaneLog } from './core/events.ts';
import { loadAll } from './core/later.ts';
import { BlockLedger } from './core/ledger.ts';
import { SharedLanes } from './core/shared.ts';
import { operationalLog } from './telemetry/log.ts';
import type { Membership } from './upstream/members.ts';
import type { Crew } from './worker/crew.ts';
import { warnOfDescriptors } from './worker/descriptors.ts';
import { listenTrouble, threadsFor, whyTaken } from './worker/ports.ts';
import type { ThreadStatus } from './worker/protocol.ts';
import { startCrew } from './worker/start.ts';

const { dirname, join } = process.getBuiltinModule('node:path');

/** What the admin port answers is loaded so long after the start, milliseconds, if nobody asks before. */
const ADMIN_PAUSE = 1000;
/** How long an edit on its way may keep a stop waiting. */
const EDIT_LIMIT = 1000;

/** Starts the router; throws StartRefused, with nothing left behind, where it cannot. */
export async function startApp(options: AppOptions): Promise<App> {
  const text = await readText(options.configPath);
  const clock = options.clock ?? systemClock;
  const { log, open: openLog } = operationalLog(options.log, options.logLevel, clock);
  const read = readDocument(text, options.configPath, options.env);
  if (!read.ok) throw new StartRefused(`${options.configPath} is not a valid document:`, read.problems);
  const { accessLog, startWorker, env, dnsServers, hostsFile, configPath } = options;
  const folder = options.stateFolder ?? join(dirname(configPath), '.signalbox');
  const claim = new Claim();
  const workersFixed = options.workers !== undefined;
  const state = new AppState({ folder, configPath, env, clock, log, claim, workersFixed });
  const start = await state.startWith(text, read);
  const workers = threadsFor(options.workers ?? start.reading.document.workers, log);
  const lanes = new SharedLanes(Math.max(1, workers));
  const ledger = new BlockLedger(lanes, clock);
  const events = new Events(clock, log);
  if (options.onEvent !== undefined) events.listen(options.onEvent);
  const site = { lanes, ledger, log, tell: events.tell };
  const debug = options.logLevel === 'debug';
  const crew = await startCrew({ workers, hostname: hostname(), ...site, debug, accessLog, startWorker });
  // Loaded while the worker threads start: on two cores that is a fifth of the time until traffic flows.
  const { Control } = await import('./control/control.ts');
  const { FromFile } = await import('./control/from-file.ts');
  const { systemMembers } = await import('./upstream/system-members.ts');
  const drainLimit = (): number => control.view.running?.document.drain.limit ?? 0;
  const members = systemMembers({ clock, ...site, threads: crew, drainLimit, dnsServers, hostsFile });
  const { keepLeases } = await import('./control/lease-keeping.ts');
  const keeping = await keepLeases(folder, { leases: members.leases, clock, log, claim });
  const circuits = new AppCircuits({ folder, clock, ...site, claim, note: state.note });
  const record = async (decision: Decision): Promise<void> => {
    await Promise.all([circuits.settle(decision.after), state.record(decision)]);
  };
  const control = new Control({ clock, ledger, threads: crew, members, log, env, workersFixed, record });
  const file = new FromFile(configPath, control, state);
  const parts = { workers, crew, members, keeping, circuits, control, file, state, events, lanes, ledger, clock, log };
  const running = new RunningApp(options, parts);
  try {
    await running.open(text, start);
    return running;
  } catch (error) {
    await running.stop();
    throw error;
  } finally {
    openLog();
  }
}

interface Parts {
  readonly workers: number;
  readonly crew: Crew;
  readonly members: Membership;
  readonly keeping: LeaseKeeping;
  readonly circuits: AppCircuits;
  readonly control: Control;
  readonly file: FromFile;
  readonly state: AppState;
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
  private answers: AdminAnswers | undefined = undefined;
  private readonly startedAt: number;
  private endNotice: () => void = () => {};
  private endPause: () => void = () => {};
  private answering: Promise<void> = Promise.resolve();
  private closing = false;

  constructor(options: AppOptions, parts: Parts) {
    this.options = options;
    this.parts = parts;
    this.workers = parts.workers;
    this.crew = parts.crew;
    this.control = parts.control;
    this.log = parts.log;
    this.events = parts.events;
    this.leases = parts.members.leases;
    this.startedAt = parts.clock.wall();
  }

  readonly view = (): View => this.control.view;

  /** `text`: of the file. */
  async open(text: string, start: Start): Promise<void> {
    const { configPath } = this.options;
    const outcome = await this.control.propose(start);
    if (!outcome.ok) throw new StartRefused(`${configPath} cannot be put in force:`, outcome.problems);
    const running = this.control.view.running;
    if (running === undefined) throw new StartRefused('no document is in force');
    await this.parts.state.settle();
    await this.parts.circuits.restore(running);
    await this.openAdmin(running.document.admin);
    for (const [id, { address }] of Object.entries(running.document.listeners)) await this.openListener(id, address);
    this.crew.serve();
    loadAll();
    this.phase = 'serving';
    this.answering = this.answerSoon();
    if (this.options.watch) await this.parts.file.start(text);
    const listeners = Object.fromEntries(this.ports);
    const { revision } = running;
    this.log('info', { listeners, admin: this.adminPort, threads: this.workers, revision }, 'serving');
    warnOfDescriptors(running.document.listeners, this.log);
  }

  private async openAdmin({ address, tls }: AdminSettings): Promise<void> {
    const { host, port } = parseAddress(address) ?? { host: '127.0.0.1', port: 0 };
    const credentials = tls === undefined ? undefined : await this.credentialsOf(tls);
    try {
      this.admin = await openAdminPort(host, port, credentials);
      this.adminPort = this.admin.port;
    } catch (error) {
      throw new StartRefused(`admin.address ${address}: ${listenTrouble(error as NodeJS.ErrnoException)}`);
    }
  }

  private async credentialsOf(tls: NonNullable<AdminSettings['tls']>): Promise<Credentials> {
    const { openCredentials } = await import('./admin/certificates.ts');
    try {
      return await openCredentials(tls, this.log);
    } catch (error) {
      throw new StartRefused((error as Error).message);
    }
  }

  /**
   * Loading what answers at the admin port takes longer than all the rest of the start, and on a busy core from the first
   * requests: it waits until somebody asks there, or a moment.
   */
  private async answerSoon(): Promise<void> {
    const moment = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ADMIN_PAUSE);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    await Promise.race([this.admin?.asked, moment]).finally(this.endPause);
    try {
      // Nobody asks any more; what was decided is remembered.
      if (this.closing) await this.parts.state.open(this.view);
      else await this.answerAdmin();
    } catch (error) {
      this.log('error', { err: String(error) }, 'the admin port cannot answer; traffic goes on');
    }
  }

  private async answerAdmin(): Promise<void> {
    const { answerAdmin } = await import('./app-admin.ts');
    const { configPath, env } = this.options;
    const { crew } = this;
    const threads = () => ({ wanted: crew.wanted, running: crew.running, restarts: crew.restarts });
    this.answers = await answerAdmin({
      ...this.parts,
      configPath,
      env,
      startedAt: this.startedAt,
      health: { view: this.view, threads, phase: () => this.phase },
      ports: this.ports,
      setCircuit: (upstream, order) => this.setCircuit(upstream, order),
      callers: (watch) => crew.callers(watch),
      droppedLines: () => this.options.accessLog?.dropped ?? 0,
    });
    this.admin?.answer(this.answers.listener);
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

  propose(text: string, source: string, author: string, reason: string): Promise<Outcome> {
    return this.control.propose({ text, path: this.options.configPath, source, author, reason });
  }

  setCircuit(upstream: string, order: CircuitOrder): Promise<CircuitAnswer> {
    return this.parts.circuits.set(this.view, upstream, order);
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
    this.closing = true;
    this.endPause();
    await this.answering;
    this.parts.file.stop();
    const edits = this.answers?.endEdits();
    await Promise.race([edits, new Promise((resolve) => setTimeout(resolve, EDIT_LIMIT).unref())]);
    await this.crew.stop(limit);
    // Until the last request has ended services come and go at the admin port, and are told what is under way at them.
    this.parts.members.stop();
    await this.parts.keeping.stop();
    // One that waited for a thread that hangs knows by now that the thread is gone.
    await edits;
    await this.answers?.stop();
    await this.admin?.stop();
    await this.parts.state.stop();
  }
}
