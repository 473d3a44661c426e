/**
 * The membership of a process from its real parts: the system's names, sockets, chance and alarms.
 * Tests put a Membership together from parts of their own instead.
 */

import { systemAlarms } from '../core/alarm.ts';
import { systemDraw } from '../core/draw.ts';
import { networkProbe } from './check.ts';
import { eject } from './ejection.ts';
import { dnsClient, SystemLookup } from './lookup.ts';
import { Membership, type MembershipNeeds } from './members.ts';

export type MembersSite = Pick<
  MembershipNeeds,
  'clock' | 'ledger' | 'lanes' | 'threads' | 'drainLimit' | 'tell' | 'log'
> & {
  /** In place of the servers that the system names. */
  readonly dnsServers: readonly string[] | undefined;
  /** In place of /etc/hosts. */
  readonly hostsFile: string | undefined;
};

export function systemMembers({ dnsServers, hostsFile = '/etc/hosts', ...site }: MembersSite): Membership {
  // Other servers know nothing of the system's search list.
  const resolvConf = dnsServers === undefined ? '/etc/resolv.conf' : undefined;
  const lookup = new SystemLookup({ hostsFile, resolvConf, client: dnsClient(dnsServers) });
  const probe = networkProbe(systemAlarms);
  return new Membership({ ...site, lookup, probe, alarms: systemAlarms, draw: systemDraw, eject });
}
