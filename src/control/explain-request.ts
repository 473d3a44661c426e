/**
 * What is asked when somebody wants to know where a request goes, and whether it is a request at all.
 *
 * Rule: what no client could send is a problem with its place; all else is written as a head and read by the parser of the
 * wire, so that what it refuses, cuts or takes for the same name is so here too. Headers are those the caller names; a real
 * client sends more.
 */

import { type Asked, fieldsOf, readUrl } from '../config/ask.ts';
import { pointerStep } from '../config/tree.ts';
import { type Fault, fault } from '../core/fault.ts';
import type { NameSet } from '../core/names.ts';
import { type HeadLimits, RequestHead } from '../http1/request.ts';
import type { Finding } from './cold.ts';

export interface ExplainRequest {
  /** GET where none is said. */
  readonly method?: string | undefined;
  /** `http://cart.internal/cart/7` */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Id of the listener; undefined: the first one that has a route for it. */
  readonly listener?: string | undefined;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 3986 section 3.2.2 without the comma, as the wire takes it. */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+)(?::\d{0,5})?$/;
/** Control bytes but tab. */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

export function readRequest(request: ExplainRequest): Asked | { readonly problem: Finding } {
  const { method = 'GET', url, headers = {} } = request;
  if (!TOKEN.test(method) || method.length > 64)
    return problem('/method', 'is no method', 'write letters alone, as in `GET`');
  if (method === 'CONNECT') return problem('/method', 'CONNECT is not served', 'ask for another method');
  const read = readUrl(url);
  if (read === undefined) return { problem: urlProblem(url) };
  if (read.target === '*' && method !== 'OPTIONS')
    return problem('/url', 'the target * is for OPTIONS only', 'write a path');
  for (const [name, value] of Object.entries(headers)) {
    const pointer = `/headers${pointerStep(name)}`;
    if (!TOKEN.test(name)) return problem(pointer, 'is no name of a header', 'write letters, digits and `-`');
    if (CONTROL.test(value)) return problem(pointer, 'holds a control character', 'write it without line breaks');
  }
  const asked = { method, target: read.target, fields: fieldsOf(headers, read.authority) };
  const host = asked.fields.get('host');
  if (host !== undefined && AUTHORITY.test(host)) return asked;
  const ofUrl = host === read.authority || host === undefined;
  const reason = host === undefined ? 'names no host' : `${JSON.stringify(host)} is no host`;
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
export function onTheWire({ method, target, fields }: Asked, names: NameSet, limits: HeadLimits): RequestHead | Fault {
  // First, as clients have it: where several lines are wrong the first is told.
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${fields.get('host') ?? ''}\r\n`;
  for (const [name, value] of fields) if (name !== 'host') text += `${name}: ${value}\r\n`;
  const bytes = Buffer.from(`${text}\r\n`, 'latin1');
  const head = new RequestHead();
  return head.parse(bytes, 0, bytes.length, names, limits) > 0 ? head : fault(head.code, head.refusal);
}
