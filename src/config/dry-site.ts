/**
 * A place to compile for where nothing lives: no sockets, no counters.
 *
 * Rule: a document is compiled and rehearsed against it before any thread sees it, and by `check`, which runs no router.
 * Its upstreams answer every question about themselves and can serve nobody.
 */

import type { Protection } from '../policy/policy.ts';
import type { Upstream, UpstreamBlocks, UpstreamSettings } from '../upstream/upstream.ts';
import type { Site } from './compile.ts';

/** A site whose upstreams have no members; blocks are numbered in the order they are asked for. */
export function drySite(): Site {
  const blocks = new Map<string, number>();
  return {
    upstream: dryUpstream,
    protection: () => UNPROTECTED,
    block(key) {
      const known = blocks.get(key) ?? blocks.size;
      blocks.set(key, known);
      return known;
    },
  };
}

const UNPROTECTED: Protection = { circuit: undefined, limiter: undefined, retry: undefined, hedge: undefined };

function dryUpstream(id: string, settings: UpstreamSettings, { own }: UpstreamBlocks): Upstream {
  return { id, settings, block: own, members: [], aim: () => undefined };
}
