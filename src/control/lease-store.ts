/**
 * Leases in a file of the state folder, so that a restart of the router does not empty its pools.
 *
 * Rule: list-file.ts says how it is read and written, and lease-keeping.ts when.
 */

import type { PlaneLog } from '../core/events.ts';
import type { StoredLease } from '../upstream/lease.ts';
import type { Claimed } from './claim.ts';
import { ListFile } from './list-file.ts';

const { join } = process.getBuiltinModule('node:path');

export function leaseStore(folder: string, log: PlaneLog, claim?: Claimed): ListFile<StoredLease> {
  return new ListFile(join(folder, 'leases.json'), { key: 'leases', name: 'leases', isEntry: isStored }, log, claim);
}

const TEXTS = ['upstream', 'instance', 'url', 'author'] as const;
const NUMBERS = ['weight', 'ttl', 'registeredAt', 'left'] as const;
const OPTIONAL = ['version', 'zone'] as const;

/** The furthest time that a Date can say: whoever lists leases is told when they were registered. */
const LATEST = 8.64e15;

function isStored(value: unknown): value is StoredLease {
  if (typeof value !== 'object' || value === null) return false;
  const of = value as Readonly<Record<string, unknown>>;
  const texts = TEXTS.every((key) => typeof of[key] === 'string');
  const numbers = NUMBERS.every((key) => Number.isFinite(of[key]));
  const { registeredAt } = of;
  const isTime = typeof registeredAt === 'number' && registeredAt >= 0 && registeredAt <= LATEST;
  return texts && numbers && isTime && OPTIONAL.every((key) => of[key] === undefined || typeof of[key] === 'string');
}
