/**
 * One text for one meaning: the identity of a document.
 *
 * Rule: keys in order, no white space, Infinity as `"off"`. The revision is the beginning of the hash of that text; values
 * from the environment (tokens among them) count in it, and cannot be read back from it.
 */

const { createHash } = process.getBuiltinModule('node:crypto');

const REVISION_DIGITS = 12;

/** Canonical JSON of plain data. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part === Number.POSITIVE_INFINITY) return 'off';
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The first 12 hexadecimal digits of the SHA-256 of the canonical JSON. */
export function revisionOf(document: unknown): string {
  return createHash('sha256').update(canonical(document)).digest('hex').slice(0, REVISION_DIGITS);
}
