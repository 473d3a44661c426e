/**
 * What an edit wishes for, and the operations on the written document that fulfil it.
 *
 * Rule: pure. A part that is put is compared with what is there, so that only what differs is edited; secrets that come back
 * hidden are what they were in that place.
 */

import { isMap, type Json, type PatchOperation, patchBetween, valueAt } from '../config/patch.ts';
import { unmask, writtenOf } from '../config/written.ts';

/** What shall be: a part, none of it, the whole document, or a whole text. */
export type Wish =
  | { readonly is: 'put'; readonly section: Section; readonly id: string; readonly value: Json }
  | { readonly is: 'remove'; readonly section: Section; readonly id: string }
  | { readonly is: 'document'; readonly value: Json }
  | { readonly is: 'text'; readonly text: string };

export const SECTIONS = ['routes', 'upstreams', 'rollouts', 'invariants'] as const;
export type Section = (typeof SECTIONS)[number];

/** Operations on the written document; undefined where what shall go is not there. */
export function opsFor(written: Json, wish: Exclude<Wish, { is: 'text' }>): readonly PatchOperation[] | undefined {
  if (wish.is === 'document') return patchBetween(written, unmask(wish.value, written));
  const { section, id } = wish;
  const path = `/${section}/${id}`;
  const there = valueAt(written, path);
  if (wish.is === 'remove') return there === undefined ? undefined : [{ op: 'remove', path }];
  const value = unmask(wish.value, there, path);
  if (there !== undefined) return patchBetween(there, value).map((op) => ({ ...op, path: path + op.path }));
  const home = valueAt(written, `/${section}`);
  if (isMap(home)) return [{ op: 'add', path, value }];
  return [{ op: 'add', path: `/${section}`, value: { [id]: value } }];
}

export function has(text: string, { section, id }: Extract<Wish, { is: 'put' }>): boolean {
  const written = writtenOf(text);
  return written.ok && valueAt(written.value, `/${section}/${id}`) !== undefined;
}
