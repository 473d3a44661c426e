/**
 * Who is asking, and may he: tokens with roles, and what a browser must not be made to do.
 *
 * Rule: a token is compared by its SHA-256 in constant time with every one that there is, so that time tells nothing. Without
 * any token everybody is admin, which the document allows on loopback alone. A Host that is not ours is refused, or a page
 * elsewhere could have its own name lead here (DNS rebinding); and so is a request that a page of another origin makes. The
 * author of a change is who the token says; only where there are no tokens a client names himself.
 */

import type { FastifyRequest } from 'fastify';
import type { AdminRole, AdminSettings } from '../config/document.ts';
import { Refused } from './problem.ts';

const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto');
const { isIP } = process.getBuiltinModule('node:net');

/** What a call asks of whoever makes it; `open`: nothing. */
export type Need = AdminRole | 'open';

export interface Caller {
  readonly name: string;
  readonly role: AdminRole;
}

const RANK: Readonly<Record<AdminRole, number>> = { viewer: 1, operator: 2, admin: 3 };
/** Where no token was given, and none is needed. */
const NOBODY: Caller = { name: '', role: 'admin' };

declare module 'fastify' {
  interface FastifyContextConfig {
    need?: Need;
    /** A part of the document that is the body or the answer: `routes`, ..., `document`. */
    body?: string;
    answer?: string;
    /** A JSON body comes as a text (bodies.ts). */
    unread?: boolean;
    /** Bytes of a body that is no part of the document. */
    most?: number;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

interface Known extends Caller {
  readonly hash: Buffer;
}

/** The tokens of one document, ready to compare. */
export class Access {
  private readonly settings: AdminSettings;
  private readonly known: readonly Known[];

  constructor(settings: AdminSettings) {
    this.settings = settings;
    const own = settings.token === '' ? [] : [{ name: 'admin', role: 'admin' as const, hash: hashOf(settings.token) }];
    const named = Object.entries(settings.tokens).map(([name, { role, sha256 }]) => {
      return { name, role, hash: Buffer.from(sha256, 'hex') };
    });
    this.known = [...own, ...named];
  }

  get asked(): boolean {
    return this.known.length > 0;
  }

  /** The one whose token this is. Every known token is compared, whether or not one matched already. */
  whose(token: string): Caller | undefined {
    const hash = hashOf(token);
    let found: Known | undefined;
    for (const known of this.known) if (timingSafeEqual(known.hash, hash)) found = known;
    return found === undefined ? undefined : { name: found.name, role: found.role };
  }

  /** Whether a Host or Origin names this port: an address, localhost, the host of `admin.address`, or one of `admin.hosts`. */
  isOurs(authority: string): boolean {
    const host = hostOf(authority);
    if (host === undefined) return false;
    if (isIP(host) !== 0 || host === 'localhost' || host.endsWith('.localhost')) return true;
    return host === hostOf(this.settings.address) || this.settings.hosts.includes(host);
  }
}

/** Refuses a request that must not be answered, whoever asks. */
export function guard(request: FastifyRequest, access: Access): void {
  const { host, origin, 'sec-fetch-site': site } = request.headers;
  checkHosts(request.raw);
  if (host !== undefined && !access.isOurs(host)) {
    const advice = 'ask by address, or name it under `admin.hosts`';
    throw new Refused(421, 'unknown_host', `the Host ${quoted(host)} is not this router's; ${advice}`);
  }
  const elsewhere = origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
  if (elsewhere || (site === 'cross-site' && !isLink(request))) {
    throw new Refused(403, 'cross_site', `a page of ${quoted(origin ?? 'another site')} may not ask this router`);
  }
}

/** One Host, without which only HTTP/1.0 may ask: no browser speaks that (RFC 9112, 3.2). */
function checkHosts({ rawHeaders, httpVersion }: FastifyRequest['raw']): void {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return;
  throw new Refused(400, 'bad_request', `the request has ${hosts === 0 ? 'no' : 'more than one'} Host; send one`);
}

/** Somebody follows a link to the dashboard, from a chat or a wiki: the page that has the link is not told what comes. */
function isLink({ headers, method, routeOptions }: FastifyRequest): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && method === 'GET' && routeOptions.config?.need === 'open';
}

/** The caller of a request, where he may make this call; throws where not. */
export function callerOf(request: FastifyRequest, access: Access, need: Need): Caller {
  if (!access.asked) return nobodyFrom(request, need);
  const [, token] = /^bearer +(.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const caller = token === undefined ? undefined : access.whose(token);
  if (need === 'open') return caller ?? { name: '', role: 'viewer' };
  if (caller === undefined) {
    const wrong = request.headers.authorization === undefined ? 'no token was sent' : 'the token is not known';
    throw new Refused(401, 'unauthorized', `${wrong}; send \`Authorization: Bearer TOKEN\` with one of the document's`);
  }
  if (RANK[caller.role] < RANK[need]) {
    throw new Refused(403, 'forbidden', `${caller.name} has the role ${caller.role}, and this call needs ${need}`);
  }
  return caller;
}

/**
 * Without tokens, to be on this machine is the whole proof. What a proxy passes on comes from this machine too, whoever asked
 * the proxy: a route of this router that leads to its own admin port is one.
 */
function nobodyFrom(request: FastifyRequest, need: Need): Caller {
  const relayed = RELAYED.find((name) => request.headers[name] !== undefined);
  if (need === 'open' || relayed === undefined) return { ...NOBODY, name: authorOf(request) };
  const detail = `a proxy passed this on (it has the header ${relayed}), and without a token the router cannot know for whom`;
  throw new Refused(403, 'forbidden', `${detail}; set \`admin.token\`, or ask the admin port directly`);
}

/** What proxies say of who asked them; this router's own among them. */
const RELAYED = ['forwarded', 'x-forwarded-for', 'via', 'x-real-ip'] as const;

/** What a client calls himself, cut to what a log line and a table can show. */
function authorOf(request: FastifyRequest): string {
  return plain(request.headers['x-author']);
}

/** A header as plain text: at most 200 visible characters. */
export function plain(value: string | readonly string[] | undefined): string {
  const text = typeof value === 'string' ? value : (value?.[0] ?? '');
  // Node.js hands headers over as latin1; who writes UTF-8 means it.
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return (decoded.includes('\ufffd') ? text : decoded)
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .trim()
    .slice(0, 200);
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Lower case, without port and brackets; undefined where it is no authority. */
function hostOf(authority: string): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/@\s]+))(?::\d+)?$/.exec(authority);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
