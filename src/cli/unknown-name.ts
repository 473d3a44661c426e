/**
 * A name that the router does not know: the nearest one that it does, and the command that lists all.
 *
 * Rule: names are asked for only after the router has refused one; whatever keeps them from coming is silence, for the
 * refusal says the most already. The API speaks to programs in its own calls; a person at a shell reads commands.
 */

import { nearest } from '../config/suggest.ts';
import { CommandEnd } from './ends.ts';
import { KIND_NAMES } from './kinds.ts';

/** As many as are looked at. */
const MOST = 2000;

const LISTS = [
  [/GET \/v1\/revisions(?= lists)/, 'signalbox revisions'],
  [/GET \/v1\/upstreams\/([^/\s]+)\/leases(?= lists)/, 'signalbox get leases $1'],
  [/GET \/v1\/(routes|upstreams|rollouts|invariants)(?= lists)/, 'signalbox get $1'],
] as const;

/** How the API begins to say that it knows no such part, or lease. */
const PART = new RegExp(`^there is no (?:${KIND_NAMES.join('|')}) `);
const LEASE = /^\S+ has no lease /;

type Named = { readonly id?: string; readonly instance?: string };
export type Lister = (path: readonly string[], most: number) => Promise<{ readonly items: readonly Named[] }>;

/** The same end with what helps; `path`: of the call that was refused with `not_found`. */
export async function withNearest(end: CommandEnd, path: readonly string[], list: Lister): Promise<CommandEnd> {
  const [section, id, , instance] = path;
  const isLease = LEASE.test(end.message);
  const name = isLease ? instance : PART.test(end.message) ? id : undefined;
  if (name === undefined) return new CommandEnd(end.code, inCommands(end.message), end.reply);
  const near = nearest(name, await namesOf(isLease ? path.slice(0, 3) : [section], list));
  const [what, ...said] = end.message.split('; ');
  const advice = said.length === 0 ? `GET /v1/${section} lists all` : said.join('; ');
  const hint = near === undefined ? '' : `did you mean "${near}"? `;
  return new CommandEnd(end.code, inCommands(`${what}; ${hint}${advice}`), end.reply);
}

async function namesOf(path: readonly string[], list: Lister): Promise<string[]> {
  try {
    const { items } = await list(path, MOST);
    return items.flatMap(({ instance, id }) => instance ?? id ?? []);
  } catch (error) {
    if (error instanceof CommandEnd) return [];
    throw error;
  }
}

function inCommands(text: string): string {
  return LISTS.reduce((said, [call, command]) => said.replace(call, command), text);
}
