/**
 * The time as HTTP writes it (RFC 9110 section 5.6.7).
 *
 * Rule: one string a second, whoever asks. It formats a time it is given and reads no clock.
 */

let second = Number.NaN;
let text = '';

/** `wall`: milliseconds since the epoch. */
export function httpDate(wall: number): string {
  const now = Math.floor(wall / 1_000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1_000).toUTCString();
  }
  return text;
}
