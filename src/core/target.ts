/**
 * A request target taken apart for comparing: where its path ends, how the path reads plainly, what a parameter says.
 *
 * Rule: comparing never changes what is sent, targets go on byte for byte. A percent-code is decoded once at most, and
 * only where it stands for an unreserved character (RFC 3986 section 6.2.2.2); any other is kept, its digits in upper
 * case, because `%c3` and `%C3` are the same byte (section 6.2.2.1). A `%` that begins no code is a literal one and
 * reads `%25`, so that no two bytes ever read alike. The strict reading is left to routing/path.ts.
 */

const PERCENT = 37;

/** RFC 3986 section 2.3. */
const UNRESERVED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~';

/** Where the path of a target ends: the position of its first `?`, or its length. */
export function pathEnd(target: string): number {
  const question = target.indexOf('?');
  return question === -1 ? target.length : question;
}

/** The byte that the two digits from `at` stand for, or -1 where they are not hexadecimal digits. */
function hexByte(text: string, at: number): number {
  if (at + 1 >= text.length) return -1;
  const high = hexDigit(text.charCodeAt(at));
  const low = hexDigit(text.charCodeAt(at + 1));
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** A byte as a percent-code, `%2F`. */
function percentCode(byte: number): string {
  return `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
}

/** What the percent-code of each byte reads as. */
const READS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  UNRESERVED.includes(String.fromCharCode(byte)) ? String.fromCharCode(byte) : percentCode(byte),
);
/** What a `%` reads as that begins no code. */
const LITERAL = '%25';

/** The plain reading of a path (no query): codes of unreserved characters decoded, nothing else. */
export function plainPath(path: string): string {
  let at = path.indexOf('%');
  if (at === -1) return path;
  let plain = '';
  let from = 0;
  while (at !== -1) {
    const byte = hexByte(path, at + 1);
    plain += path.slice(from, at) + (byte === -1 ? LITERAL : READS[byte]);
    from = at + (byte === -1 ? 1 : 3);
    at = path.indexOf('%', from);
  }
  return plain + path.slice(from);
}

/** A path as people write it in a document (`/café`, `/%7Euser`), in the form that plain readings of requests have. */
export function writtenPath(path: string): string {
  if (/^[!-~]*$/.test(path)) return plainPath(path);
  let encoded = '';
  for (const byte of Buffer.from(path, 'utf8')) {
    encoded += byte <= 32 || byte >= 127 ? percentCode(byte) : String.fromCharCode(byte);
  }
  return plainPath(encoded);
}

/**
 * How much of a target spells a prefix: the position behind it where the plain reading of the target's path begins with
 * `prefix` (itself in plain reading, without a slash at its end) and the prefix ends with a segment; -1 where not.
 */
export function prefixEnd(target: string, prefix: string): number {
  const end = pathEnd(target);
  let at = 0;
  let matched = 0;
  while (matched < prefix.length) {
    if (at >= end) return -1;
    if (target.charCodeAt(at) !== PERCENT) {
      if (target.charCodeAt(at) !== prefix.charCodeAt(matched)) return -1;
      at += 1;
      matched += 1;
      continue;
    }
    const byte = hexByte(target, at + 1);
    const reads = byte === -1 ? LITERAL : READS[byte];
    if (!prefix.startsWith(reads, matched)) return -1;
    at += byte === -1 ? 1 : 3;
    matched += reads.length;
  }
  return at === end || target.charCodeAt(at) === 47 ? at : -1;
}

/**
 * The value of the first parameter of this name in the target's query, decoded (`+` is a space); '' where it has no
 * value, undefined where there is none. What does not decode to UTF-8 stays as it came.
 */
export function queryValue(target: string, name: string): string | undefined {
  let from = pathEnd(target) + 1;
  while (from <= target.length) {
    const ampersand = target.indexOf('&', from);
    const end = ampersand === -1 ? target.length : ampersand;
    const equals = target.indexOf('=', from);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    if (nameEnd > from && decodeParameter(target.slice(from, nameEnd)) === name) {
      return decodeParameter(target.slice(Math.min(nameEnd + 1, end), end));
    }
    from = end + 1;
  }
  return undefined;
}

function decodeParameter(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** Text of a document as the bytes that stand for it in a head: UTF-8, each byte one latin1 character. */
export function headText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
