/**
 * JSON that somebody sends: read, or refused with a sentence.
 *
 * Rule: keys that would reach a prototype are refused, and so is what is nested more deeply than any document, before
 * something that calls itself walks over it; a key that stands twice is refused as it is in YAML. Fastify's own parser says
 * the same of prototypes, and is not for a thread that has no server.
 */

import type { Json } from './patch.ts';
import { keyTwice } from './twice.ts';

const TOO_LARGE = 'a number in the body is larger than any that can be counted with';
/** As deep as a text of YAML may be (parse.ts). */
const DEPTH = 50;
/** Characters of a pointer that are told, the last ones. */
const LONGEST = 300;

export type SentJson = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly detail: string };

export function readJson(text: string): SentJson {
  try {
    const clean = text.startsWith('\ufeff') ? text.slice(1) : text;
    const value = JSON.parse(clean) as Json;
    const detail = faultIn(value, DEPTH) ?? twiceIn(clean);
    return detail === undefined ? { ok: true, value } : { ok: false, detail };
  } catch (error) {
    return { ok: false, detail: `the body is no JSON: ${(error as Error).message}` };
  }
}

function twiceIn(text: string): string | undefined {
  const pointer = keyTwice(text);
  return pointer === undefined ? undefined : `the body has a key twice: ${shortened(pointer)}; keep one of the two`;
}

function shortened(pointer: string): string {
  return pointer.length <= LONGEST ? pointer : `...${pointer.slice(-LONGEST).toWellFormed()}`;
}

/** What keeps a value from being taken; `left`: how much deeper it may be. */
function faultIn(value: Json | undefined, left: number): string | undefined {
  // `1e999` is Infinity to JSON.parse, which no JSON can say again.
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return TOO_LARGE;
  if (typeof value !== 'object' || value === null) return undefined;
  if (left === 0) return `the body is nested more than ${DEPTH} deep; no part of a document is`;
  if (reachesPrototype(value)) return 'the body is no JSON: Object contains forbidden prototype property';
  for (const part of Object.values(value)) {
    const fault = faultIn(part, left - 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function reachesPrototype(value: object): boolean {
  if (Object.hasOwn(value, '__proto__')) return true;
  if (!Object.hasOwn(value, 'constructor')) return false;
  const { constructor: named } = value as { constructor: unknown };
  return typeof named === 'object' && named !== null && Object.hasOwn(named, 'prototype');
}
