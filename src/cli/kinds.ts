/**
 * The kinds of parts that a document has by id, as commands and as the API call them.
 *
 * Rule: both forms of a word are understood, one form is shown.
 */

import { didYouMean } from '../config/suggest.ts';
import { CommandEnd, WRONG } from './ends.ts';

/** What one is called -> what the API calls all of them. */
export const KINDS = {
  route: 'routes',
  upstream: 'upstreams',
  rollout: 'rollouts',
  invariant: 'invariants',
} as const;

export type Kind = keyof typeof KINDS;
export type Plural = (typeof KINDS)[Kind];

export const KIND_NAMES = Object.keys(KINDS) as Kind[]; // keys of the constant above
export const PLURALS = Object.values(KINDS);

/** `route` or `routes`. */
export function kindOf(word: string): Kind | undefined {
  return KIND_NAMES.find((kind) => kind === word || KINDS[kind] === word);
}

/** The same, or an end that says what there is; `others`: further words that the command takes there. */
export function kindIn(word: string, others: readonly string[] = []): Kind {
  const kind = kindOf(word);
  if (kind !== undefined) return kind;
  const known = [...KIND_NAMES, ...others];
  throw new CommandEnd(WRONG, `unknown kind ${word}; ${didYouMean(word, known, `there are ${known.join(', ')}`)}`);
}
