/**
 * A lease: a service says where it serves, and is a member of its upstream for as long as it says so again in time.
 *
 * Rule: what is asked for is read here and nowhere else; what cannot be taken is refused with place, reason and remedy. A
 * lease names an address: whoever registers knows where it listens, and a name would have to be looked up again and again.
 */

import { isIP } from 'node:net';
import { formatDuration } from '../core/duration.ts';
import { readEndpoint } from './endpoint.ts';
import type { Causes } from './joined.ts';
import { type Candidate, idOf } from './roster.ts';

/** Milliseconds. */
export const TTL = { least: 1_000, usual: 30_000, most: 3_600_000 } as const;
const MOST_WEIGHT = 1_000;
const MOST_TEXT = 100;
const ID = /^[A-Za-z0-9._-]{1,128}$/;

/** What a service asks for. */
export interface LeaseOrder {
  readonly url: string;
  readonly weight?: number | undefined;
  readonly version?: string | undefined;
  readonly zone?: string | undefined;
  /** Milliseconds. */
  readonly ttl?: number | undefined;
}

/** A lease as whoever asks is told of it; times are milliseconds since 1970. */
export interface LeaseView {
  readonly upstream: string;
  readonly instance: string;
  readonly url: string;
  readonly weight: number;
  readonly version: string | undefined;
  readonly zone: string | undefined;
  readonly ttl: number;
  /** `draining`: it has ended, and what it was asked before is still under way. */
  readonly state: 'up' | 'draining';
  readonly registeredAt: number;
  readonly renewedAt: number;
  /** When it ends by itself, or ended. */
  readonly expiresAt: number;
  readonly author: string;
}

/** What a lease says, in order. */
export interface LeaseTerms {
  readonly url: string;
  readonly weight: number;
  readonly version: string | undefined;
  readonly zone: string | undefined;
  readonly ttl: number;
  /** The member it makes. */
  readonly member: Candidate;
}

/** A lease as it is kept. */
export interface Lease {
  readonly upstream: string;
  readonly instance: string;
  readonly terms: LeaseTerms;
  author: string;
  readonly registeredAt: number;
  /** Monotonic, and on the wall's clock, where a moment that is worked out anew each time would waver. */
  renewed: number;
  renewedAt: number;
}

/** What is wrong with an order; `pointer` (RFC 6901) says where. */
export interface LeaseFlaw {
  readonly pointer: string;
  readonly reason: string;
  readonly advice: string;
}

/** `told` resolves once all threads have what the lease changes. */
export type PutAnswer =
  | { readonly ok: true; readonly lease: LeaseView; readonly fresh: boolean; readonly told: Promise<void> }
  | ({ readonly ok: false; readonly code: 'not_found' | 'invalid' } & LeaseFlaw);

/** `inFlight`: requests that the instance still serves, on all threads; undefined where a thread did not say in time. */
export interface Removed {
  readonly state: 'gone' | 'draining';
  readonly inFlight: number | undefined;
}

/** A lease as it is kept over a restart; `left`: milliseconds until it ends unless it is renewed. */
export interface StoredLease extends Omit<LeaseTerms, 'member'> {
  readonly upstream: string;
  readonly instance: string;
  readonly author: string;
  /** Milliseconds since 1970. */
  readonly registeredAt: number;
  readonly left: number;
}

/** What is known of the instance behind a member. */
export type LeaseFacts = Pick<LeaseView, 'instance' | 'version' | 'zone'>;

const FORM = 'write `http://10.0.0.7:8080`';

/** Reads an order; what is wrong with it has a `reason`. */
export function readOrder(instance: string, order: LeaseOrder): LeaseTerms | LeaseFlaw {
  const { url, weight = 1, version, zone, ttl = TTL.usual } = order;
  const flaw = instanceFlaw(instance) ?? urlFlaw(url) ?? weightFlaw(weight) ?? ttlFlaw(ttl);
  const wrong = flaw ?? textFlaw('version', version) ?? textFlaw('zone', zone);
  if (wrong !== undefined) return wrong;
  const { host, port, authority } = readEndpoint(url);
  return { url, weight, version, zone, ttl, member: { id: idOf(host, port), host, port, authority, weight } };
}

/** Whether an order says nothing new. */
export function says({ url, weight = 1, version, zone, ttl = TTL.usual }: LeaseOrder, terms: LeaseTerms): boolean {
  const place = url === terms.url && weight === terms.weight;
  return place && version === terms.version && zone === terms.zone && ttl === terms.ttl;
}

export function viewOf({ upstream, instance, terms, author, registeredAt, renewedAt }: Lease): LeaseView {
  const { url, weight, version, zone, ttl } = terms;
  const times = { registeredAt, renewedAt, expiresAt: renewedAt + ttl };
  return { upstream, instance, url, weight, version, zone, ttl, state: 'up', ...times, author };
}

/** What a registration changes in members, by their ids; nothing where it is a matter of time alone. */
export function causesOf(instance: string, terms: LeaseTerms, before: LeaseTerms | undefined, by: string): Causes {
  const { member, version, zone } = terms;
  if (before === undefined) return new Map([[member.id, `${instance} registered${by}`]]);
  const here = member.id === before.member.id && member.weight === before.member.weight;
  if (here && version === before.version && zone === before.zone) return new Map();
  const moved = `${instance} moved${by}`;
  return new Map([before, terms].map((one) => [one.member.id, moved]));
}

function instanceFlaw(instance: string): LeaseFlaw | undefined {
  if (ID.test(instance)) return undefined;
  const advice = 'take letters, digits, `.`, `_` and `-`, at most 128 of them';
  return { pointer: '', reason: 'the instance is no id', advice };
}

function urlFlaw(url: string): LeaseFlaw | undefined {
  const wrong = (reason: string, advice = FORM): LeaseFlaw => ({
    pointer: '/url',
    reason: `\`url\` ${reason}`,
    advice,
  });
  const [, scheme, authority = '', rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is.exec(url) ?? [];
  if (scheme === undefined) return wrong('is no URL');
  if (scheme.toLowerCase() === 'https') return wrong('asks for TLS, which is not supported towards upstreams');
  if (scheme.toLowerCase() !== 'http') return wrong(`has the scheme \`${scheme}\`, which is not supported`);
  if (authority.includes('@')) return wrong('holds user information', 'leave it out; routes can send credentials');
  if (rest !== '' && rest !== '/') return wrong('is more than an origin', `${FORM}, without path and query`);
  const [, written = authority, port] = /^(.*?)(?::(\d*))?$/s.exec(authority) ?? [];
  const host = written.replace(/^\[(.*)\]$/s, '$1');
  if (host.toLowerCase() !== 'localhost' && isIP(host) === 0) {
    const advice = 'register the IP address it listens on; a name belongs into `endpoints` of the upstream';
    return wrong(`names \`${host}\`, which is no IP address`, advice);
  }
  if (host === '0.0.0.0' || /^[0:]+$/.test(host))
    return wrong('is the address of no machine', 'register the address at which the router reaches it');
  if (port === undefined || !(Number(port) >= 1 && Number(port) <= 65_535))
    return wrong('has no valid port', `${FORM}, with a port from 1 to 65535`);
  return URL.canParse(url) ? undefined : wrong('is no URL');
}

function weightFlaw(weight: number): LeaseFlaw | undefined {
  if (Number.isInteger(weight) && weight >= 0 && weight <= MOST_WEIGHT) return undefined;
  const advice = `write a whole number from 0 to ${MOST_WEIGHT}; 0 takes no new requests`;
  return { pointer: '/weight', reason: `\`weight\` ${weight} is not possible`, advice };
}

function ttlFlaw(ttl: number): LeaseFlaw | undefined {
  if (ttl >= TTL.least && ttl <= TTL.most) return undefined;
  const reason = `\`ttl\` ${formatDuration(ttl)} is ${ttl > TTL.most ? 'too long' : 'too short'}`;
  return { pointer: '/ttl', reason, advice: 'write 1s to 1h, and renew three times in it' };
}

function textFlaw(key: 'version' | 'zone', text: string | undefined): LeaseFlaw | undefined {
  if (text === undefined || (text !== '' && text.length <= MOST_TEXT && !/\p{Cc}/u.test(text))) return undefined;
  const advice = `write up to ${MOST_TEXT} characters without control characters, or leave it out`;
  return { pointer: `/${key}`, reason: `\`${key}\` cannot be read`, advice };
}
