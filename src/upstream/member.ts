/**
 * A member of an upstream and its pool of idle connections.
 *
 * Rule: the connection used last is lent first, so that a pool shrinks to what is needed; an idle one is dropped before
 * the origin would drop it. The pool belongs to the member and outlives tables.
 */

import type { Clock } from '../core/clock.ts';
import type { PlaneLog } from '../core/events.ts';
import type { Timers } from '../core/timers.ts';
import { HttpLink, type LinkHome } from './link.ts';
import type { Link, LinkSink, Member } from './upstream.ts';

export class PooledMember implements Member, LinkHome {
  readonly id: string;
  readonly authority: string;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly timers: Timers;
  inFlight = 0;
  readonly probing = false;

  private readonly idle: HttpLink[] = [];
  private readonly links = new Set<HttpLink>();
  private readonly log: PlaneLog | undefined;
  private retired = false;

  constructor(endpoint: string, clock: Clock, timers: Timers, log?: PlaneLog) {
    const url = new URL(endpoint);
    this.id = endpoint;
    this.authority = url.host;
    this.host = url.hostname.replace(/^\[|\]$/g, '');
    this.port = url.port === '' ? 80 : Number(url.port);
    this.clock = clock;
    this.timers = timers;
    this.log = log;
  }

  link(sink: LinkSink, connectTimeout: number, fresh: boolean, now: number): Link {
    if (!fresh) {
      for (let link = this.idle.pop(); link !== undefined; link = this.idle.pop()) {
        if (link.idleUntil > now) {
          link.take(sink);
          return link;
        }
        link.destroy();
      }
    }
    const link = new HttpLink(this, sink, connectTimeout, now);
    this.links.add(link);
    return link;
  }

  keep(link: HttpLink): void {
    if (this.retired) link.destroy();
    else this.idle.push(link);
  }

  forget(link: HttpLink): void {
    this.links.delete(link);
    const at = this.idle.lastIndexOf(link);
    if (at !== -1) this.idle.splice(at, 1);
  }

  odd(where: string): void {
    this.log?.(
      'warn',
      { member: this.id, where },
      'an origin sent bytes that belong to no reply; its connection closes',
    );
  }

  judge(_failed: boolean, _now: number): void {}

  forgive(_now: number): void {}

  /** Open connections, idle ones too. */
  get connections(): number {
    return this.links.size;
  }

  /** No new links to keep: idle ones close now, busy ones when their exchange ends. */
  retire(): void {
    this.retired = true;
    for (const link of [...this.idle]) link.destroy();
  }

  /** Back from retirement: a document named it again. */
  revive(): void {
    this.retired = false;
  }

  /** Closes everything at once. */
  stop(): void {
    this.retired = true;
    for (const link of [...this.links]) link.destroy();
  }
}
