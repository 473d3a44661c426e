/**
 * Cases of full load against every peer: processor time per request, by kind of message and number of connections.
 *
 * Rule: every slice connects anew, so slices are so long that this weighs little: with 64 connections one request in
 * five hundred pays for it, with 1,000 the slices are five times as long.
 */

import type { Column } from '../figures/outcome.ts';
import type { Ask } from '../load/ask.ts';
import { withPeers } from '../stage/launch.ts';
import { FILES } from '../stage/origin.ts';
import type { Case } from './case.ts';
import { inSittings, rotate } from './rotate.ts';

/** With Host these are twelve, of the kinds and lengths a browser behind a shop sends. */
const ELEVEN = [
  ['a-header-one', 'value-one-of-some-length'],
  ['Accept', 'text/html,application/xhtml+xml'],
  ['Accept-Language', 'en-US,en;q=0.5'],
  ['Accept-Encoding', 'gzip, deflate, br'],
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/100'],
  ['Cookie', 'a=b; session=0123456789abcdef'],
  ['X-User-Id', '12345'],
  ['X-Tenant', 'acme'],
  ['Cache-Control', 'no-cache'],
  ['Referer', 'http://example.com/some/page'],
  ['Authorization', 'Bearer abcdefghijklmnop'],
] as const;

/** The request most cases ask. */
export const USUAL: Ask = { method: 'GET', path: '/1k', replyBytes: FILES['/1k'], sentBytes: 0, headers: ELEVEN };

export const FLOOD_COLUMNS: readonly Column[] = [
  { key: 'us', label: 'CPU us/request', digits: 1 },
  { key: 'rps', label: 'requests/s', digits: 0 },
  { key: 'p50', label: 'p50 ms', digits: 2 },
  { key: 'p99', label: 'p99 ms', digits: 2 },
  { key: 'mib', label: 'memory MiB', digits: 0 },
];

interface FloodCase {
  readonly id: string;
  readonly title: string;
  readonly ask?: Partial<Ask>;
  readonly connections?: number;
  /** Slices this many times as long as usual, and as many fewer of them. */
  readonly stretch?: number;
  /** At most so many rotations, after a warm-up of a second: see BRIEF. */
  readonly brief?: boolean;
}

/**
 * Whoever closes a connection keeps a trace of it for a minute (TIME-WAIT, RFC 9293 section 3.6.1), and the kernel's time to
 * take ten thousand of them a second away is put down to whoever runs on that core then. Measured: from the second minute on
 * every proxy costs half as much again, some slices twice as much. So such a case is over before
 * that begins, and the one behind it waits (see tracesGone).
 */
const BRIEF = 5;

function floodCase({ id, title, ask = {}, connections = 64, stretch = 1, brief = false }: FloodCase): Case {
  return {
    id,
    title: `${title}, ${connections} connection${connections === 1 ? '' : 's'}`,
    async run({ peers, ground, pace, note }) {
      const asked = { ...USUAL, ...ask };
      const { rotations, slice, warmup } = pace;
      const stretched = brief
        ? { rotations: Math.min(rotations, BRIEF), slice, warmup: Math.min(warmup, 1) }
        : { ...pace, rotations: Math.ceil(rotations / stretch), slice: slice * stretch };
      const load = () => ({ ask: asked, connections });
      const samples = brief
        ? await withPeers(peers, ground, asked, (running) => rotate(running, load, stretched, note))
        : await inSittings(peers, ground, asked, load, stretched, note);
      return { id, title: this.title, columns: FLOOD_COLUMNS, rows: samples.all(), notes: [] };
    },
  };
}

const CLOSE = ['Connection', 'close'] as const;

export const FLOODS: readonly Case[] = [
  floodCase({ id: '1k', title: '1 KiB reply, 12 request headers' }),
  floodCase({ id: '1k-bare', title: '1 KiB reply, Host alone', ask: { headers: [] } }),
  floodCase({ id: '64k', title: '64 KiB reply', ask: { path: '/64k', replyBytes: FILES['/64k'] } }),
  floodCase({ id: '1m', title: '1 MiB reply', ask: { path: '/1m', replyBytes: FILES['/1m'] }, connections: 16 }),
  floodCase({ id: 'post-16k', title: 'POST of 16 KiB', ask: { method: 'POST', path: '/post', sentBytes: 16 * 1024 } }),
  floodCase({ id: 'c1', title: '1 KiB reply', connections: 1 }),
  floodCase({ id: 'c1000', title: '1 KiB reply', connections: 1000, stretch: 5 }),
  floodCase({
    id: 'churn',
    title: 'a connection per request, 1 KiB reply',
    ask: { headers: [...ELEVEN, CLOSE] },
    brief: true,
  }),
];
