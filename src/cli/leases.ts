/**
 * `signalbox get leases UPSTREAM`: who registered there, and until when.
 *
 * Rule: times are told from now, because what counts of a lease is how long it still holds.
 */

import type { Lease } from '../admin/shapes/status.ts';
import { adminOf } from './admin.ts';
import type { Io } from './command.ts';
import { DONE } from './ends.ts';
import type { Given } from './given.ts';
import { json, paints, table, when } from './print.ts';

const COLUMNS = [
  { title: 'INSTANCE' },
  { title: 'URL' },
  { title: 'STATE' },
  { title: 'WEIGHT', right: true },
  { title: 'VERSION' },
  { title: 'ZONE' },
  { title: 'TTL', right: true },
  { title: 'RENEWED' },
  { title: 'EXPIRES' },
  { title: 'BY' },
] as const;

export async function printLeases(upstream: string, given: Given, io: Io): Promise<number> {
  const page = await adminOf(given, io).list<Lease>(
    ['upstreams', upstream, 'leases'],
    given.whole('limit', 1, 1_000_000),
  );
  if (given.flag('json')) io.out(json(page));
  else if (page.items.length === 0) io.out(`nobody is registered at ${upstream}\n`);
  else io.out(leasesTable(page.items, io));
  return DONE;
}

function leasesTable(leases: readonly Lease[], io: Io): string {
  const paint = paints(io);
  const now = io.clock.wall();
  const rows = leases.map((lease) => [
    lease.instance,
    lease.url,
    lease.state === 'up' ? paint.good(lease.state) : paint.odd(lease.state),
    String(lease.weight),
    lease.version ?? '',
    lease.zone ?? '',
    lease.ttl,
    when(lease.renewedAt, now),
    when(lease.expiresAt, now),
    lease.author,
  ]);
  return table(COLUMNS, rows, paint);
}
