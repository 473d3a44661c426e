/**
 * What a route matches: from the tree to settings.
 *
 * Rule: hosts and header names become lower case, hosts lose the dot at their end, prefixes the slash, paths are brought into
 * the form that plain readings of requests have, so that two ways to write one match resolve to the same settings.
 */

import { writtenPath } from '../core/target.ts';
import { patternProblem } from '../routing/match-regex.ts';
import type { MatchSettings, PathMatch } from '../routing/route.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { textAt, textOf } from './reader.ts';
import { MOST_STEPS, stepsOf } from './regex-size.ts';
import { child, entries, items, type Node, nameOf, shown } from './tree.ts';
import { type Flaw, hostFlaw, pathFlaw, valueFlaw } from './wording.ts';

/** What most routes ask of headers and query. */
const NOTHING: Readonly<Record<string, string>> = Object.freeze({});

export function resolveMatch(node: Node | undefined, problems: Problems): MatchSettings {
  const host = resolveHost(child(node, 'host'), problems);
  const path = resolvePath(child(node, 'path'), problems);
  const methods = resolveMethods(child(node, 'methods'), problems);
  return {
    ...(host === undefined ? {} : { host }),
    ...(path === undefined ? {} : { path }),
    ...(methods === undefined ? {} : { methods }),
    headers: resolveHeaders(child(node, 'headers'), problems),
    query: texts(child(node, 'query')),
  };
}

function resolveHost(node: Node | undefined, problems: Problems): string | undefined {
  const host = textOf(node);
  if (host === undefined || report(node, hostFlaw(host, true), problems)) return undefined;
  return host.toLowerCase().replace(/\.$/, '');
}

function resolvePath(node: Node | undefined, problems: Problems): PathMatch | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar') {
    const value = resolvePrefix(node, problems);
    return value === undefined ? undefined : { kind: 'prefix', value };
  }
  const exact = child(node, 'exact');
  if (exact !== undefined) {
    const value = resolveWholePath(exact, problems);
    return value === undefined ? undefined : { kind: 'exact', value };
  }
  const regex = child(node, 'regex');
  const value = textOf(regex);
  if (regex === undefined || value === undefined) return undefined;
  const steps = stepsOf(value);
  if (steps > MOST_STEPS) {
    const reason = `is ${steps} steps long with its repetitions written out, the most is ${MOST_STEPS}`;
    problems.error(atValue(regex), `regex: ${shown(regex)} ${reason}`, 'repeat less often, or without a bound (`*`)');
    return undefined;
  }
  const wrong = patternProblem(value);
  if (wrong === undefined) return { kind: 'regex', value };
  const what = wrong.replace(/^error parsing regexp: /, '');
  const advice = /\(\?[=!<]|Perl syntax|escape sequence|named capture/.test(what)
    ? 'the engine runs in linear time: it has no look-around and no back-references'
    : 'mend the expression; it must match the whole path';
  problems.error(atValue(regex), `regex: ${shown(regex)} cannot be run: ${what}`, advice);
  return undefined;
}

/** A prefix of whole segments, without a slash at its end (but `/`), in plain reading. */
export function resolvePrefix(node: Node | undefined, problems: Problems): string | undefined {
  const path = resolveWholePath(node, problems);
  return path !== undefined && path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** A path in plain reading. */
export function resolveWholePath(node: Node | undefined, problems: Problems): string | undefined {
  const path = textOf(node);
  return path === undefined || report(node, pathFlaw(path), problems) ? undefined : writtenPath(path);
}

function resolveMethods(node: Node | undefined, problems: Problems): string[] | undefined {
  if (node === undefined) return undefined;
  return items(node).flatMap((item) => {
    const method = textOf(item);
    if (method === undefined) return [];
    const upper = method.toUpperCase();
    if (upper === 'CONNECT')
      problems.error(atValue(item), `${nameOf(item)}: CONNECT is refused before any route`, 'remove it');
    else if (method !== upper)
      problems.error(
        atValue(item),
        `${nameOf(item)}: methods are case-sensitive, and ${shown(item)} never comes`,
        'write it in upper case',
      );
    return [method];
  });
}

function resolveHeaders(node: Node | undefined, problems: Problems): Readonly<Record<string, string>> {
  if (node === undefined) return NOTHING;
  const found = new Map<string, string>();
  for (const [name, value] of entries(node)) {
    const lower = name.toLowerCase();
    const text = textOf(value);
    if (text === undefined || report(value, valueFlaw(text), problems)) continue;
    if (found.has(lower))
      problems.error(
        atKey(value),
        `the header ${name} stands here a second time`,
        'keep one of the two: case does not count',
      );
    found.set(lower, text);
  }
  return Object.fromEntries(found);
}

function texts(node: Node | undefined): Readonly<Record<string, string>> {
  if (node === undefined) return NOTHING;
  return Object.fromEntries(entries(node).flatMap(([name]) => [[name, textAt(node, name) ?? '']]));
}

/** Reports a flaw of the node's text; true where there is one. */
export function report(node: Node | undefined, flaw: Flaw | undefined, problems: Problems): boolean {
  if (node === undefined || flaw === undefined) return false;
  problems.error(atValue(node), `${nameOf(node)}: ${shown(node)} ${flaw.reason}`, flaw.advice);
  return true;
}
