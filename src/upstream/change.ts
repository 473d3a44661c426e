/**
 * A list in order of ids, changed.
 *
 * Rule: what stays is the same object, and all stands where it would if the whole list were made anew. Only the places of what
 * changes are looked for: comparing ids with all entries would take longer than all else. Ids that are gone may be of nobody.
 */

interface Entry {
  readonly id: string;
}

/** The list after a change, whose ids are of one entry each; `made` makes an entry of who is new or changed. */
export function changed<T extends Entry, New extends Entry>(
  list: readonly T[],
  { put, gone }: { readonly put: readonly New[]; readonly gone: readonly string[] },
  made: (one: New) => T,
): T[] {
  const edits = [
    ...put.map((one) => ({ id: one.id, entry: made(one) })),
    ...gone.map((id) => ({ id, entry: undefined })),
  ].sort((one, other) => (one.id < other.id ? -1 : 1));
  const after: T[] = [];
  let from = 0;
  for (const { id, entry } of edits) {
    const at = placeOf(id, list, from);
    while (from < at) after.push(list[from++]);
    if (list[from]?.id === id) from++;
    if (entry !== undefined) after.push(entry);
  }
  while (from < list.length) after.push(list[from++]);
  return after;
}

/** Index of the first entry, from `from` on, whose id is not less. */
function placeOf(id: string, list: readonly Entry[], from: number): number {
  let low = from;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
