/**
 * The plans of the dashboard: circuits, leases, weights, restoring.
 *
 * Rule: what changes the document asks the router for a dry run and shows its words; what acts at once says what flows
 * there now. Every write of the document names the revision that the page shows, so that nobody overwrites what they
 * have not seen.
 */

import type { Change, Revision } from '../../admin/shapes/change.ts';
import type { Circuit, Deregistered, Lease, Member } from '../../admin/shapes/status.ts';
import { counted, left, rate, share, short, timeOfDay } from '../logic/figures.ts';
import { ask, askAll } from './api.ts';
import type { Answers, Plan } from './plan.ts';
import { look, lookAtDocument, lookAtUpstreams } from './session.ts';
import { change, current, routerTime } from './store.ts';

export function propose(plan: Plan): void {
  change({ plan });
}

const upstreamPath = (id: string): string => `/v1/upstreams/${encodeURIComponent(id)}`;

/** What flows to an upstream now, and which routes it serves. */
async function flowWords(id: string): Promise<string[]> {
  const { frame, details } = current();
  const live = frame?.upstreams.find((each) => each.id === id);
  const routes = details[id]?.routes ?? (await ask<{ routes: string[] }>('GET', `${upstreamPath(id)}/status`)).routes;
  const now = `Now: ${rate(live?.rate ?? 0)} requests a second, ${share(live?.errorShare ?? 0)} errors, ${live?.inFlight ?? 0} in flight.`;
  return [now, routes.length === 0 ? 'No route leads here.' : `Serves ${routes.join(', ')}.`];
}

async function order(id: string, body: Readonly<Record<string, string>>, { author }: Answers): Promise<Circuit> {
  const circuit = await ask<Circuit>('PUT', `${upstreamPath(id)}/circuit`, { body, reason: body.reason ?? '', author });
  await Promise.all([look(), lookAtUpstreams()]);
  return circuit;
}

function orderOf(state: string, { reason, lasting }: Answers): Record<string, string> {
  return { state, ...(reason === '' ? {} : { reason }), ...(lasting === '' ? {} : { for: lasting }) };
}

function untilWords({ until }: Circuit): string {
  return until === undefined ? 'until somebody lets it go' : `until ${timeOfDay(until)}, ${left(until, routerTime())}`;
}

export function isolate(id: string): Plan {
  return {
    title: `Isolate ${id}`,
    verb: 'Isolate',
    dangerous: true,
    role: 'operator',
    edits: false,
    asksHowLong: true,
    effect: async () => {
      const live = current().frame?.upstreams.find((each) => each.id === id);
      const stops = `Stops ${rate(live?.rate ?? 0)} requests a second to ${id}: they are answered 503 at once.`;
      const under = `${counted(live?.inFlight ?? 0, 'request')} in flight will still be finished.`;
      return [stops, under, ...(await flowWords(id)).slice(1)];
    },
    run: async (answers) => `${id} is isolated ${untilWords(await order(id, orderOf('isolated', answers), answers))}.`,
  };
}

export function forceClosed(id: string): Plan {
  return {
    title: `Force the circuit of ${id} closed`,
    verb: 'Force closed',
    dangerous: true,
    role: 'operator',
    edits: false,
    asksHowLong: true,
    effect: async () => [
      `All requests go to ${id} whatever it answers; its failures no longer open the circuit.`,
      ...(await flowWords(id)),
    ],
    run: async (answers) =>
      `${id} is forced closed ${untilWords(await order(id, orderOf('closed', answers), answers))}.`,
  };
}

export function letGo(id: string): Plan {
  return {
    title: `Back to automatic: ${id}`,
    verb: 'Back to automatic',
    dangerous: false,
    role: 'operator',
    edits: false,
    asksHowLong: false,
    effect: async () => [`Failures of ${id} decide again whether its circuit opens.`, ...(await flowWords(id))],
    run: async (answers) => {
      const { state } = await order(id, orderOf('auto', answers), answers);
      return `The circuit of ${id} is ${state} and automatic.`;
    },
  };
}

export function drain(upstream: string, { instance = '', id }: Member): Plan {
  const path = `${upstreamPath(upstream)}/leases/${encodeURIComponent(instance)}`;
  return {
    title: `Drain ${instance}`,
    verb: 'Drain',
    dangerous: true,
    role: 'operator',
    edits: false,
    asksHowLong: false,
    effect: async () => {
      const leases = await askAll<Lease>(`${upstreamPath(upstream)}/leases`);
      const others = (current().details[upstream]?.members ?? []).filter(
        (each) => each.id !== id && each.state === 'up',
      );
      const known = leases.find((each) => each.instance === instance);
      return [
        `${instance} (${id}) gets no new requests; those it serves are finished.`,
        others.length === 0
          ? `No other member of ${upstream} can serve: its requests would be answered 503.`
          : `${counted(others.length, 'other member')} of ${upstream} can serve.`,
        ...(known === undefined ? [] : [`Registered by ${known.author || 'nobody named'}; it can register again.`]),
        ...(await flowWords(upstream)),
      ];
    },
    run: async ({ reason, author }) => {
      const { state, inFlight } = await ask<Deregistered>('DELETE', `${path}?wait=10s`, { reason, author });
      await lookAtUpstreams();
      if (state === 'gone') return `${instance} is drained and gone.`;
      if (inFlight === undefined) return `${instance} drains; how much it still serves could not be counted yet.`;
      return `${instance} drains; it still serves ${counted(inFlight, 'request')}.`;
    },
  };
}

/** Sentences for a change that was made or would be. */
function effectWords({ changed, effect, merged, notices }: Change): string[] {
  if (!changed) return ['Nothing would change: the document says this already.'];
  return [
    ...effect.words,
    `${counted(effect.requestsUnderWay, 'request')} under way at the upstreams it touches.`,
    ...(merged ? ['The file was changed elsewhere meanwhile; both changes will run.'] : []),
    ...notices.map(({ detail, advice }) => `Notice: ${detail}; ${advice}`),
  ];
}

function edit(
  plan: Pick<Plan, 'title' | 'verb' | 'dangerous' | 'role'>,
  method: string,
  path: string,
  body?: unknown,
): Plan {
  // Of the document that was on the page when the plan was made. A frame or the status may know of a later one already, and to
  // name that would overwrite what nobody has seen; so it answers 412.
  const ifMatch = current().shown ?? '';
  const sent = body === undefined ? { ifMatch } : { ifMatch, body };
  return {
    ...plan,
    edits: true,
    asksHowLong: false,
    effect: async () => effectWords(await ask<Change>(method, path, { ...sent, dryRun: true })),
    run: async ({ reason, author }) => {
      const done = await ask<Change>(method, path, { ...sent, reason, author });
      await Promise.all([look(), lookAtDocument()]);
      if (!done.changed) return 'Nothing changed: the document says this already.';
      return `${done.effect.words[0] ?? 'Done'}. Revision ${short(done.revision)} runs.`;
    },
  };
}

export function reweigh(id: string, written: unknown): Plan {
  const plan = {
    title: `Change the weights of ${id}`,
    verb: 'Apply weights',
    dangerous: false,
    role: 'operator',
  } as const;
  return edit(plan, 'PUT', `/v1/routes/${encodeURIComponent(id)}`, written);
}

export function restore({ revision, number }: Revision): Plan {
  const title = `Restore revision ${short(revision)} (record ${number})`;
  return edit(
    { title, verb: 'Restore', dangerous: true, role: 'admin' },
    'POST',
    `/v1/revisions/${encodeURIComponent(revision)}/restore`,
  );
}
