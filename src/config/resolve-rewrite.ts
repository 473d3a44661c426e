/**
 * What a route changes on the way, and where it redirects: from the tree to settings.
 *
 * Rule: nothing written here can end a header line early, touch the framing of a message, or speak in the router's place.
 */

import type { HeaderEditSettings, RedirectSettings, RewriteSettings } from '../policy/policy.ts';
import type { PathMatch } from '../routing/route.ts';
import { ownedFlaw } from './owned-headers.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { numberOf, textAt, textOf } from './reader.ts';
import { report, resolvePrefix, resolveWholePath } from './resolve-match.ts';
import { child, entries, has, items, type Node, nameOf } from './tree.ts';
import { hostFlaw, valueFlaw } from './wording.ts';

// Most routes change nothing. One object for all of them is a tenth less of a large document, wherever it goes.
const NO_EDIT: HeaderEditSettings = Object.freeze({ set: {}, add: {}, remove: [] });
const NO_REWRITE: RewriteSettings = Object.freeze({ headers: { request: NO_EDIT, response: NO_EDIT } });

/** `path`: what the route matches; `correlation`: the document's correlation header. */
export function resolveRewrite(
  node: Node | undefined,
  path: PathMatch | undefined,
  correlation: string,
  problems: Problems,
): RewriteSettings {
  if (node === undefined) return NO_REWRITE;
  const stripPrefix = resolvePrefix(child(node, 'stripPrefix'), problems);
  const replace = child(node, 'replacePrefix');
  const prefix = resolvePrefix(child(replace, 'prefix'), problems);
  const anew = resolveWholePath(child(replace, 'with'), problems);
  const whole = resolveWholePath(child(node, 'path'), problems);
  const host = resolveHostHeader(child(node, 'host'), problems);
  noticeStrayPrefix(child(node, 'stripPrefix'), stripPrefix, path, problems);
  noticeStrayPrefix(child(replace, 'prefix'), prefix, path, problems);
  const headers = child(node, 'headers');
  return {
    ...(stripPrefix === undefined ? {} : { stripPrefix }),
    ...(prefix === undefined || anew === undefined ? {} : { replacePrefix: { prefix, with: anew } }),
    ...(whole === undefined ? {} : { path: whole }),
    ...(host === undefined ? {} : { host }),
    headers: {
      request: resolveEdit(child(headers, 'request'), correlation, problems),
      response: resolveEdit(child(headers, 'response'), correlation, problems),
    },
  };
}

/** A Host header: a host, with a port or without. */
function resolveHostHeader(node: Node | undefined, problems: Problems): string | undefined {
  const host = textOf(node);
  if (host === undefined) return undefined;
  const port = /:(\d{1,5})$/.exec(host)?.[1];
  const bare = port === undefined || Number(port) > 65_535 ? host : host.slice(0, -port.length - 1);
  return report(node, hostFlaw(bare, false), problems) ? undefined : host.toLowerCase();
}

/** A prefix that no matched path begins with is never cut off. */
function noticeStrayPrefix(
  node: Node | undefined,
  prefix: string | undefined,
  path: PathMatch | undefined,
  problems: Problems,
): void {
  if (node === undefined || prefix === undefined || path === undefined || path.kind === 'regex') return;
  const below = (outer: string, inner: string): boolean =>
    outer === '/' || inner === outer || inner.startsWith(`${outer}/`);
  if (below(prefix, path.value) || (path.kind === 'prefix' && below(path.value, prefix))) return;
  const reason = `${nameOf(node)}: no path that this route matches begins with \`${prefix}\``;
  problems.notice(atValue(node), reason, `the route matches \`${path.value}\`; paths go on unchanged`);
}

function resolveEdit(node: Node | undefined, correlation: string, problems: Problems): HeaderEditSettings {
  if (node === undefined) return NO_EDIT;
  const owned = correlation.toLowerCase();
  const own = (name: string, place: Node): boolean => {
    const flaw = ownedFlaw(name, owned);
    if (flaw !== undefined) problems.error(atKey(place), flaw.reason, flaw.advice);
    return flaw !== undefined;
  };
  const set = new Map<string, string>();
  for (const [name, value] of entries(child(node, 'set'))) {
    const text = headerValue(value, problems);
    if (own(name, value) || text === undefined) continue;
    const twice = [...set.keys()].some((other) => other.toLowerCase() === name.toLowerCase());
    if (twice)
      problems.error(
        atKey(value),
        `the header ${name} is set a second time`,
        'keep one of the two: case does not count',
      );
    set.set(name, text);
  }
  const add = new Map<string, string | string[]>();
  for (const [name, value] of entries(child(node, 'add'))) {
    const texts =
      value.kind === 'list'
        ? items(value).flatMap((item) => headerValue(item, problems) ?? [])
        : headerValue(value, problems);
    if (!own(name, value) && texts !== undefined) add.set(name, texts);
  }
  const remove = items(child(node, 'remove')).flatMap((item) => {
    const name = textOf(item);
    return name === undefined || own(name, item) ? [] : [name];
  });
  return { set: Object.fromEntries(set), add: Object.fromEntries(add), remove };
}

function headerValue(node: Node, problems: Problems): string | undefined {
  const text = textOf(node);
  return text === undefined || report(node, valueFlaw(text), problems) ? undefined : text;
}

const REDIRECTS = [301, 302, 303, 307, 308] as const;

/** A redirect that changes nothing would send clients in a circle. 302 where no status is given. */
export function resolveRedirect(node: Node, path: PathMatch | undefined, problems: Problems): RedirectSettings {
  const scheme = textAt(node, 'scheme');
  const hostNode = child(node, 'host');
  const host = textOf(hostNode);
  const wrongHost = host !== undefined && report(hostNode, hostFlaw(host, false), problems);
  const port = numberOf(child(node, 'port'));
  const whole = resolveWholePath(child(node, 'path'), problems);
  const replacePrefix = resolveWholePath(child(node, 'replacePrefix'), problems);
  const asked = numberOf(child(node, 'status'));
  if (!['scheme', 'host', 'port', 'path', 'replacePrefix'].some((key) => has(node, key))) {
    const advice = 'give at least one of `scheme`, `host`, `port`, `path`, `replacePrefix`';
    problems.error(atKey(node), 'this redirect leads back to where the client came from', advice);
  }
  const prefixNode = child(node, 'replacePrefix');
  if (prefixNode !== undefined && (path === undefined || path.kind === 'regex')) {
    const advice = 'give the route a `match.path` that is a prefix, or use `path`';
    problems.error(atKey(prefixNode), 'replacePrefix: this route matches no prefix that could be replaced', advice);
  }
  return {
    ...(scheme === 'http' || scheme === 'https' ? { scheme } : {}),
    ...(host === undefined || wrongHost ? {} : { host: host.toLowerCase() }),
    ...(port === undefined ? {} : { port }),
    ...(whole === undefined ? {} : { path: whole }),
    ...(replacePrefix === undefined ? {} : { replacePrefix }),
    status: REDIRECTS.find((status) => status === asked) ?? 302,
  };
}
