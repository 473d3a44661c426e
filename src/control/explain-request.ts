/**
 * What is asked when somebody wants to know where a request goes, and whether it is a request at all.
 *
 * Rule: what no client could send is a problem with its place; all else is written as a head and read by the parser of the
 * wire, so that what it refuses, cuts or takes for the same name is so here too. Headers are those the caller names; a real
 * client sends more.
 */

import { readUrl } from '../config/ask.ts';
import { pointerStep } from '../config/tree.ts';
import { type Fault, fault } from '../core/fault.ts';
import type { NameSet } from '../core/names.ts';
import { headText } from '../core/target.ts';
import { type HeadLimits, RequestHead } from '../http1/request.ts';
import type { Finding } from './cold.ts';

export interface ExplainRequest {
  /** GET where none is said. */
  readonly method?: string | undefined;
  /** `http://cart.internal/cart/7` */
  readonly url: string;
  /** Several values are so many lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Id of the listener; undefined: the first one that has a route for it. */
  readonly listener?: string | undefined;
}

/** The lines of a head, as a client sends them: names in lower case, Host first. */
export interface Spoken {
  readonly method: string;
  readonly target: string;
  readonly lines: readonly (readonly [name: string, value: string])[];
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 3986 section 3.2.2 without the comma, as the wire takes it. */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+)(?::\d{0,5})?$/;
/** Control bytes but tab. */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

export function readRequest(request: ExplainRequest): Spoken | { readonly problem: Finding } {
  const { method = 'GET', url, headers = {} } = request;
  if (!TOKEN.test(method) || method.length > 64)
    return problem('/method', 'is no method', 'write letters alone, as in `GET`');
  if (method === 'CONNECT') return problem('/method', 'CONNECT is not served', 'ask for another method');
  const read = readUrl(url);
  if (read === undefined) return { problem: urlProblem(url) };
  if (read.target === '*' && method !== 'OPTIONS')
    return problem('/url', 'the target * is for OPTIONS only', 'write a path');
  const lines: [string, string][] = [];
  for (const [written, values] of Object.entries(headers)) {
    const pointer = `/headers${pointerStep(written)}`;
    if (!TOKEN.test(written)) return problem(pointer, 'is no name of a header', 'write letters, digits and `-`');
    for (const value of typeof values === 'string' ? [values] : values) {
      if (CONTROL.test(value)) return problem(pointer, 'holds a control character', 'write it without line breaks');
      lines.push([written.toLowerCase(), headText(value.trim())]);
    }
  }
  // One that is named wins over the URL's.
  const named = lines.filter(([name]) => name === 'host');
  const hosts = named.length > 0 || read.authority === '' ? named : [['host', read.authority] as const];
  const wrong = hosts.find(([, host]) => !AUTHORITY.test(host))?.[1];
  if (hosts.length > 0 && wrong === undefined)
    return { method, target: read.target, lines: [...hosts, ...lines.filter(([name]) => name !== 'host')] };
  const ofUrl = wrong === read.authority || wrong === undefined;
  const reason = wrong === undefined ? 'names no host' : `${JSON.stringify(wrong)} is no host`;
  return problem(ofUrl ? '/url' : '/headers/host', reason, 'write `http://host/path`');
}

function problem(pointer: string, reason: string, advice: string): { readonly problem: Finding } {
  return { problem: { pointer, reason, advice } };
}

function urlProblem(url: string): Finding {
  const say = (reason: string, advice: string): Finding => ({ pointer: '/url', reason, advice });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1];
  if (scheme !== undefined && !/^https?$/i.test(scheme)) return say(`${scheme} is not spoken here`, 'write `http://`');
  if (url.includes('#')) return say('has a fragment, which clients do not send', 'leave out what begins with `#`');
  if (/[^!-~]/.test(url)) return say('holds a character that no request target holds', 'percent-encode it');
  return say('is no URL', 'write `http://host/path`');
}

/** The head as the wire of this listener reads it, or why it refuses it before it asks for a route. */
export function onTheWire({ method, target, lines }: Spoken, names: NameSet, limits: HeadLimits): RequestHead | Fault {
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const bytes = Buffer.from(`${method} ${target} HTTP/1.1\r\n${text}\r\n`, 'latin1');
  const head = new RequestHead();
  return head.parse(bytes, 0, bytes.length, names, limits) > 0 ? head : fault(head.code, head.refusal);
}
