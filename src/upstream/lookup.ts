/**
 * From a name to the addresses behind it: /etc/hosts, DNS addresses of both families, service records (RFC 2782).
 *
 * Rule: an answer is a value, a failure too. What one part of an answer fails over (one family of addresses, one target of
 * a service) does not take that part away: its last good answer stands in. When to ask again is for resolver.ts.
 */

import { HostsFile, SearchList } from './system-files.ts';

/** Where a name leads. */
export interface Place {
  readonly host: string;
  /** 0 where the endpoint says it. */
  readonly port: number;
  /** 1 where a service record does not say another. */
  readonly weight: number;
}

export interface Wanted {
  readonly is: 'name' | 'service';
  readonly host: string;
}

/** How a lookup ended, for counting. */
export const LOOKUP_RESULTS = ['ok', 'not_found', 'timeout', 'failed'] as const;
export type LookupResult = (typeof LOOKUP_RESULTS)[number];

export type Found =
  | { readonly ok: true; readonly places: readonly Place[]; readonly ttl: number }
  | { readonly ok: false; readonly result: Exclude<LookupResult, 'ok'>; readonly error: string };

/** What earlier answers said, by name asked for; whoever asks keeps it. */
export type Memory = Map<string, { four: readonly string[]; six: readonly string[]; asked: string }>;

export interface Lookup {
  /** Never rejects. */
  ask(wanted: Wanted, memory: Memory): Promise<Found>;
  stop(): void;
}

/** What lookups take of node:dns. */
export interface DnsClient {
  resolve4(name: string, options: { ttl: true }): Promise<{ address: string; ttl: number }[]>;
  resolve6(name: string, options: { ttl: true }): Promise<{ address: string; ttl: number }[]>;
  resolveSrv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
  cancel(): void;
}

export interface LookupNeeds {
  readonly hostsFile: string;
  /** Where the search list stands; undefined: there is none. */
  readonly resolvConf: string | undefined;
  /** A client with the servers that the system names now, or with others. */
  readonly client: () => DnsClient;
}

/** How long an answer of /etc/hosts, or of a service record (whose TTL Node.js does not tell), is believed. */
const HOSTS_TTL = 5_000;
const SERVICE_TTL = 30_000;

/** One question waits so long for one server, and is sent so often. */
const DNS_TIMEOUT = 1_000;
const DNS_TRIES = 2;

/** Client of the system's servers, or of these (`127.0.0.1:5353`). */
export function dnsClient(servers: readonly string[] | undefined): () => DnsClient {
  return () => {
    const { Resolver } = process.getBuiltinModule('node:dns').promises;
    const client = new Resolver({ timeout: DNS_TIMEOUT, tries: DNS_TRIES });
    if (servers !== undefined) client.setServers(servers);
    return client;
  };
}

/** One family of addresses: an answer (empty where there are none), or why there is no answer. */
type Family =
  | { readonly ok: true; readonly addresses: readonly string[]; readonly ttl: number; readonly none: string }
  | { readonly ok: false; readonly code: string };

export class SystemLookup implements Lookup {
  private readonly needs: LookupNeeds;
  private readonly hosts: HostsFile;
  private readonly search: SearchList | undefined;
  private client: DnsClient | undefined = undefined;

  constructor(needs: LookupNeeds) {
    this.needs = needs;
    this.hosts = new HostsFile(needs.hostsFile);
    this.search = needs.resolvConf === undefined ? undefined : new SearchList(needs.resolvConf);
  }

  async ask({ is, host }: Wanted, memory: Memory): Promise<Found> {
    const client = this.client ?? this.needs.client();
    this.client = client;
    const found = is === 'service' ? await this.service(client, host, memory) : await this.name(client, host, memory);
    // The next one reads the system's servers anew: they may have changed under a process that runs for months.
    if (!found.ok && found.result !== 'not_found' && this.client === client) this.client = undefined;
    return found;
  }

  stop(): void {
    this.client?.cancel();
  }

  private async name(client: DnsClient, host: string, memory: Memory): Promise<Found> {
    const own = this.hosts.addresses(host);
    if (own.length > 0) return { ok: true, places: own.map(placeOf), ttl: HOSTS_TTL };
    const known = memory.get(host);
    const candidates = this.search?.candidates(host) ?? [host];
    let found: Found = failure('ENOTFOUND');
    // The one that answered last first: with a search list of four domains that is one question instead of eight.
    for (const asked of new Set(known === undefined ? candidates : [known.asked, ...candidates])) {
      found = await addressesOf(client, host, asked, memory);
      if (found.ok || found.result !== 'not_found') return found;
    }
    return found;
  }

  /** The targets with the lowest priority of which any has an address. */
  private async service(client: DnsClient, host: string, memory: Memory): Promise<Found> {
    let records: Awaited<ReturnType<DnsClient['resolveSrv']>>;
    try {
      records = await client.resolveSrv(host);
    } catch (error) {
      return failure(codeOf(error));
    }
    // A single target of `.` says that the service is not to be had.
    const targets = records.filter(({ name }) => name !== '' && name !== '.');
    const named = new Set(targets.map(({ name }) => name));
    for (const name of memory.keys()) if (!named.has(name)) memory.delete(name);
    let found: Found = failure('ENODATA');
    for (const priority of [...new Set(targets.map((target) => target.priority))].sort((a, b) => a - b)) {
      const group = targets.filter((target) => target.priority === priority);
      const answers = await Promise.all(group.map(({ name }) => this.target(client, name, memory)));
      const places: Place[] = [];
      let ttl = SERVICE_TTL;
      for (const [i, answer] of answers.entries()) {
        if (!answer.ok) {
          found = answer;
          continue;
        }
        ttl = Math.min(ttl, answer.ttl);
        // RFC 2782 gives a weight of 0 a very small share, not none.
        for (const place of answer.places)
          places.push({ ...place, port: group[i].port, weight: Math.max(1, group[i].weight) });
      }
      if (places.length > 0) return { ok: true, places, ttl };
    }
    return found;
  }

  /** A target that cannot be looked up now stays where it was: its service still names it. */
  private async target(client: DnsClient, name: string, memory: Memory): Promise<Found> {
    const found = await this.name(client, name, memory);
    const known = memory.get(name);
    if (found.ok || known === undefined) return found;
    return { ok: true, places: [...known.four, ...known.six].map(placeOf), ttl: HOSTS_TTL };
  }
}

async function addressesOf(client: DnsClient, host: string, asked: string, memory: Memory): Promise<Found> {
  const [four, six] = await Promise.all([
    family(client.resolve4(asked, { ttl: true })),
    family(client.resolve6(asked, { ttl: true })),
  ]);
  const fresh = [four, six].flatMap((one) => (one.ok && one.addresses.length > 0 ? [one] : []));
  if (fresh.length === 0) {
    if (!four.ok) return failure(four.code);
    return failure(six.ok ? four.none || six.none : six.code);
  }
  const known = memory.get(host);
  const now = {
    four: four.ok ? four.addresses : (known?.four ?? []),
    six: six.ok ? six.addresses : (known?.six ?? []),
    asked,
  };
  memory.set(host, now);
  const ttl = Math.min(...fresh.map((one) => one.ttl));
  return { ok: true, places: [...now.four, ...now.six].map(placeOf), ttl };
}

async function family(question: Promise<{ address: string; ttl: number }[]>): Promise<Family> {
  try {
    const records = await question;
    const ttl = Math.min(...records.map((record) => record.ttl)) * 1000;
    return { ok: true, addresses: records.map(({ address }) => address).sort(), ttl, none: 'ENODATA' };
  } catch (error) {
    const code = codeOf(error);
    const none = code === 'ENOTFOUND' || code === 'ENODATA';
    return none ? { ok: true, addresses: [], ttl: 0, none: code } : { ok: false, code };
  }
}

function placeOf(host: string): Place {
  return { host, port: 0, weight: 1 };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

const IN_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name',
  ENODATA: 'the name has no address',
  ETIMEOUT: 'no server answered in time',
  ESERVFAIL: 'the server failed',
  EREFUSED: 'the server refused',
  ECONNREFUSED: 'no server listens',
};

function failure(code: string): Found {
  const missing = code === 'ENOTFOUND' || code === 'ENODATA';
  const result = missing ? 'not_found' : code === 'ETIMEOUT' ? 'timeout' : 'failed';
  return { ok: false, result, error: `${IN_WORDS[code] ?? 'the lookup failed'} (${code})` };
}
