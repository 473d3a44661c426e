/**
 * `signalbox register`: an instance becomes a member of an upstream, for as long as its lease is renewed.
 *
 * Rule: the first registration must succeed; from then on, with --keep, nothing but a signal ends it: a router that is
 * away comes back and must find us again. A signal deregisters, and waits until the requests under way are done.
 */

import type { Deregistered, Lease, LeaseOrder } from '../admin/shapes/status.ts';
import { parseDuration } from '../core/duration.ts';
import { type Admin, adminOf } from './admin.ts';
import type { Io, Run } from './command.ts';
import { CommandEnd, DONE, WRONG } from './ends.ts';
import type { Given } from './given.ts';
import { pause, untilTold } from './pause.ts';
import { counted, json, when } from './print.ts';

/** A lease survives two renewals that fail. */
const RENEWALS = 3;
const AGAIN = 1000;
const WAIT = '10s';
const WAIT_MS = 10_000;

export const register: Run = async (given, io) => {
  const [upstream, written] = given.words;
  const url = urlOf(written);
  const instance = given.text('instance') ?? instanceOf(url);
  const admin = adminOf(given, io);
  const place: Place = {
    path: ['upstreams', upstream, 'leases', instance],
    order: orderOf(url, given),
  };
  const { value, status } = await lease(admin, place);
  io.out(given.flag('json') ? json(value) : said(value, status === 201, io));
  return given.flag('keep') ? keep(admin, place, value, io) : DONE;
};

interface Place {
  readonly path: readonly string[];
  readonly order: LeaseOrder;
}

function lease(admin: Admin, { path, order }: Place) {
  return admin.json<Lease>({ method: 'PUT', path, json: order });
}

function orderOf(url: string, given: Given): LeaseOrder {
  const weight = given.whole('weight', 0, 1000);
  const version = given.text('version');
  const zone = given.text('zone');
  const ttl = given.duration('ttl');
  return {
    url,
    ...(weight === undefined ? {} : { weight }),
    ...(version === undefined ? {} : { version }),
    ...(zone === undefined ? {} : { zone }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}

/** `host:port` is enough. */
export function urlOf(text: string): string {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.parse(full);
  if (url === null) throw new CommandEnd(WRONG, `${text} is no URL; write http://HOST:PORT`);
  if (url.pathname !== '/') return url.href;
  // The usual port of a scheme is left out of an origin; a lease has to name it.
  const usual = url.port === '' ? /:(\d+)\/?$/.exec(full)?.[1] : undefined;
  return usual === undefined ? url.origin : `${url.origin}:${Number(usual)}`;
}

/** `http://10.0.0.7:8080` -> `10.0.0.7-8080`: the same at every start, so that a restart renews. */
function instanceOf(url: string): string {
  const { host, origin } = new URL(url);
  const port = url.startsWith(`${origin}:`) ? url.slice(origin.length) : '';
  return `${host}${port}`.replaceAll(/[^A-Za-z0-9._]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
}

function said({ upstream, instance, url, expiresAt }: Lease, anew: boolean, io: Io): string {
  return `${url} is ${anew ? 'registered' : 'renewed'} at ${upstream} as ${instance}, expires ${when(expiresAt, io.clock.wall())}\n`;
}

async function keep(admin: Admin, place: Place, first: Lease, io: Io): Promise<number> {
  io.outliveReader();
  await untilTold(io, (signal) => renew(admin, place, first, io, signal));
  const call = {
    method: 'DELETE',
    path: place.path,
    query: { wait: WAIT },
    longer: WAIT_MS,
  } as const;
  const { value } = await admin.json<Deregistered>(call);
  io.err(`${deregisteredText(value)}\n`);
  return DONE;
}

async function renew(admin: Admin, place: Place, first: Lease, io: Io, signal: AbortSignal): Promise<void> {
  let rest = restOf(first);
  let away = false;
  for (;;) {
    await pause(io, rest, signal);
    if (signal.aborted) return;
    try {
      const { value, status } = await lease(admin, place);
      if (status === 201) io.err(`the lease had run out; ${value.url} is registered anew\n`);
      else if (away) io.err('the router is back; the lease is renewed\n');
      away = false;
      rest = restOf(value);
    } catch (error) {
      if (!(error instanceof CommandEnd)) throw error;
      if (!away) io.err(`the lease is not renewed: ${error.message}\ntrying again\n`);
      away = true;
      rest = Math.min(rest, AGAIN);
    }
  }
}

function restOf({ ttl }: Lease): number {
  const read = parseDuration(ttl);
  return Math.max(AGAIN / 10, (read.ok ? read.value : AGAIN) / RENEWALS);
}

export function deregisteredText({ upstream, instance, state, inFlight }: Deregistered): string {
  const served = inFlight === undefined ? 'requests that could not be counted yet' : counted(inFlight, 'request');
  const rest = inFlight === 0 ? '' : `, and still serves ${served}`;
  return `${instance} is ${state === 'gone' ? 'gone from' : 'draining at'} ${upstream}${rest}`;
}
