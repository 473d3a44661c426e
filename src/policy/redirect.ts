/**
 * Redirects: the answer of a route that sends its clients elsewhere, and the Location of `mode: redirect`.
 *
 * Rule: Location is absolute, with scheme and host, so that no target (`//evil.example/`) can be read as another host.
 * Scheme, host and port are the request's own where the settings name none; the port goes only with both, because another
 * host or scheme has a default port of its own. The query is kept.
 */

import type { Exchange } from '../core/exchange.ts';
import { NAME } from '../core/names.ts';
import { writtenPath } from '../core/target.ts';
import type { Answer, RedirectSettings } from './policy.ts';
import { withoutSlash } from './rewrite.ts';
import { sentPath, withPath, withPrefix } from './splice.ts';

/** What a redirect needs to know of its route. */
export interface RedirectPlace {
  readonly route: string;
  /** The path that the route matches exactly or as a prefix; undefined where it matches neither way. */
  readonly path: string | undefined;
  /** Names of listeners that speak TLS. */
  readonly secure: ReadonlySet<string>;
}

/** The answer of a redirecting route: every request gets the settings' status and a Location, without body. */
export function redirectAnswer(settings: RedirectSettings, place: RedirectPlace): Answer {
  const newTarget = targetOf(settings, place);
  return {
    id: 'redirect',
    reply(exchange) {
      const secure = place.secure.has(exchange.listener);
      const location = originOf(settings, exchange, secure) + newTarget(exchange.target);
      return { status: settings.status, headers: [['location', location]], body: '' };
    },
  };
}

/** Everything before the path; '' for a client of HTTP/1.0 that named no host, where only a path can be told. */
function originOf(settings: RedirectSettings, exchange: Exchange, secure: boolean): string {
  const scheme = settings.scheme ?? (secure ? 'https' : 'http');
  const host = settings.host ?? exchange.host;
  if (host === '') return '';
  const own = settings.host === undefined && settings.scheme === undefined;
  const port = settings.port === undefined ? (own ? ownPort(exchange) : '') : String(settings.port);
  const implied = port === '' || port === (scheme === 'https' ? '443' : '80');
  return `${scheme}://${host}${implied ? '' : `:${port}`}`;
}

/** The port that the client wrote into Host; '' where it wrote none. */
function ownPort(exchange: Exchange): string {
  return /:(\d{1,5})$/.exec(exchange.request.field(NAME.host) ?? '')?.[1] ?? '';
}

function targetOf(settings: RedirectSettings, place: RedirectPlace): (target: string) => string {
  const { path, replacePrefix } = settings;
  if (path !== undefined) {
    const anew = sentPath(path);
    return (target) => withPath(target, anew);
  }
  if (replacePrefix === undefined) return oneSlash;
  if (place.path === undefined) {
    throw new Error(`route ${place.route}: redirect.replacePrefix needs a path to replace; match a path prefix`);
  }
  const prefix = withoutSlash(writtenPath(place.path));
  const anew = sentPath(replacePrefix);
  return (target) => withPrefix(target, prefix, anew) ?? oneSlash(target);
}

/** The target itself, with one slash at its front; `/` in place of `*`. */
function oneSlash(target: string): string {
  return `/${target.replace(/^(?:[/\\]+|\*$)/, '')}`;
}
