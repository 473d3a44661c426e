/**
 * What upstreams are, in the shapes of the API: standings, circuits and leases as control has them, times as RFC 3339.
 *
 * Rule: one to one; what is not known is left out. Whoever asks for a circuit after an order gets it as it stands by then.
 */

import type { CircuitAnswer, CircuitOrder } from '../../control/circuits.ts';
import {
  type CircuitView,
  circuitStanding,
  type StandingParts,
  standingOf,
  type UpstreamStanding,
} from '../../control/standing.ts';
import { formatDuration } from '../../core/duration.ts';
import type { LeaseView } from '../../upstream/lease.ts';
import type { Leases } from '../../upstream/leases.ts';
import type { Circuit, Lease, UpstreamStatus } from '../shapes/status.ts';
import type { UpstreamSource } from '../upstreams.ts';

export function circuitShape({ since, until, ...rest }: CircuitView): Circuit {
  return { ...rest, ...timeAt('since', since), ...timeAt('until', until) };
}

export function upstreamShape(standing: UpstreamStanding, leases: number): UpstreamStatus {
  const { id, circuit, members, inFlight, queued, limit, routes } = standing;
  return {
    id,
    circuit: circuitShape(circuit),
    members: members.map(({ instance, version, zone, ...member }) => ({
      ...member,
      ...(instance === undefined ? {} : { instance }),
      ...(version === undefined ? {} : { version }),
      ...(zone === undefined ? {} : { zone }),
    })),
    inFlight,
    queued,
    ...(limit === undefined ? {} : { limit }),
    routes: [...routes],
    leases,
  };
}

export function leaseShape(lease: LeaseView): Lease {
  const { ttl, registeredAt, renewedAt, expiresAt, version, zone, ...rest } = lease;
  return {
    ...rest,
    ...(version === undefined ? {} : { version }),
    ...(zone === undefined ? {} : { zone }),
    ttl: formatDuration(ttl),
    registeredAt: timeOf(registeredAt),
    renewedAt: timeOf(renewedAt),
    expiresAt: timeOf(expiresAt),
  };
}

/** Epoch milliseconds as RFC 3339. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function timeAt<K extends string>(key: K, ms: number | undefined): { [P in K]?: string } {
  return (ms === undefined ? {} : { [key]: timeOf(ms) }) as { [P in K]?: string };
}

export interface UpstreamParts {
  readonly leases: Leases;
  readonly standing: StandingParts;
  setCircuit(upstream: string, order: CircuitOrder): Promise<CircuitAnswer>;
}

export function upstreamSource({ leases, standing, setCircuit }: UpstreamParts): UpstreamSource {
  return {
    status: (upstream) => {
      const found = standingOf(standing, upstream);
      return found === undefined ? undefined : upstreamShape(found, leases.size(upstream));
    },
    setCircuit: async (upstream, order) => {
      const answer = await setCircuit(upstream, order);
      if (!answer.ok) return answer;
      // On the wall's clock, as the standing has it.
      const circuit = circuitStanding(standing, upstream);
      return circuit === undefined
        ? { ok: false, reason: `there is no upstream ${upstream}` }
        : { ok: true, circuit: circuitShape(circuit) };
    },
    leases: (upstream) => leases.list(upstream).map(leaseShape),
    register: async (upstream, instance, order, author) => {
      const answer = leases.put(upstream, instance, order, author);
      if (!answer.ok) return answer;
      await answer.told;
      return { ok: true, fresh: answer.fresh, lease: leaseShape(answer.lease) };
    },
    renew: (upstream, instance, author) => leases.goOn(upstream, instance, author),
    deregister: (upstream, instance, wait, author) => leases.remove(upstream, instance, { wait, author }),
  };
}
