/**
 * An admin server for the pages alone: a small world in memory that moves, behind the replies that the real one gives.
 *
 * Rule: the pages themselves come through the real plugin, with its headers. Figures are drawn from a seed and move with
 * every frame; what is ordered (circuits, leases, documents) is what is shown afterwards.
 */

import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { pages } from '../../src/admin/pages.ts';
import type { Change, Revision } from '../../src/admin/shapes/change.ts';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import type { CircuitOrder, Role, Status } from '../../src/admin/shapes/status.ts';
import { FAKE_OPENAPI } from './fake-openapi.ts';
import { FakeWorld } from './fake-world.ts';

export interface FakeAdmin {
  readonly url: string;
  readonly world: FakeWorld;
  stop(): Promise<void>;
}

export interface FakeOptions {
  readonly folder: string;
  /** Idle routes beside the ones with traffic. */
  readonly idle?: number;
  /** Token -> role; without any, everybody is admin. */
  readonly tokens?: Readonly<Record<string, Role>>;
  /** Milliseconds between frames. */
  readonly every?: number;
  readonly port?: number;
}

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];

export async function fakeAdmin(options: FakeOptions): Promise<FakeAdmin> {
  const world = new FakeWorld(options.idle ?? 8);
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.register(pages(options.folder));
  addAccess(server, options.tokens ?? {});
  addReading(server, world);
  addDocument(server, world);
  addOrders(server, world);
  addLive(server, world, options.every ?? 1000);
  await server.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  const { port } = server.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, world, stop: () => server.close() };
}

function refuse(reply: FastifyReply, status: number, code: string, detail: string, more: Partial<ProblemReply> = {}) {
  const body: ProblemReply = { type: 'about:blank', title: code, status, detail, code, ...more };
  return reply.code(status).type('application/problem+json').send(JSON.stringify(body));
}

function roleOf(request: FastifyRequest, tokens: Readonly<Record<string, Role>>): Role | undefined {
  if (Object.keys(tokens).length === 0) return 'admin';
  return tokens[String(request.headers.authorization).replace(/^Bearer /, '')];
}

function addAccess(server: FastifyInstance, tokens: Readonly<Record<string, Role>>): void {
  server.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith('/v1/')) return;
    const role = roleOf(request, tokens);
    if (role === undefined) return refuse(reply, 401, 'unauthorized', 'a token is needed');
    const isWrite = request.method !== 'GET' && !request.url.startsWith('/v1/explain');
    const needed: Role = !isWrite ? 'viewer' : request.url.includes('/restore') ? 'admin' : 'operator';
    if (ROLES.indexOf(role) < ROLES.indexOf(needed)) return refuse(reply, 403, 'forbidden', `this needs ${needed}`);
    request.headers['x-fake-role'] = role;
  });
}

function page<T>(items: readonly T[], { limit = '100', after = '0' }: { limit?: string; after?: string }) {
  const end = Number(after) + Number(limit);
  const next = end < items.length ? { next: String(end) } : {};
  return { items: items.slice(Number(after), end), total: items.length, ...next };
}

type Query = { limit?: string; after?: string; dryRun?: string };
type Ids = { id: string; rev: string; instance: string };

function addReading(server: FastifyInstance, world: FakeWorld): void {
  server.get('/v1/status', async (request): Promise<Status> => {
    return world.status({ name: 'ada', role: request.headers['x-fake-role'] as Role });
  });
  server.get<{ Querystring: Query }>('/v1/events', async ({ query }) => page(world.events, query));
  server.get<{ Querystring: Query }>('/v1/revisions', async ({ query }) => page(world.revisions, query));
  server.get<{ Params: Ids }>('/v1/revisions/:rev/config', async ({ params }, reply) => {
    return reply.type('text/yaml').send(world.textOf(params.rev));
  });
  server.get<{ Querystring: Query }>('/v1/routes', async ({ query }) => {
    return page(
      Object.entries(world.routes).map(([id, value]) => ({ id, value })),
      query,
    );
  });
  server.get<{ Params: Ids }>('/v1/upstreams/:id/status', async ({ params }) => world.upstreamStatus(params.id));
  server.get<{ Params: Ids; Querystring: Query }>('/v1/upstreams/:id/leases', async ({ params, query }) => {
    return page(world.leasesOf(params.id), query);
  });
  server.get('/v1/openapi.json', async () => FAKE_OPENAPI);
  server.post<{ Body: { url: string } }>('/v1/explain', async ({ body }) => world.explain(body.url));
}

/** Checks If-Match, then dry or for good. */
function write(
  request: FastifyRequest,
  reply: FastifyReply,
  world: FakeWorld,
  next: Readonly<Record<string, unknown>>,
  words: string[],
) {
  const match = request.headers['if-match'];
  if (match !== undefined && match !== `"${world.revision}"`) {
    return refuse(reply, 412, 'stale', `revision ${world.revision} runs, not ${match}`, { revision: world.revision });
  }
  const dryRun = (request.query as Query).dryRun === 'true';
  const reason = Buffer.from(String(request.headers['x-reason'] ?? ''), 'latin1').toString();
  const parent = world.revision;
  const revision = dryRun ? world.hash(next) : world.apply(next, { words, reason });
  const none = { added: [], removed: [], changed: [] };
  const effect = { words, routes: none, upstreams: none, other: [], requestsUnderWay: world.underWay() };
  const change: Change = {
    revision,
    parent,
    changed: revision !== parent,
    dryRun,
    merged: false,
    written: dryRun ? 'nowhere' : 'file',
    effect,
    notices: [],
  };
  return reply.send(change);
}

function addDocument(server: FastifyInstance, world: FakeWorld): void {
  server.put<{ Params: Ids; Body: unknown }>('/v1/routes/:id', async (request, reply) => {
    const { id } = request.params;
    if (!(id in world.routes)) return refuse(reply, 404, 'not_found', `there is no route ${id}`);
    return write(request, reply, world, { ...world.routes, [id]: request.body }, [
      `10% more of ${id} goes to ${id}-v2`,
      `route ${id} changed`,
    ]);
  });
  server.post<{ Params: Ids }>('/v1/revisions/:rev/restore', async (request, reply) => {
    const { rev } = request.params;
    const record: Revision | undefined = world.revisions.find(({ revision }) => revision === rev);
    if (record === undefined) return refuse(reply, 404, 'not_found', `there is no revision ${rev}`);
    return write(request, reply, world, world.documentOf(rev), [`back to revision ${rev}`, 'route checkout changed']);
  });
}

function addOrders(server: FastifyInstance, world: FakeWorld): void {
  server.put<{ Params: Ids; Body: CircuitOrder }>('/v1/upstreams/:id/circuit', async ({ params, body }, reply) => {
    if (!world.has(params.id)) return refuse(reply, 404, 'not_found', `there is no upstream ${params.id}`);
    return world.order(params.id, body);
  });
  server.delete<{ Params: Ids }>('/v1/upstreams/:id/leases/:instance', async ({ params }, reply) => {
    const gone = world.drain(params.id, params.instance);
    if (!gone) return refuse(reply, 404, 'not_found', `there is no lease ${params.instance}`);
    return { upstream: params.id, instance: params.instance, state: 'gone', inFlight: 0 };
  });
}

function addLive(server: FastifyInstance, world: FakeWorld, every: number): void {
  server.get('/v1/live', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = (): void => {
      reply.raw.write(`event: live\ndata: ${JSON.stringify(world.frame(every))}\n\n`);
    };
    send();
    const timer = setInterval(send, every);
    reply.raw.on('close', () => clearInterval(timer));
  });
}
