/**
 * A small shop behind a router, for stories of edits: a document with comments and styles of its own, one origin for all.
 *
 * Rule: origin and router end with the test; what a test asks of the API goes through `ask`.
 */

import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { adminClient } from './admin-client.ts';
import { type RouterWithApp, startRouterWithApp } from './app.ts';
import { startOrigin } from './origin.ts';

const DOCUMENT = `# The shop. Ask the shop team before you change it.
listeners:
  internal: { address: 127.0.0.1:0 }   # services call each other here
admin: { address: 127.0.0.1:0 }

upstreams:
  cart: { endpoints: [ http://127.0.0.1:PORT ] }   # the old one
  tax:  { endpoints: [ http://127.0.0.1:PORT ] }

routes:
  # Carts, and nothing else.
  cart:
    match: { path: /cart }   # by whole segments
    upstream: cart

  tax: { match: { path: /tax }, upstream: tax }
`;

export async function startShop(t: TestContext, options: Parameters<typeof startRouterWithApp>[1] = {}) {
  const origin = await startOrigin((request, response) => request.resume().on('end', () => response.end('ok')));
  t.after(() => origin.stop());
  const text = DOCUMENT.replaceAll('PORT', String(origin.port));
  const router = await startRouterWithApp(text, options);
  t.after(() => router.stop());
  const ask = adminClient(router.adminUrl);
  const onDisk = () => readFile(router.configPath, 'utf8');
  return { router, ask, text, onDisk, get: (path: string) => statusAt(router, path), port: origin.port };
}

async function statusAt(router: RouterWithApp, path: string): Promise<number> {
  const reply = await fetch(`http://127.0.0.1:${router.port()}${path}`);
  await reply.arrayBuffer();
  return reply.status;
}
