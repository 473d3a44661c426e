/**
 * What the calls of /v1 have in common: how a write is asked for, how it is refused, how lists are paged.
 *
 * Rule: a write can name the revision it was made from (If-Match), who makes it and why, and can be asked for its effect
 * without being done; all writes alike.
 */

import type { FastifyReply, FastifyRequest } from 'fastify';
import Type, { type Static, type TSchema } from 'typebox';
import type { Document, Problem } from '../config/document.ts';
import { toldOf } from '../control/check-text.ts';
import type { Edited, EditOrder, Edits } from '../control/edits.ts';
import type { Wish } from '../control/wish.ts';
import type { EditRefusal } from '../control/wished-text.ts';
import { plain } from './access.ts';
import { itemsOf, Refused } from './problem.ts';
import type { Change, Effect } from './shapes/change.ts';
import { Duration, Id } from './shapes/common.ts';

export const WriteHeaders = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'the revision it was made from: `"abc123"`; old: 412' })),
  'x-author': Type.Optional(Type.String({ description: 'who makes it, where there are no tokens' })),
  'x-reason': Type.Optional(Type.String({ description: 'why; kept in the audit log' })),
});

export const WriteQuery = Type.Object(
  {
    dryRun: Type.Optional(Type.Boolean({ default: false, description: 'answers what it would do, and does nothing' })),
  },
  { additionalProperties: false },
);

export const WaitQuery = Type.Object(
  {
    wait: Type.Optional(Type.String({ ...Duration, description: 'answer when it is gone, at the latest after this' })),
  },
  { additionalProperties: false },
);

export const IdParams = Type.Object({ id: Id });

const STATUS: Readonly<Record<EditRefusal, [number, string]>> = {
  stale: [412, 'stale'],
  not_found: [404, 'not_found'],
  invalid: [422, 'invalid_document'],
  forbidden: [403, 'forbidden'],
  cold: [409, 'needs_restart'],
  conflict: [409, 'conflict'],
  unwritable: [409, 'read_only'],
  threads: [503, 'threads'],
};

export interface Writer {
  readonly edits: Edits;
  /** Requests under way at these upstreams of a document, and where these routes of it lead. */
  underWay(document: Document, upstreams: readonly string[], routes: readonly string[]): number;
  revision(): string;
}

/** Does what a request asks for, and answers with what that did. */
export async function write(
  writer: Writer,
  request: FastifyRequest,
  reply: FastifyReply,
  wish: Wish,
  source = 'api',
): Promise<Change> {
  const order = orderOf(request, wish, source);
  const answer = await writer.edits.apply(order);
  if (!answer.ok) {
    const [status, code] = STATUS[answer.why];
    const { problems, conflicts, detail } = answer;
    // Of a conflict they are about the file, which has lines too.
    const placed = wish.is === 'text' || answer.why === 'conflict';
    const more = { problems: itemsOf(toldOf(problems, 'error'), placed), conflicts, revision: writer.revision() };
    throw new Refused(status, code, detailed(detail, problems), more);
  }
  reply.header('etag', `"${order.dryRun ? answer.parent : answer.revision}"`);
  if (answer.created && !order.dryRun) reply.code(201);
  return changeOf(writer, answer, order.dryRun, wish.is === 'text');
}

/** The first problem stands in the sentence too: most clients show no more. */
function detailed(detail: string, problems: readonly Problem[]): string {
  const first = problems.find(({ severity }) => severity === 'error');
  if (first === undefined) return detail;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const at = first.pointer === '' ? '' : `${first.pointer}: `;
  return `${detail}: ${at}${first.reason}; ${first.advice}${more}`;
}

function changeOf(writer: Writer, answer: Edited, dryRun: boolean, placed: boolean): Change {
  const { revision, parent, changed, merged, written, notices } = answer;
  const effect = effectWith(writer, answer);
  const told = itemsOf(toldOf(notices, 'notice'), placed);
  return { revision, parent, changed, dryRun, merged, written, effect, notices: told };
}

/** An effect with how many requests are under way where it strikes. */
export function effectWith(
  writer: Pick<Writer, 'underWay'>,
  { effect, before }: Pick<Edited, 'effect' | 'before'>,
): Effect {
  const { words, routes, upstreams, other } = effect;
  const requestsUnderWay = writer.underWay(
    before,
    [...upstreams.removed, ...upstreams.changed],
    [...routes.removed, ...routes.changed],
  );
  return {
    words: [...words],
    routes: listsOf(routes),
    upstreams: listsOf(upstreams),
    other: [...other],
    requestsUnderWay,
  };
}

function listsOf({ added, removed, changed }: Edited['effect']['routes']): Effect['routes'] {
  return { added: [...added], removed: [...removed], changed: [...changed] };
}

function orderOf(request: FastifyRequest, wish: Wish, source: string): EditOrder {
  const { dryRun = false } = request.query as Static<typeof WriteQuery>;
  const reason = plain(request.headers['x-reason']);
  const { name: author, role } = request.caller;
  return { wish, ifMatch: revisionIn(request), author, reason, source, dryRun, mayName: role === 'admin' };
}

/** The revision that If-Match names (RFC 9110 section 13.1.1); `*` means whatever runs. */
function revisionIn(request: FastifyRequest): string | undefined {
  const given = request.headers['if-match'];
  if (given === undefined || given.trim() === '*') return undefined;
  const match = /^\s*(?:W\/)?"?([0-9A-Za-z]{1,64})"?\s*$/.exec(given);
  if (match === null) {
    throw new Refused(
      400,
      'bad_request',
      'If-Match names no revision; send the ETag that a GET gave, such as "1f2e3d4c5b6a"',
    );
  }
  return match[1];
}

/** A page of `all`, which is in the order of its keys. */
export function pageOf<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  { limit = 100, after }: { limit?: number; after?: string },
): { items: T[]; total: number; next?: string } {
  const from = after === undefined ? 0 : all.findIndex((item) => keyOf(item) > after);
  const items = from === -1 ? [] : all.slice(from, from + limit);
  const last = items.at(-1);
  const more = from !== -1 && from + limit < all.length && last !== undefined;
  return { items, total: all.length, ...(more ? { next: keyOf(last) } : {}) };
}

/** The answers of a call, by status. */
export function answers<T extends TSchema>(ok: T, ...others: number[]): Record<number, TSchema> {
  return Object.fromEntries([[200, ok], ...others.map((status) => [status, ok])]);
}
