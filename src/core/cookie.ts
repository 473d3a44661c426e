/**
 * What a Cookie header says.
 *
 * Rule: read where it stands, and only for the one name that is asked for. Values are untrusted text of any length.
 */

/** The value of the first cookie of this name (RFC 6265 section 4.2.1), without quotes around it. */
export function cookieValue(cookies: string | undefined, name: string): string | undefined {
  if (cookies === undefined) return undefined;
  let from = 0;
  while (from < cookies.length) {
    const semicolon = cookies.indexOf(';', from);
    const end = semicolon === -1 ? cookies.length : semicolon;
    while (cookies.charCodeAt(from) === 32) from += 1;
    if (cookies.startsWith(name, from) && cookies.charCodeAt(from + name.length) === 61) {
      const value = cookies.slice(from + name.length + 1, end).trim();
      const quoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
      return quoted ? value.slice(1, -1) : value;
    }
    from = end + 1;
  }
  return undefined;
}
