/**
 * Where a release reads a key or a version from: a header, a query parameter, a cookie, or the client's address.
 *
 * Rule: an empty value counts as absent, because it says nothing. Values are untrusted text of any length; whoever keeps
 * them bounds what is kept.
 */

import { cookieValue } from '../core/cookie.ts';
import type { Exchange, RequestFacts } from '../core/exchange.ts';
import { NAME, type NameSet } from '../core/names.ts';
import { queryValue } from '../core/target.ts';
import type { SourceSettings } from './release.ts';

export type Source = (exchange: Exchange, request: RequestFacts) => string | undefined;

export function buildSource(settings: SourceSettings, names: NameSet): Source {
  if ('header' in settings) {
    const number = names.add(settings.header);
    return (_exchange, request) => stated(request.field(number));
  }
  if ('query' in settings) return (_exchange, request) => stated(queryValue(request.target, settings.query));
  if ('cookie' in settings) {
    return (_exchange, request) => stated(cookieValue(request.field(NAME.cookie), settings.cookie));
  }
  return (exchange) => stated(exchange.client);
}

/** The sources in words, for the detail of a refusal: `header x-client-version, query v or cookie v`. */
export function sourcesInWords(sources: readonly SourceSettings[]): string {
  const words = sources.map((source) => {
    if ('header' in source) return `header ${source.header}`;
    if ('query' in source) return `query parameter ${source.query}`;
    return 'cookie' in source ? `cookie ${source.cookie}` : 'client address';
  });
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function stated(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
