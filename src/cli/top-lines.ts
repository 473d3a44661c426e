/**
 * One second of traffic as lines.
 *
 * Rule: pure. A line is plain text with one paint for all of it, so that it can be cut to the width of a screen. Routes
 * stand in the order asked for, upstreams by name; both are cut in the middle of nothing: the screen scrolls.
 */

import type { Flow, LiveFrame, LiveRoute, LiveUpstream } from '../admin/shapes/live.ts';
import { type Column, type Paints, table } from './print.ts';

export const ORDERS = { rate: 'rate', errors: 'errors', p99: 'p99' } as const;
export type Order = keyof typeof ORDERS;

export interface Line {
  readonly text: string;
  readonly paint: keyof Paints | undefined;
}

const FLOW: readonly Column[] = [
  { title: 'RATE/S', right: true },
  { title: 'ERRORS', right: true },
  { title: 'P50 MS', right: true },
  { title: 'P95 MS', right: true },
  { title: 'P99 MS', right: true },
];

const ROUTES: readonly Column[] = [{ title: 'ROUTE' }, ...FLOW, { title: 'CIRCUITS' }];
/** What a narrow screen must show comes first. */
const UPSTREAMS: readonly Column[] = [
  { title: 'UPSTREAM' },
  { title: 'CIRCUIT' },
  { title: 'UP', right: true },
  { title: 'IN FLIGHT', right: true },
  ...FLOW,
  { title: 'QUEUED', right: true },
  { title: 'RETRIES/S', right: true },
];

/** `rate 1203.0/s, errors 0.1%, p50 1.2, p95 3.4, p99 8.9 ms, 12 connections` */
export function totalText({ total, connections }: LiveFrame): string {
  const [rate, errors, p50, p95, p99] = flowCells(total);
  return `rate ${rate}/s, errors ${errors}, p50 ${p50}, p95 ${p95}, p99 ${p99} ms, ${connections} connections`;
}

/** What stands beside a name, as far as a narrow screen must show it: of an upstream, all up to its errors. */
const BESIDE = 45;
const LEAST_NAME = 16;

/** The two tables, without the head of the screen; `columns`: of the screen. One long name must not push all figures off it. */
export function tableLines(frame: LiveFrame, order: Order, columns = Number.POSITIVE_INFINITY): Line[] {
  const name = (id: string) => shortened(id, Math.max(LEAST_NAME, columns - BESIDE));
  const circuits = new Map(frame.upstreams.map(({ id, circuit }) => [id, circuit]));
  const routes = inOrder(frame.routes, order);
  const upstreams = frame.upstreams.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return [
    ...painted(
      ROUTES,
      routes.map((route) => [name(route.id), ...routeCells(route, circuits)]),
      routes.map((route) => routePaint(route, circuits)),
    ),
    { text: '', paint: undefined },
    ...painted(
      UPSTREAMS,
      upstreams.map((upstream) => [name(upstream.id), ...upstreamCells(upstream)]),
      upstreams.map(upstreamPaint),
    ),
  ];
}

/** Its beginning and its end: names that are made by a rule differ in either. */
function shortened(id: string, most: number): string {
  if (id.length <= most) return id;
  const end = Math.floor((most - 1) / 2);
  return `${id.slice(0, most - 1 - end)}…${id.slice(-end)}`;
}

/** For what is no terminal: a line each, that says by itself what it is of. */
export function flatLines(frame: LiveFrame, order: Order): string[] {
  const time = frame.at.slice(11, 19);
  const circuits = new Map(frame.upstreams.map(({ id, circuit }) => [id, circuit]));
  const flow = (of: Flow) => {
    const [rate, errors, p50, p95, p99] = flowCells(of);
    return `rate=${rate} errors=${errors} p50=${p50} p95=${p95} p99=${p99}`;
  };
  return [
    `${time} total ${flow(frame.total)} connections=${frame.connections}`,
    ...inOrder(frame.routes, order).map(
      (one) => `${time} route ${one.id} ${flow(one)} circuits=${circuitsOf(one, circuits)}`,
    ),
    ...frame.upstreams.map(
      (one) =>
        `${time} upstream ${one.id} ${flow(one)} inflight=${one.inFlight} queued=${one.queued} up=${one.up}/${one.members} circuit=${one.circuit}`,
    ),
  ];
}

const WORTH: Readonly<Record<Order, (route: Flow) => number>> = {
  rate: ({ rate }) => rate,
  errors: ({ errorShare, rate }) => errorShare * rate,
  p99: ({ p99 }) => p99 ?? -1,
};

function inOrder(routes: readonly LiveRoute[], order: Order): LiveRoute[] {
  const worth = WORTH[order];
  return routes.toSorted((a, b) => worth(b) - worth(a) || (a.id < b.id ? -1 : 1));
}

function flowCells({ rate, errorShare, p50, p95, p99 }: Flow): string[] {
  return [rate.toFixed(1), `${(errorShare * 100).toFixed(1)}%`, ms(p50), ms(p95), ms(p99)];
}

function ms(value: number | null): string {
  if (value === null) return '-';
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

function routeCells(route: LiveRoute, circuits: ReadonlyMap<string, string>): string[] {
  return [...flowCells(route), circuitsOf(route, circuits)];
}

/** `closed` where all are; else those that are not. */
function circuitsOf({ to }: LiveRoute, circuits: ReadonlyMap<string, string>): string {
  const known = to.flatMap(({ upstream }) => {
    const state = circuits.get(upstream);
    return state === undefined ? [] : [[upstream, state] as const];
  });
  if (known.length === 0) return '-';
  const others = known.filter(([, state]) => state !== 'closed');
  return others.length === 0 ? 'closed' : others.map(([upstream, state]) => `${upstream}:${state}`).join(',');
}

function routePaint(route: LiveRoute, circuits: ReadonlyMap<string, string>): Line['paint'] {
  if (route.errorShare > 0) return 'bad';
  if (route.rate === 0) return 'dim';
  return /^(?:closed|-)$/.test(circuitsOf(route, circuits)) ? undefined : 'odd';
}

function upstreamCells(upstream: LiveUpstream): string[] {
  const { inFlight, queued, retries, up, members, circuit } = upstream;
  const flow = flowCells(upstream);
  return [circuit, `${up}/${members}`, String(inFlight), ...flow, String(queued), retries.toFixed(1)];
}

/** Without members an upstream may wait for its first; once somebody asks, it is down. */
function upstreamPaint({ circuit, up, members, rate, inFlight }: LiveUpstream): Line['paint'] {
  if (circuit === 'open' || (up === 0 && (members > 0 || rate > 0))) return 'bad';
  if (circuit !== 'closed' || up < members) return 'odd';
  return rate === 0 && inFlight === 0 ? 'dim' : undefined;
}

function painted(columns: readonly Column[], rows: readonly string[][], paint: readonly Line['paint'][]): Line[] {
  const [titles, ...lines] = table(columns, rows).trimEnd().split('\n');
  return [{ text: titles, paint: 'dim' }, ...lines.map((text, i) => ({ text, paint: paint[i] }))];
}
