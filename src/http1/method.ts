/**
 * The method of a request, as text.
 *
 * Rule: any token is a method (RFC 9110 section 9.1), and the usual ones cost no string. How long one may be, and what bytes it
 * may hold, is for the reader of the request line to say.
 */

import { textOf } from '../core/text.ts';

/** The usual methods without a new string for each request. */
export function methodAt(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length === 3 && bytes[start] === 71 && bytes[start + 1] === 69 && bytes[start + 2] === 84) return 'GET';
  if (
    length === 4 &&
    bytes[start] === 80 &&
    bytes[start + 1] === 79 &&
    bytes[start + 2] === 83 &&
    bytes[start + 3] === 84
  )
    return 'POST';
  return textOf(bytes, start, end);
}
