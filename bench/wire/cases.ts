/**
 * What is measured on the wire, one entry per case.
 *
 * Rule: a case says everything about its load; peers and measuring know no case by name. The first case is the one the
 * project compares itself by; the others show where its picture is one-sided.
 */

export interface Case {
  readonly id: string;
  readonly title: string;
  readonly method: 'GET' | 'POST';
  /** Path at the origin; its reply has `replyBytes`. */
  readonly path: string;
  readonly replyBytes: number;
  /** Bytes of the request's body. */
  readonly sentBytes: number;
  /** Request headers beside Host. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly connections: number;
}

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

const KIB = 1024;
const BASE = { method: 'GET', path: '/1k', replyBytes: KIB, sentBytes: 0, headers: ELEVEN, connections: 64 } as const;

export const CASES: readonly Case[] = [
  { ...BASE, id: '1k', title: '1 KiB reply, 12 request headers' },
  { ...BASE, id: '1k-bare', title: '1 KiB reply, Host alone', headers: [] },
  { ...BASE, id: '64k', title: '64 KiB reply', path: '/64k', replyBytes: 64 * KIB },
  { ...BASE, id: '1m', title: '1 MiB reply', path: '/1m', replyBytes: KIB * KIB },
  { ...BASE, id: 'post-16k', title: 'POST of 16 KiB', method: 'POST', path: '/post', sentBytes: 16 * KIB },
];
