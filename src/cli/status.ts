/**
 * `signalbox status`: what runs; of one upstream, its circuit and members.
 *
 * Rule: whatever is not as it should be is a word of its own, and coloured.
 */

import type { Circuit, Status, UpstreamStatus } from '../admin/shapes/status.ts';
import { adminOf } from './admin.ts';
import type { Io, Run } from './command.ts';
import { DONE } from './ends.ts';
import { counted, inLine, json, type Paints, paints, span, table, when } from './print.ts';
import { problemLine } from './refusal.ts';

export const status: Run = async (given, io) => {
  const [upstream] = given.words;
  const admin = adminOf(given, io);
  const path = upstream === undefined ? ['status'] : ['upstreams', upstream, 'status'];
  const { value } = await admin.json<unknown>({ method: 'GET', path });
  if (given.flag('json')) io.out(json(value));
  else if (upstream === undefined)
    io.out(statusText(value as Status, io)); // the answer to this path
  else io.out(upstreamText(value as UpstreamStatus, io)); // likewise
  return DONE;
};

function statusText(status: Status, io: Io): string {
  const now = io.clock.wall();
  const paint = paints(io);
  const { threads, writeBack, audit, members } = status;
  const restarts = threads.restarts === 0 ? '' : `, ${counted(threads.restarts, 'restart')}`;
  const lines: [string, string][] = [
    ['phase', `${status.phase}, process ${status.pid}, started ${when(status.startedAt, now)}`],
    ['version', `signalbox ${status.version} on Node.js ${status.node.replace(/^v/, '')}`],
    ['revision', `${status.revision}${status.since === undefined ? '' : `, since ${when(status.since, now)}`}`],
    ['document', `${counted(status.routes, 'route')}, ${counted(status.upstreams, 'upstream')}`],
    ['threads', `${threads.running} of ${threads.wanted}${restarts}`],
    ['listeners', status.listeners.map(listenerText).join(', ')],
    ['connections', String(status.connections)],
    ['members', `${members.up} of ${members.total} up`],
    ['circuits', circuits(status.circuits, paint)],
    ...reload(status, now, paint),
    ['edits go to', edits(writeBack, paint)],
    ['audit', audited(audit, paint)],
    ['you are', status.you.name === '' ? status.you.role : `${status.you.name} (${status.you.role})`],
  ];
  return lines.map(([name, text]) => `${paint.dim(name.padEnd(12))} ${text}\n`).join('');
}

function edits({ path, writable, detail }: Status['writeBack'], { bad }: Paints): string {
  if (!writable) return bad(`${path}, and cannot: ${detail}`);
  return detail === '' ? path : `${path}; ${detail}`;
}

/** An address of the document has its port, which 0 leaves to the system. */
function listenerText({ id, address, port, zone }: Status['listeners'][number]): string {
  return `${id} ${address.replace(/:\d+$/, '')}:${port} (${zone})`;
}

function circuits({ open, halfOpen, isolated, forced }: Status['circuits'], { bad, odd, good }: Paints): string {
  const said = [
    open.length === 0 ? '' : bad(`open: ${open.join(', ')}`),
    halfOpen.length === 0 ? '' : odd(`half-open: ${halfOpen.join(', ')}`),
    isolated.length === 0 ? '' : odd(`isolated: ${isolated.join(', ')}`),
    forced.length === 0 ? '' : odd(`forced closed: ${forced.join(', ')}`),
  ].filter((part) => part !== '');
  return said.length === 0 ? good('all closed') : said.join('; ');
}

function reload({ lastReload: last }: Status, now: number, { bad }: Paints): [string, string][] {
  if (last === undefined) return [];
  const by = last.author === '' ? '' : ` by ${inLine(last.author)}`;
  const why = last.reason === '' ? '' : `: ${inLine(last.reason)}`;
  const how = last.successful ? 'taken' : bad('refused');
  const first: [string, string] = ['last change', `${how} ${when(last.at, now)}, ${last.source}${by}${why}`];
  return [first, ...last.problems.map((problem): [string, string] => ['', problemLine(problem)])];
}

function audited({ intact, records, detail }: Status['audit'], { bad }: Paints): string {
  const said = `${intact ? 'intact' : bad('not intact')}, ${counted(records, 'record')}`;
  return detail === '' ? said : `${said}; ${detail}`;
}

function upstreamText(upstream: UpstreamStatus, io: Io): string {
  const paint = paints(io);
  const { id, circuit, members, limit, routes, leases } = upstream;
  const most = limit === undefined ? '' : ` of ${limit}`;
  const lines = [
    `${paint.bold(id)}: circuit ${circuitText(circuit, io)}`,
    `${upstream.inFlight}${most} in flight, ${upstream.queued} queued, ${counted(leases, 'lease')}`,
    routes.length === 0 ? 'no route leads here' : `routes: ${routes.join(', ')}`,
  ];
  return `${lines.join('\n')}\n${members.length === 0 ? 'no members\n' : membersTable(members, paint)}`;
}

/** `isolated (broken disk) until in 10m` */
export function circuitText({ state, forced, reason, since, until, failures }: Circuit, io: Io): string {
  const { good, bad, odd } = paints(io);
  const now = io.clock.wall();
  const paint = state === 'closed' && !forced ? good : state === 'open' ? bad : odd;
  const name = paint(forced ? 'forced closed' : state);
  const why = reason === '' || (state === 'closed' && !forced) ? '' : ` (${inLine(reason)})`;
  const age = since === undefined || state === 'closed' ? 0 : now - Date.parse(since);
  const from = age < 1000 ? '' : ` for ${span(age)}`;
  // One whose time is over waits for a request to try the upstream with, however long that takes.
  const due = until !== undefined && now - Date.parse(until) >= 1000;
  const to = until === undefined ? '' : due ? ', the next request tries it' : `, ends ${when(until, now)}`;
  const row = failures === 0 ? '' : `, ${counted(failures, 'failure')} in a row`;
  return `${name}${why}${from}${to}${row}`;
}

const MEMBER_COLUMNS = [
  { title: 'MEMBER' },
  { title: 'STATE' },
  { title: 'FROM' },
  { title: 'WEIGHT', right: true },
  { title: 'GOOD', right: true },
  { title: 'BAD', right: true },
  { title: 'VERSION' },
  { title: 'ZONE' },
  { title: 'INSTANCE' },
] as const;

function membersTable(members: UpstreamStatus['members'], paint: Paints): string {
  const rows = members.map((member) => [
    member.id,
    (member.state === 'up' ? paint.good : paint.bad)(String(member.state)),
    member.from,
    String(member.weight),
    String(member.good),
    String(member.bad),
    member.version ?? '',
    member.zone ?? '',
    member.instance ?? '',
  ]);
  return table(MEMBER_COLUMNS, rows, paint);
}
