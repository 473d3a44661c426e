/**
 * What tests of dying data threads share: a document of one route, and the entry of a thread that can be made to die.
 */

/** Where a thread hears that it is to die. */
export const CRASH_CHANNEL = 'signalbox-test-crash';
export const CRASHING = new URL('./crashing-entry.ts', import.meta.url);

/** Everything under `path` goes to the origin on this port. */
export function documentOf(port: number, path = '/'): string {
  return `listeners:
  internal: { address: 127.0.0.1:0 }
admin: { address: 127.0.0.1:0 }
drain: { notice: 0s, limit: 1s }
upstreams:
  origin: { endpoints: [http://127.0.0.1:${port}] }
routes:
  all: { match: { path: ${path} }, upstream: origin }
`;
}
