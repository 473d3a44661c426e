/**
 * One visit of the page: follows the live stream, and asks for the rest when a frame gives reason to.
 *
 * Rule: no timers of its own. A frame a second says when the revision, a circuit or a member changed; only then, and
 * every few seconds for what frames do not tell, is anything else asked for.
 */

import type { Revision } from '../../admin/shapes/change.ts';
import type { LiveFrame } from '../../admin/shapes/live.ts';
import type { EventItem, Status, UpstreamStatus } from '../../admin/shapes/status.ts';
import type { Part } from '../logic/rows.ts';
import { ask, askAll, Refusal } from './api.ts';
import { follow } from './live.ts';
import { change, current } from './store.ts';

/** Frames between two looks at the status. */
const STATUS_EVERY = 5;
const DETAILS_EVERY = 2;
/** Upstreams in trouble whose details are kept fresh. */
const MOST_DETAILS = 20;
const REVISIONS = 50;

let session = new AbortController();

/** Begins, or begins anew with another token. One call goes ahead: a token that is wrong is guessed wrong once, not five times. */
export async function begin(): Promise<void> {
  session.abort();
  session = new AbortController();
  const { signal } = session;
  await look();
  if (signal.aborted || current().locked !== undefined) return;
  await follow(signal, watcher());
}

/** Hears every frame, and asks for what it gives reason to. */
function watcher(): (frame: LiveFrame) => void {
  let frames = 0;
  let seen = '';
  let known = '';
  let asking = false;
  const learn = async (revision: string): Promise<void> => {
    asking = true;
    if (await lookAtDocument()) known = revision;
    asking = false;
  };
  return (frame) => {
    current().history.push(frame);
    change({ frame, connection: 'live' });
    const states = frame.upstreams.map(({ id, circuit, up, members }) => `${id} ${circuit} ${up} ${members}`).join();
    const changed = states !== seen || frame.revision !== known;
    if (frame.revision !== known && !asking) void learn(frame.revision);
    if (changed || frames % STATUS_EVERY === 0) void look();
    if (changed || frames % DETAILS_EVERY === 0) void lookAtUpstreams(frame);
    seen = states;
    frames++;
  };
}

/** Status and events: small, and asked for often. The audit log tells of what changed no revision, such as a refusal. */
export async function look(): Promise<void> {
  await quietly(async () => {
    const before = current().status?.audit.records;
    const status = await ask<Status>('GET', '/v1/status');
    const events = await ask<{ items: EventItem[] }>('GET', '/v1/events?limit=100');
    change({ status, events: events.items });
    if (before !== undefined && before !== status.audit.records) await lookAtDocument();
  });
}

let begun = 0;
let newest = 0;

/** What changes with the document only; whether it could be had. Of two looks the one that began later counts. */
export function lookAtDocument(): Promise<boolean> {
  return quietly(async () => {
    begun++;
    const turn = begun;
    // Before its parts: they may be of a later document, never of an earlier one.
    const { revision } = await ask<Status>('GET', '/v1/status');
    const [routes, revisions] = await Promise.all([
      askAll<Part>('/v1/routes'),
      ask<{ items: Revision[]; next?: string }>('GET', `/v1/revisions?limit=${REVISIONS}`),
    ]);
    if (turn < newest) return;
    newest = turn;
    change({ shown: revision, routes, revisions: revisions.items, olderRevisions: revisions.next });
  });
}

export async function lookAtOlderRevisions(): Promise<void> {
  const { olderRevisions, revisions } = current();
  if (olderRevisions === undefined) return;
  await quietly(async () => {
    const path = `/v1/revisions?limit=${REVISIONS}&after=${encodeURIComponent(olderRevisions)}`;
    const page = await ask<{ items: Revision[]; next?: string }>('GET', path);
    change({ revisions: [...revisions, ...page.items], olderRevisions: page.next });
  });
}

/** Details of the upstream that is looked at and of those in trouble. */
export async function lookAtUpstreams(frame = current().frame): Promise<void> {
  const { place } = current();
  const troubled = (frame?.upstreams ?? []).filter((each) => each.circuit !== 'closed' || each.up < each.members);
  const ids = new Set(troubled.slice(0, MOST_DETAILS).map(({ id }) => id));
  const there = frame === undefined || frame.upstreams.some(({ id }) => id === place.id);
  if (place.kind === 'upstream' && place.id !== undefined && there) ids.add(place.id);
  await quietly(async () => {
    const found = await Promise.all(
      [...ids].map((id) => ask<UpstreamStatus>('GET', `/v1/upstreams/${encodeURIComponent(id)}/status`).catch(nothing)),
    );
    const known = found.filter((each) => each !== undefined);
    change({ details: Object.fromEntries(known.map((each) => [each.id, each])) });
  });
}

function nothing(): undefined {
  return undefined;
}

/** What could not be asked is asked again soon; the connection's state says so already. */
async function quietly(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return false;
  }
}
