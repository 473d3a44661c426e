/**
 * What the admin port of a running router answers, put together from the parts that app.ts started.
 *
 * Rule: loaded after traffic flows. Here the parts of the house meet the shapes of the API; what either does is left to them.
 */

import type { RequestListener } from 'node:http';
import { fileURLToPath } from 'node:url';
import { config } from './admin/config.ts';
import type { HealthSource } from './admin/health.ts';
import { live } from './admin/live.ts';
import { pages } from './admin/pages.ts';
import { parts as documentParts } from './admin/parts.ts';
import { revisions } from './admin/revisions.ts';
import { adminListener } from './admin/server.ts';
import { documentSource, revisionSource } from './admin/sources/document.ts';
import { eventShape, statusShape } from './admin/sources/status.ts';
import { upstreamSource } from './admin/sources/upstreams.ts';
import { type StatusSource, status } from './admin/status.ts';
import { upstreams } from './admin/upstreams.ts';
import type { AppState } from './app-state.ts';
import type { AdminSettings } from './config/document.ts';
import { startCheckThread } from './control/check-start.ts';
import { Checks } from './control/checks.ts';
import type { CircuitAnswer, CircuitOrder } from './control/circuits.ts';
import type { Control } from './control/control.ts';
import { Edits } from './control/edits.ts';
import type { Events } from './control/events.ts';
import { explain } from './control/explain.ts';
import { DryTable } from './control/explain-table.ts';
import type { FromFile } from './control/from-file.ts';
import { Live } from './control/live.ts';
import { scrapeSource } from './control/scrape.ts';
import { askedStanding, circuitStanding, membersStanding, type StandingParts, underWay } from './control/standing.ts';
import type { View } from './control/view.ts';
import { systemAlarms } from './core/alarm.ts';
import type { CallerDigest } from './core/callers.ts';
import type { Clock } from './core/clock.ts';
import type { PlaneLog } from './core/events.ts';
import { LISTENER_BLOCK } from './core/lanes.ts';
import type { BlockLedger } from './core/ledger.ts';
import type { SharedLanes } from './core/shared.ts';
import { buildMetrics } from './telemetry/metrics.ts';
import type { Membership } from './upstream/members.ts';

const { readFileSync } = process.getBuiltinModule('node:fs');

export interface AdminParts {
  readonly configPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly log: PlaneLog;
  readonly lanes: SharedLanes;
  readonly ledger: BlockLedger;
  readonly members: Membership;
  readonly control: Control;
  readonly file: FromFile;
  readonly events: Events;
  readonly state: AppState;
  readonly health: HealthSource;
  readonly ports: ReadonlyMap<string, number>;
  setCircuit(upstream: string, order: CircuitOrder): Promise<CircuitAnswer>;
  /** What data threads counted by caller (control/live.ts). */
  callers(watch: boolean): Promise<readonly CallerDigest[]>;
  droppedLines(): number;
}

export interface AdminAnswers {
  readonly listener: RequestListener;
  /** No more edits; resolves when none is on its way. */
  endEdits(): Promise<void>;
  stop(): Promise<void>;
}

export async function answerAdmin(parts: AdminParts): Promise<AdminAnswers> {
  const { control, clock, log, members, state, configPath, env, file } = parts;
  const view = (): View => control.view;
  const audit = await state.open(view);
  const keeper = await state.keeper((text) => file.expect(text));
  const standing: StandingParts = { ...parts, view };
  const checks = new Checks(systemAlarms, startCheckThread);
  const edits = new Edits({ control, keeper, checks, path: configPath, env });
  const documents = { edits, audit, view, underWay: underWay.bind(undefined, standing) };
  const table = new DryTable(systemAlarms);
  const membersOf = (upstream: string) => members.membersOf(upstream);
  const traffic = new Live({ ...parts, alarms: systemAlarms, view, membersOf });
  const source = documentSource(documents);
  const version = versionOf();
  const settings = (): AdminSettings => {
    const { running } = view();
    if (running === undefined) throw new Error('no document is in force');
    return running.document.admin;
  };
  const listener = await adminListener({
    version,
    metrics: metricsOf(parts, view),
    health: parts.health,
    settings,
    now: () => clock.now(),
    failed: (error, call) => log('error', { err: error.message, stack: error.stack, call }, 'a call of the API failed'),
    plugins: [
      config(source),
      documentParts(source),
      revisions(revisionSource(documents)),
      upstreams(upstreamSource({ leases: members.leases, standing, setCircuit: parts.setCircuit })),
      status(statusOf(parts, { standing, table, version, audit })),
      live(traffic),
      pages(fileURLToPath(new URL('../dist/dashboard/', import.meta.url))),
    ],
  });
  const stop = async () => {
    traffic.stop();
    table.stop();
    await checks.stop();
  };
  return { listener, endEdits: () => edits.end(), stop };
}

function metricsOf(parts: AdminParts, view: () => View) {
  const { members: membership, health, droppedLines, clock, ledger, lanes } = parts;
  const threads = () => health.threads();
  return buildMetrics(scrapeSource({ clock, ledger, lanes, membership, view, threads, droppedLines }));
}

interface Answering {
  readonly standing: StandingParts;
  readonly table: DryTable;
  readonly version: string;
  readonly audit: { state(): { readonly intact: boolean; readonly records: number; readonly detail: string } };
}

function statusOf(parts: AdminParts, { standing, table, version, audit }: Answering): StatusSource {
  const { control, health, clock } = parts;
  const circuit = (upstream: string) => circuitStanding(standing, upstream);
  const membersOf = (upstream: string) => membersStanding(standing, upstream);
  const running = () => control.view.running;
  return {
    status: () =>
      statusShape({
        version,
        startedAt: parts.startedAt,
        view: () => control.view,
        phase: () => health.phase(),
        threads: () => health.threads(),
        connections: () => connectionsOf(parts),
        ports: () => parts.ports,
        writeBack: () => parts.state.writeBack(),
        audit: () => audit.state(),
        circuit,
        members: membersOf,
      }),
    events: () => parts.events.recent().map((told) => ({ number: told.number, event: eventShape(told) })),
    explain: async (request) => {
      const now = running();
      if (now !== undefined) await table.prepare(now, clock);
      const asked = { method: 'GET', ...listenerOf(request.url, parts.ports), ...request };
      const members = (upstream: string) => askedStanding(standing, upstream);
      const told = explain({ table, running, circuit: (upstream) => circuit(upstream) ?? CLOSED, members }, asked);
      if (!('problem' in told)) return { ok: true, explanation: { ...told, ...copied(told) } };
      const { pointer, reason: detail, advice } = told.problem;
      return { ok: false, problem: { pointer, detail, advice } };
    },
  };
}

const CLOSED = { state: 'closed', reason: '', until: undefined } as const;

/** The listener whose port a URL names: whoever pastes what a client asks means that one. */
function listenerOf(url: string, ports: AdminParts['ports']): { listener?: string } {
  const port = /^https?:\/\/[^/?#]*:(\d{1,5})(?:[/?#]|$)/i.exec(url)?.[1];
  const found = [...ports].find(([, bound]) => String(bound) === port);
  return found === undefined ? {} : { listener: found[0] };
}

/** Lists that the API's shapes may change. */
function copied<
  T extends Pick<
    Extract<ReturnType<typeof explain>, { words: unknown }>,
    'upstreams' | 'policies' | 'others' | 'words'
  >,
>(told: T) {
  const { upstreams: sides, policies, others, words } = told;
  return { upstreams: [...sides], policies: [...policies], others: [...others], words: [...words] };
}

function connectionsOf({ control, ledger, lanes }: AdminParts): number {
  let sum = 0;
  for (const id of Object.keys(control.view.running?.document.listeners ?? {})) {
    const block = ledger.blockOf(`listener:${id}`);
    if (block !== undefined) sum += lanes.sum(block, LISTENER_BLOCK.connections);
  }
  return sum;
}

function versionOf(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
