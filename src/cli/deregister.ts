/**
 * `signalbox deregister`: an instance takes no new requests, and is gone when those under way are done.
 *
 * Rule: whoever knows only the URL is understood too; where that is not one instance, nothing is done.
 */

import type { Deregistered, Lease } from '../admin/shapes/status.ts';
import { type Admin, adminOf } from './admin.ts';
import type { Run } from './command.ts';
import { CommandEnd, DONE, FAILED } from './ends.ts';
import { json } from './print.ts';
import { deregisteredText, urlOf } from './register.ts';

export const deregister: Run = async (given, io) => {
  const [upstream, which] = given.words;
  const wait = given.duration('wait');
  const longer = given.milliseconds('wait') ?? 0;
  const admin = adminOf(given, io);
  const instance = /[:/]/.test(which) ? await instanceAt(admin, upstream, urlOf(which)) : which;
  const path = ['upstreams', upstream, 'leases', instance];
  const { value } = await admin.json<Deregistered>({ method: 'DELETE', path, query: { wait }, longer });
  io.out(given.flag('json') ? json(value) : `${deregisteredText(value)}\n`);
  return DONE;
};

/** An instance's name holds no colon and no slash, so whatever does is a URL. */
async function instanceAt(admin: Admin, upstream: string, url: string): Promise<string> {
  const { items } = await admin.list<Lease>(['upstreams', upstream, 'leases']);
  const there = items.filter((lease) => URL.parse(lease.url)?.href === URL.parse(url)?.href);
  if (there.length === 1) return there[0].instance;
  const advice =
    there.length === 0
      ? `signalbox get leases ${upstream} lists those that are`
      : `name one of its instances: ${there.map(({ instance }) => instance).join(', ')}`;
  const said = there.length === 0 ? 'is not registered' : `is registered ${there.length} times`;
  throw new CommandEnd(FAILED, `${url} ${said} at ${upstream}; ${advice}`);
}
