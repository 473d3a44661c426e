/**
 * The story of a request, line by line: where it comes in, what takes it, which side it goes to, and in what state that is.
 *
 * Rule: one plain sentence a line, with the names of the document; what is not so is not mentioned. What is true is for
 * explain.ts to say.
 */

import { percentOf } from '../core/percent.ts';
import type { FallbackSettings } from '../policy/policy.ts';
import type { ReleaseSettings } from '../release/release.ts';
import type { ListenerTable, MatchSettings } from '../routing/route.ts';
import type { EndpointSettings } from '../upstream/upstream.ts';
import type { ExplainRequest } from './explain-request.ts';

/** `without`: listeners that have no route for it. */
export function arrivalWords(asked: ExplainRequest, listener: ListenerTable, without: readonly string[]): string[] {
  const { method = 'GET', url } = asked;
  const arrival = `${method} ${url} comes in at listener ${listener.id}`;
  const others = without.filter((id) => id !== listener.id);
  if (others.length === 0) return [arrival];
  return [arrival, `listener ${others.join(', ')} was tried too and has no route for it`];
}

export function matchWords(route: string, match: MatchSettings, target: string, path: string): string[] {
  const { host, path: wanted, methods, headers, query } = match;
  const asks: string[] = [];
  if (host !== undefined) asks.push(`host ${host}`);
  if (wanted !== undefined) asks.push(`${wanted.kind === 'prefix' ? '' : `${wanted.kind} `}path ${wanted.value}`);
  if (methods !== undefined && methods.length > 0) asks.push(`method ${methods.join(' or ')}`);
  asks.push(...Object.keys(headers).map((name) => `header ${name}`));
  asks.push(...Object.keys(query).map((name) => `query parameter ${name}`));
  const takes = `route ${route} takes it: ${asks.join(', ') || 'it asks for nothing'}`;
  return target.split('?')[0] === path ? [takes] : [`its path is read as ${path}`, takes];
}

export interface Sides {
  readonly release: ReleaseSettings;
  readonly shares: ReadonlyMap<string, number>;
  readonly version: string | undefined;
  /** The override header that chose the side. */
  readonly forcedBy: string | undefined;
  readonly key: { readonly source: string; readonly present: boolean } | undefined;
}

export function sideWords({ release, shares, version, forcedBy, key }: Sides): string[] {
  const words: string[] = [];
  if (version !== undefined) words.push(`the client's version is ${version}`);
  else if (release.versions !== undefined) words.push('it states no version that a range holds');
  const several = release.versions !== undefined || release.split.length > 1;
  if (forcedBy !== undefined) words.push(`header ${forcedBy} names its side, whatever the weights`);
  else if (key !== undefined && several) {
    const kept = key.present ? 'keeps it on one side' : 'would keep it on one side, but it carries none';
    words.push(`${key.source} ${kept} (sticky)`);
  }
  const [[only] = ['']] = shares;
  const parts = [...shares].map(([id, share]) => `${percentOf(share)} go to ${id}`);
  words.push(shares.size === 1 ? `it goes to ${only}` : parts.join(', '));
  return words;
}

export interface State {
  readonly id: string;
  readonly circuit: string;
  /** Why it is not closed, '' where nobody said; and until when, epoch milliseconds. */
  readonly reason: string;
  readonly until: number | undefined;
  readonly members: number;
  readonly up: number;
  readonly panicPercent: number;
}

/** What stands in the way at an upstream. `blocked`: the code of why it takes no request now. */
export function stateWords(
  state: State,
  blocked: string | undefined,
  fallback: FallbackSettings | undefined,
): string[] {
  const { id, circuit, members, up, panicPercent } = state;
  const then =
    fallback?.upstream !== undefined
      ? `requests to it go to ${fallback.upstream} instead (fallback)`
      : fallback?.reply !== undefined
        ? `requests to it are answered ${fallback.reply.status} (fallback)`
        : `requests to it are refused with 503 ${blocked}`;
  if (blocked === 'no_member') return [`${whoIsUp(id, members, up)}: ${then}`];
  const panic = up * 100 < panicPercent * members ? ': all of them are used' : '';
  const words = up < members ? [whoIsUp(id, members, up) + panic] : [];
  if (blocked !== undefined) return [...words, `${id}'s circuit is ${circuit}${whyText(state)}: ${then}`];
  if (circuit === 'half-open')
    words.push(`${id}'s circuit is half-open: one request at a time tries whether it is well`);
  return words;
}

function whyText({ reason, until }: State): string {
  const end = until === undefined ? '' : `until ${new Date(until).toISOString()}`;
  const why = [reason, end].filter((part) => part !== '').join(', ');
  return why === '' ? '' : ` (${why})`;
}

function whoIsUp(id: string, members: number, up: number): string {
  if (members === 0) return `${id} has no member that takes requests`;
  return up === 0 ? `none of the ${members} members of ${id} is up` : `${up} of the ${members} members of ${id} are up`;
}

/**
 * Where `mode: redirect` sends a client; of several members only traffic decides which it is. `endpoints`: where all members
 * come from, none where that is not known.
 */
export function locationOf(endpoints: readonly EndpointSettings[], id: string, target: string): string {
  const path = target === '*' ? '/' : target;
  const sole = endpoints.length === 1 && endpoints[0].url.startsWith('http://') ? endpoints[0].url : undefined;
  return `http://${sole === undefined ? `(a member of ${id})` : new URL(sole).host}${path}`;
}
