/**
 * The alphabets of HTTP/1.1, as tables: one load tells whether a byte may stand where it stands.
 *
 * Sources: RFC 9110 section 5.6.2 (token), section 5.5 (field values), RFC 9112 section 3.2 (request target), RFC 3986
 * section 3.2.2 (host).
 */

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const HTAB = 9;
export const COLON = 58;

function alphabet(accepts: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (accepts(byte) ? 1 : 0));
}

const isAlphanumeric = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);

const oneOf = (characters: string) => {
  const codes = new Set([...characters].map((character) => character.charCodeAt(0)));
  return (byte: number): boolean => codes.has(byte);
};

const tokenMark = oneOf("!#$%&'*+-.^_`|~");
/** Methods, field names, parameter names. */
export const TOKEN = alphabet((byte) => isAlphanumeric(byte) || tokenMark(byte));

/** Token bytes that every server tells apart: the names of nearly all fields are made of these alone. */
export const PLAIN = alphabet((byte) => isAlphanumeric(byte) || byte === 45);

/** Field values: visible ASCII, space, tab and obs-text; no other control byte, no DEL. */
export const VALUE = alphabet((byte) => byte === HTAB || (byte >= SP && byte !== 127));

/**
 * Request targets: visible ASCII but `#`. Wider than RFC 3986 by what clients do send unencoded (`|`, `{`, `"`, `\`),
 * narrower than what some servers let in: no byte above 126.
 */
export const TARGET = alphabet((byte) => byte > SP && byte < 127 && byte !== 35);

const hostMark = oneOf("-._~%!$&'()*+;=[]:");
/** Host and port, before their structure is looked at. No comma, though RFC 3986 lets names have one: two hosts may be meant. */
export const HOST = alphabet((byte) => isAlphanumeric(byte) || hostMark(byte));

/** Whether more bytes of a head can tell something new: a line ends in them, or a CR stands before another byte. */
export function endsLine(before: Uint8Array, more: Uint8Array): boolean {
  return before[before.length - 1] === CR || more.includes(LF) || more.includes(CR);
}

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 65 && byte <= 70) return byte - 55;
  if (byte >= 97 && byte <= 102) return byte - 87;
  return 255;
});
