/**
 * A request that a written route should take, as the form that explains requests begins with it.
 *
 * Rule: only what the route says; a regular expression for a path is left to whoever asks.
 */

type Loose = Readonly<Record<string, unknown>>;

export interface SampleRequest {
  readonly method: string;
  readonly url: string;
  /** `name: value`, one a line. */
  readonly headers: string;
}

function record(value: unknown): Loose {
  return typeof value === 'object' && value !== null ? (value as Loose) : {};
}

export function requestFor(route: unknown): SampleRequest {
  const match = record(record(route).match);
  const methods = Array.isArray(match.methods) ? match.methods : [];
  const host = typeof match.host === 'string' ? match.host.replace(/^\*\./, 'any.') : 'localhost';
  const query = Object.entries(record(match.query)).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
  );
  return {
    method: String(methods[0] ?? 'GET'),
    url: `http://${host}${pathOf(match.path)}${query.length === 0 ? '' : `?${query.join('&')}`}`,
    headers: Object.entries(record(match.headers))
      .map(([name, value]) => `${name}: ${String(value)}`)
      .join('\n'),
  };
}

function pathOf(path: unknown): string {
  if (typeof path === 'string') return path;
  const { exact } = record(path);
  return typeof exact === 'string' ? exact : '/';
}

/** `name: value` lines as an object, those of one name as a list; lines without a colon are left out. */
export function headersIn(text: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    if (at <= 0) continue;
    const name = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    headers[name] = Object.hasOwn(headers, name) ? [headers[name], value].flat() : value;
  }
  return headers;
}
