/**
 * The document of a story about upstreams that fail: each upstream stands behind a path of its name.
 */

/** Settings of an upstream as the document has them. */
export type Written = Readonly<Record<string, unknown>> & {
  readonly endpoints: readonly (string | { url: string; weight: number })[];
};

export function storyDocument(upstreams: Readonly<Record<string, Written>>): string {
  const ids = Object.keys(upstreams);
  return JSON.stringify({
    listeners: { internal: { address: '127.0.0.1:0' } },
    admin: { address: '127.0.0.1:0' },
    drain: { notice: '0s', limit: '1s' },
    upstreams,
    routes: Object.fromEntries(ids.map((id) => [id, { match: { path: `/${id}` }, upstream: id }])),
  });
}
