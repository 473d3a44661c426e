/**
 * The header names that matter to a table, numbered.
 *
 * Rule: the head scan asks of each line only "does a name of this first letter and this length matter?", and compares
 * letters only then. The names of the wire itself come first, with fixed numbers; a table adds those its routes,
 * correlation and edits speak of. A set is filled while a table is compiled and only read afterwards.
 */

/** Names that the wire itself acts on; the position in this list is the number. */
export const WIRE_NAMES = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'expect',
  'proxy-authorization',
  'proxy-authenticate',
  'http2-settings',
  'traceparent',
  'tracestate',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-signalbox-attempt',
  'x-signalbox-deadline-ms',
  'x-signalbox-upstream',
  'cookie',
  'date',
  'max-forwards',
] as const;

export type WireName = (typeof WIRE_NAMES)[number];

export const NAME = Object.freeze(
  Object.fromEntries(WIRE_NAMES.map((name, number) => [name, number])) as Record<WireName, number>,
);

const LENGTHS = 64;

const DASH = 45;

/** Which bucket a name falls into, by the first byte (in any case) and the length. */
export function bucketOf(firstByte: number, length: number): number {
  return (firstByte & 31) * LENGTHS + (length & (LENGTHS - 1));
}

export class NameSet {
  readonly names: string[] = [];
  /** First candidate per `bucketOf`, or -1; `next` chains the others. Read by the head scan for its first question. */
  readonly first = new Int32Array(32 * LENGTHS).fill(-1);
  private readonly next: number[] = [];
  /** The names as bytes. */
  private readonly spelt: Uint8Array[] = [];
  private readonly numbers = new Map<string, number>();
  /** Some name of the set has a mark other than `-` in it. */
  marked = false;

  constructor() {
    for (const name of WIRE_NAMES) this.add(name);
  }

  /** Another set with the same names and numbers, which takes more without a word to whoever reads this one. */
  copy(): NameSet {
    const copy = new NameSet();
    for (const name of this.names) copy.add(name);
    return copy;
  }

  /** The number of a name, given anew where the set did not hold it. Case does not matter. */
  add(name: string): number {
    const lower = name.toLowerCase();
    const known = this.numbers.get(lower);
    if (known !== undefined) return known;
    const number = this.names.length;
    const bucket = bucketOf(lower.charCodeAt(0), lower.length);
    this.names.push(lower);
    this.spelt.push(Buffer.from(lower, 'latin1'));
    this.marked ||= /[^0-9a-z-]/.test(lower);
    this.numbers.set(lower, number);
    this.next.push(this.first[bucket]);
    this.first[bucket] = number;
    return number;
  }

  /** The number of a name the set holds, or -1. */
  number(name: string): number {
    return this.numbers.get(name.toLowerCase()) ?? -1;
  }

  /** The number of the name that stands in `bytes` from `start` to `end` (a valid token), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    let candidate = this.first[bucketOf(bytes[start], length)];
    while (candidate !== -1) {
      if (sameName(this.spelt[candidate], bytes, start, length)) return candidate;
      candidate = this.next[candidate];
    }
    return -1;
  }

  /**
   * The number of a name of the set that is another one, but that some servers cannot tell from this one: to them every
   * mark of a token is the same (`X_User.Id` and `X-User-Id` make one variable of CGI, RFC 3875 section 4.1.18); or -1.
   */
  alike(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    let candidate = this.first[bucketOf(bytes[start], length)];
    while (candidate !== -1) {
      const name = this.names[candidate];
      if (likeName(name, bytes, start, length) && !sameName(this.spelt[candidate], bytes, start, length))
        return candidate;
      candidate = this.next[candidate];
    }
    return -1;
  }
}

/** Compares as `sameName` does, but takes every mark for `-`. */
function likeName(name: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (unmarked(bytes[start + i]) !== unmarked(name.charCodeAt(i))) return false;
  return true;
}

function unmarked(byte: number): number {
  if ((byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 122)) return byte;
  return byte >= 65 && byte <= 90 ? byte | 32 : DASH;
}

/** The name in lower case as servers see it that take every mark for `-`. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^0-9a-z]/g, '-');
}

const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte | 32 : byte));

/** Compares a lower-case name with as many bytes of a token, in any case. */
function sameName(name: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false;
  const lower = LOWER;
  for (let i = 0; i < length; i++) if (lower[bytes[start + i]] !== name[i]) return false;
  return true;
}
