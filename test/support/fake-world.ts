/**
 * The small world behind the fake admin server: a shop with a canary that fails, an upstream that is open, leases.
 *
 * Rule: everything moves by a seed, so that two runs show the same; the clock is that of the machine, because a browser
 * looks on.
 */

import type { Revision } from '../../src/admin/shapes/change.ts';
import type { LiveFrame } from '../../src/admin/shapes/live.ts';
import type {
  Circuit,
  CircuitOrder,
  EventItem,
  Explanation,
  Lease,
  Member,
  Status,
  UpstreamStatus,
} from '../../src/admin/shapes/status.ts';

type Written = Readonly<Record<string, unknown>>;

interface Stream {
  readonly caller: string;
  readonly route: string;
  readonly rate: number;
}

const STREAMS: readonly Stream[] = [
  { caller: 'web', route: 'cart', rate: 212 },
  { caller: 'web', route: 'checkout', rate: 38 },
  { caller: 'web', route: 'search', rate: 118 },
  { caller: 'mobile', route: 'cart', rate: 96 },
  { caller: 'mobile', route: 'game', rate: 54 },
  { caller: 'mobile', route: 'search', rate: 71 },
  { caller: 'checkout', route: 'payments', rate: 31 },
  { caller: 'checkout', route: 'tax', rate: 35 },
  { caller: 'cart', route: 'tax', rate: 140 },
  { caller: 'partner-feed', route: 'orders', rate: 4.2 },
  { caller: '_unknown', route: 'basket', rate: 1.3 },
  { caller: '_unknown', route: '_none', rate: 0.6 },
];

const ROUTES: Readonly<Record<string, unknown>> = {
  cart: { match: { path: '/cart' }, split: { cart: 80, 'cart-v2': 20 }, sticky: { header: 'x-user-id' } },
  checkout: {
    match: { host: 'shop.example', path: '/checkout', methods: ['GET', 'POST'] },
    split: { checkout: 90, 'checkout-v2': 10 },
  },
  search: { match: { path: '/search' }, upstream: 'search' },
  tax: { match: { host: 'tax.internal' }, upstream: 'tax' },
  orders: { match: { path: '/orders', methods: ['GET', 'POST'] }, upstream: 'orders' },
  payments: { match: { host: 'payments.internal', path: '/v2' }, upstream: 'payments' },
  game: {
    match: { path: '/game' },
    versions: {
      from: [{ header: 'x-client-version' }],
      serve: [
        { range: '>=2.0.0', split: { 'game-white': 100, 'game-red': 0 } },
        { range: '>=1.4.0 <2.0.0', upstream: 'game-red' },
      ],
      missing: 'game-red',
    },
  },
  basket: { match: { path: '/basket' }, redirect: { replacePrefix: '/cart', status: 308 } },
};

const SHARES: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  cart: [
    ['cart', 0.8],
    ['cart-v2', 0.2],
  ],
  checkout: [
    ['checkout', 0.9],
    ['checkout-v2', 0.1],
  ],
  search: [['search', 1]],
  tax: [['tax', 1]],
  orders: [['orders', 1]],
  payments: [['payments', 1]],
  game: [
    ['game-white', 0.7],
    ['game-red', 0.3],
  ],
  basket: [['', 1]],
  _none: [['', 1]],
};

/** Upstream -> milliseconds at the median, and share of errors. */
const UPSTREAMS: Readonly<Record<string, readonly [number, number]>> = {
  cart: [6, 0.0004],
  'cart-v2': [5, 0.0006],
  checkout: [22, 0.002],
  'checkout-v2': [31, 0.021],
  search: [48, 0.001],
  tax: [2, 0],
  orders: [14, 0],
  payments: [85, 0.003],
  'game-red': [9, 0],
  'game-white': [8, 0],
  archive: [0, 0],
};

function flowOf(rate: number, errorShare: number, median: number, wave: number) {
  const none = rate === 0;
  const p50 = none ? null : Math.round(median * wave * 100) / 100;
  const times = (factor: number): number | null => (p50 === null ? null : Math.round(p50 * factor * 100) / 100);
  return { rate: Math.round(rate * 10) / 10, errorShare: none ? 0 : errorShare, p50, p95: times(2.6), p99: times(4.9) };
}

export class FakeWorld {
  routes: Readonly<Record<string, unknown>>;
  revision: string;
  readonly revisions: Revision[] = [];
  readonly events: EventItem[] = [];
  /** Whether anything is wrong; a calm world is one where all is well. */
  calm = false;
  refused = false;
  private seed = 7;
  private tick = 0;
  private readonly startedAt = Date.now() - 8_000_000;
  private readonly circuits = new Map<string, Circuit>();
  private readonly documents = new Map<string, Readonly<Record<string, unknown>>>();
  private readonly leases: Lease[] = [];

  constructor(idle: number) {
    const quiet = Array.from({ length: idle }, (_, i) => [`report-${String(i + 1).padStart(2, '0')}`, QUIET_ROUTE]);
    this.routes = { ...ROUTES, ...Object.fromEntries(quiet) };
    this.revision = this.hash(this.routes);
    this.remember(2_000_000, { words: ['the first document'], reason: '', source: 'start', author: '' });
    const first = {
      ...this.routes,
      checkout: { ...(ROUTES.checkout as Written), split: { checkout: 100, 'checkout-v2': 0 } },
    };
    this.apply(first, {
      words: ['all of checkout goes to checkout', 'route checkout changed'],
      reason: 'canary looked ill',
      author: 'grace',
      at: 900_000,
    });
    this.refuse();
    this.refused = false;
    this.apply(
      { ...this.routes, checkout: ROUTES.checkout },
      {
        words: ['10% of checkout goes to checkout-v2', 'route checkout changed'],
        reason: 'second try of the canary, fix deployed',
        author: 'ada',
        at: 240_000,
      },
    );
    for (const instance of ['tax-7f9c', 'tax-b21d']) this.leases.push(this.lease(instance));
    this.happen(310_000, {
      is: 'member',
      upstream: 'search',
      member: 'http://10.0.3.12:7001',
      state: 'unhealthy',
      text: 'member http://10.0.3.12:7001 is unhealthy: 3 checks in a row timed out',
    });
    this.happen(41_000, {
      is: 'circuit',
      upstream: 'payments',
      state: 'open',
      cause: 'failures',
      text: 'circuit opened after 10 failures in a row (504); the next try is in 60 s',
    });
  }

  has(id: string): boolean {
    return id in UPSTREAMS;
  }

  hash(document: unknown): string {
    let value = 17;
    for (const char of JSON.stringify(document)) value = (value * 31 + char.charCodeAt(0)) % 0xffffffff;
    return `${value.toString(16).padStart(8, '0')}c41e88f2a7d09b36`;
  }

  apply(
    next: Readonly<Record<string, unknown>>,
    { words, reason, author = 'ada', at = 0 }: { words: string[]; reason: string; author?: string; at?: number },
  ): string {
    const parent = this.revision;
    const patch = Object.keys(next).filter((id) => JSON.stringify(next[id]) !== JSON.stringify(this.routes[id]));
    this.routes = next;
    this.revision = this.hash(next);
    const operations = patch.map((id) => ({ op: 'replace' as const, path: `/routes/${id}`, value: next[id] }));
    this.remember(at, { words, reason, source: 'api', author, parent, patch: operations });
    return this.revision;
  }

  documentOf(revision: string): Readonly<Record<string, unknown>> {
    return this.documents.get(revision) ?? this.routes;
  }

  textOf(revision: string): string {
    const routes = Object.entries(this.documentOf(revision)).map(
      ([id, value]) => `  ${id}: ${JSON.stringify(value).replaceAll('"', '')}`,
    );
    return `routes:\n${routes.join('\n')}\n`;
  }

  private remember(age: number, record: Partial<Revision>): void {
    this.documents.set(this.revision, this.routes);
    const at = new Date(Date.now() - age).toISOString();
    for (const [i, each] of this.revisions.entries()) this.revisions[i] = { ...each, running: false };
    this.revisions.unshift({
      number: this.revisions.length + 1,
      at,
      revision: this.revision,
      parent: '',
      source: 'api',
      author: '',
      reason: '',
      result: 'applied',
      detail: '',
      words: [],
      patch: [],
      patchOmitted: false,
      restorable: true,
      running: true,
      ...record,
    });
  }

  /** A file that was saved with a mistake. */
  refuse(): void {
    this.refused = true;
    const [running] = this.revisions;
    this.revisions.unshift({
      ...running,
      number: running.number + 1,
      at: new Date(Date.now() - 700_000).toISOString(),
      revision: 'e17c30aa91b2d4f0',
      source: 'file',
      author: '',
      reason: '',
      result: 'refused',
      words: [],
      patch: [],
      restorable: false,
      running: false,
      detail: 'routes.yaml:61:5 unknown key "upstrem"; did you mean "upstream"?',
    });
  }

  private happen(age: number, event: Omit<EventItem, 'at'>): void {
    this.events.unshift({ at: new Date(Date.now() - age).toISOString(), ...event });
  }

  underWay(): number {
    return 12;
  }

  circuitOf(id: string): Circuit {
    const own = this.circuits.get(id);
    if (own !== undefined) return own;
    const calm: Circuit = { state: 'closed', forced: false, reason: '', failures: 0 };
    if (id !== 'payments' || this.calm) return calm;
    const until = new Date(Math.ceil(Date.now() / 60_000) * 60_000).toISOString();
    return { ...calm, state: 'open', reason: '10 failures in a row', until, failures: 10 };
  }

  order(id: string, { state, reason = '', for: lasting }: CircuitOrder): Circuit {
    if (state === 'auto') this.circuits.delete(id);
    else {
      const forced = state === 'closed';
      const until = lasting === undefined ? {} : { until: new Date(Date.now() + 600_000).toISOString() };
      this.circuits.set(id, { state, forced, reason, failures: 0, since: new Date().toISOString(), ...until });
    }
    const word = state === 'auto' ? 'closed' : state;
    this.happen(0, {
      is: 'circuit',
      upstream: id,
      state: word,
      cause: 'operator',
      text: `an operator set the circuit to ${state}${reason && `: ${reason}`}`,
    });
    return this.circuitOf(id);
  }

  private lease(instance: string): Lease {
    const at = new Date(this.startedAt).toISOString();
    const last = instance.endsWith('d') ? 22 : 21;
    return {
      upstream: 'tax',
      instance,
      url: `http://10.0.4.${last}:8080`,
      weight: 1,
      version: '3.1.4',
      ttl: '10s',
      state: 'up',
      registeredAt: at,
      renewedAt: at,
      expiresAt: new Date(Date.now() + 8000).toISOString(),
      author: 'tax',
    };
  }

  leasesOf(id: string): Lease[] {
    return this.leases.filter(({ upstream }) => upstream === id);
  }

  drain(id: string, instance: string): boolean {
    const at = this.leases.findIndex((lease) => lease.upstream === id && lease.instance === instance);
    if (at !== -1) this.leases.splice(at, 1);
    return at !== -1;
  }

  private membersOf(id: string): Member[] {
    if (id === 'tax') {
      return this.leases.map(({ url, instance, weight, version = '' }) => ({
        id: url,
        from: 'lease',
        state: 'up',
        weight,
        good: 40_211,
        bad: 3,
        instance,
        version,
        zone: 'a',
      }));
    }
    const ill = id === 'search' && !this.calm;
    return [11, 12].map((last) => ({
      id: `http://10.0.3.${last}:7001`,
      from: 'file',
      state: ill && last === 12 ? 'unhealthy' : 'up',
      weight: 1,
      good: 18_233,
      bad: 17,
    }));
  }

  upstreamStatus(id: string): UpstreamStatus {
    const routes = Object.keys(SHARES).filter((route) => SHARES[route].some(([upstream]) => upstream === id));
    const members = this.membersOf(id);
    return {
      id,
      circuit: this.circuitOf(id),
      members,
      inFlight: 3,
      queued: 0,
      limit: 1024,
      routes,
      leases: this.leasesOf(id).length,
    };
  }

  status(you: Status['you']): Status {
    const states = Object.keys(UPSTREAMS).map((id) => [id, this.circuitOf(id).state] as const);
    const of = (state: string): string[] => states.filter(([, each]) => each === state).map(([id]) => id);
    const [record] = this.revisions;
    const problem = {
      severity: 'error' as const,
      pointer: '/routes/cart',
      detail: 'unknown key "upstrem"',
      advice: 'did you mean "upstream"?',
      line: 61,
    };
    return {
      version: '0.1.0',
      node: '26.10.0',
      pid: 4711,
      phase: 'serving',
      startedAt: new Date(this.startedAt).toISOString(),
      revision: this.revision,
      since: record.at,
      threads: { wanted: 2, running: 2, restarts: 0 },
      connections: 231,
      routes: Object.keys(this.routes).length,
      upstreams: states.length,
      listeners: [{ id: 'internal', address: '127.0.0.1', port: 8080, zone: 'internal' }],
      members: { up: 21, total: 22 },
      circuits: { open: of('open'), halfOpen: of('half-open'), isolated: of('isolated'), forced: [] },
      lastReload: {
        successful: !this.refused,
        at: record.at,
        source: 'file',
        author: '',
        reason: '',
        problems: this.refused ? [problem] : [],
      },
      writeBack: { to: 'file', path: 'routes.yaml', writable: true, detail: '' },
      audit: { intact: true, records: this.revisions.length, detail: '' },
      you,
    };
  }

  explain(url: string): Explanation {
    return {
      outcome: 'proxied',
      listener: 'internal',
      route: 'checkout',
      upstreams: [
        { id: 'checkout', share: 0.9, circuit: 'closed', members: 2, up: 2 },
        { id: 'checkout-v2', share: 0.1, circuit: 'closed', members: 2, up: 2 },
      ],
      policies: [
        { name: 'retry', text: 'up to 2 further tries after connect, reset, 502' },
        { name: 'timeout', text: 'each try 3s, in all 5s' },
      ],
      others: [{ route: 'cart', why: 'its path is /cart' }],
      words: [`${url} matches checkout by its host and path.`],
    };
  }

  /** What happened in the last second; every call is a second later. */
  frame(interval: number): LiveFrame {
    this.tick++;
    const streams = STREAMS.map((stream) => ({ ...stream, rate: stream.rate * this.wave() }));
    const parts = streams.flatMap(({ caller, route, rate }) =>
      SHARES[route].map(([upstream, share]) => {
        const stopped = ['open', 'isolated'].includes(this.circuitOf(upstream).state);
        const errors = this.calm ? 0 : stopped ? 1 : (UPSTREAMS[upstream]?.[1] ?? 0) * this.wave();
        return { caller, route, upstream, rate: rate * share, errors: Math.min(1, errors) };
      }),
    );
    type Flowing = (typeof parts)[number];
    const sum = (some: readonly Flowing[], median: number) => {
      const rate = some.reduce((all, each) => all + each.rate, 0);
      const failed = some.reduce((all, each) => all + each.rate * each.errors, 0);
      return flowOf(rate, rate === 0 ? 0 : failed / rate, median, this.wave());
    };
    const by = (key: 'caller' | 'route' | 'upstream'): [string, Flowing[]][] => [
      ...Map.groupBy(parts, (part) => part[key]),
    ];
    const brief = (some: readonly Flowing[]) => {
      const { rate, errorShare } = sum(some, 1);
      return { rate, errorShare };
    };
    return {
      at: new Date().toISOString(),
      interval,
      revision: this.revision,
      connections: 231,
      total: sum(parts, 9),
      routes: by('route').map(([id, some]) => ({
        id,
        ...sum(some, 12),
        to: [...Map.groupBy(some, (part) => part.upstream)].map(([upstream, own]) => ({
          upstream,
          ...brief(own),
          weight: null,
        })),
      })),
      upstreams: Object.keys(UPSTREAMS).map((id) =>
        this.liveUpstream(
          id,
          sum(
            parts.filter((part) => part.upstream === id),
            UPSTREAMS[id][0],
          ),
        ),
      ),
      callers: by('caller').map(([id, some]) => ({
        id,
        ...sum(some, 10),
        to: [...Map.groupBy(some, (part) => part.route)].map(([route, own]) => ({ route, ...brief(own) })),
      })),
    };
  }

  private liveUpstream(id: string, flow: ReturnType<typeof flowOf>): LiveFrame['upstreams'][number] {
    const { state, forced } = this.circuitOf(id);
    const stopped = state === 'open' || state === 'isolated';
    const own = stopped ? flowOf(0, 0, 0, 1) : flow;
    const members = this.membersOf(id);
    const up = members.filter((member) => member.state === 'up').length;
    const inFlight = stopped ? 0 : Math.round(own.rate / 40);
    return {
      id,
      ...own,
      inFlight,
      queued: 0,
      retries: own.rate * own.errorShare,
      circuit: forced ? 'forced' : state,
      up,
      members: members.length,
    };
  }

  /** Around 1, by the seed. */
  private wave(): number {
    this.seed = (this.seed * 1103515245 + 12345) % 2147483648;
    return 1 + 0.15 * Math.sin(this.tick / 9) + (this.seed / 2147483648 - 0.5) * 0.3;
  }
}

const QUIET_ROUTE = { match: { path: '/reports' }, upstream: 'archive' };
