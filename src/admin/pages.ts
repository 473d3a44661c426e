/**
 * The dashboard at `/` and the page that tries the API at `/docs`: static files, from memory.
 *
 * Rule: the pages are a client like any other; nothing here knows what they show. They are read once, packed once, and
 * may load nothing but themselves. Where they were not built, `/` says so, and everything else on the port works.
 */

import type { Hash } from 'node:crypto';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';

const { readdirSync, readFileSync } = process.getBuiltinModule('node:fs');
const { extname, join } = process.getBuiltinModule('node:path');
const { createHash } = process.getBuiltinModule('node:crypto');
const { constants, gzipSync } = process.getBuiltinModule('node:zlib');

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
} as const;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** Whoever cannot name himself yet must see the page that asks him to. */
const OPEN = { config: { need: 'open' } } as const;

const NOT_BUILT = 'The dashboard is not built. Run `npm run build` and start the router again.\n';

export interface Page {
  readonly type: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
  readonly tag: string;
  /** Its name changes with its content. */
  readonly lasting: boolean;
}

/** Serves what `npm run build` left in `folder`; read when the plugin is registered. */
export function pages(folder: string): FastifyPluginAsync {
  return async (server) => {
    const built = readPages(folder);
    for (const path of ['/', '/docs']) {
      server.get(path, OPEN, async (request, reply) => {
        const page = built.get(path);
        if (page !== undefined) return send(page, request, reply);
        return reply.code(503).headers(HEADERS).type('text/plain; charset=utf-8').send(NOT_BUILT);
      });
    }
    for (const [path, page] of built) {
      if (page.lasting) server.get(path, OPEN, async (request, reply) => send(page, request, reply));
    }
  };
}

/** Path -> page; empty where nothing was built. */
export function readPages(folder: string): ReadonlyMap<string, Page> {
  const found = new Map<string, Page>();
  try {
    for (const name of readdirSync(join(folder, 'assets'))) {
      found.set(`/assets/${name}`, pageOf(join(folder, 'assets', name), true));
    }
    found.set('/', pageOf(join(folder, 'index.html'), false));
    found.set('/docs', pageOf(join(folder, 'docs.html'), false));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    found.clear();
  }
  return found;
}

function pageOf(path: string, lasting: boolean): Page {
  const plain = readFileSync(path);
  const hash: Hash = createHash('sha256').update(plain);
  return {
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    plain,
    packed: gzipSync(plain, { level: constants.Z_BEST_COMPRESSION }),
    tag: `"${hash.digest('base64url').slice(0, 22)}"`,
    lasting,
  };
}

function send(page: Page, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.headers({
    ...HEADERS,
    etag: page.tag,
    vary: 'accept-encoding',
    'cache-control': page.lasting ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  const known = request.headers['if-none-match']?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === page.tag);
  if (known === true) return reply.code(304).send();
  reply.type(page.type);
  if (!takesGzip(request.headers['accept-encoding'])) return reply.send(page.plain);
  return reply.header('content-encoding', 'gzip').send(page.packed);
}

/** Named, and not refused by `;q=0`. */
function takesGzip(accepted: string | string[] | undefined): boolean {
  const codings = String(accepted ?? '').split(',');
  return codings.some((coding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(coding));
}
