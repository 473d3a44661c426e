/**
 * Documents of many routes, one a line.
 */

/** `mark`: what is in each route, so that two documents differ in all of them. */
export function largeDocument(routes: number, mark: string, upstream = 'main'): string {
  const lines = Array.from({ length: routes }, (_, i) => {
    const set = `{ x-mark: "${mark}" }`;
    return `  r${i}: { match: { path: /some/${i} }, upstream: ${upstream}, rewrite: { headers: { request: { set: ${set} } } } }`;
  });
  return `listeners:
  internal: { address: 127.0.0.1:0 }
admin: { address: 127.0.0.1:0 }
upstreams:
  main: { endpoints: [ "http://127.0.0.1:9" ] }
routes:
${lines.join('\n')}
`;
}
