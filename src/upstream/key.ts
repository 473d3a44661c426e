/**
 * What a request is hashed by.
 *
 * Rule: a header that is absent, a cookie or a parameter that is not there give no key, and an empty one says nothing
 * either. Values are untrusted text of any length; they are hashed and forgotten.
 */

import { cookieValue } from '../core/cookie.ts';
import { NAME, type NameSet } from '../core/names.ts';
import { queryValue } from '../core/target.ts';
import type { KeyOf } from './ring.ts';
import type { HashSettings } from './upstream.ts';

export function buildKey(settings: HashSettings, names: NameSet): KeyOf {
  if ('header' in settings) {
    const number = names.add(settings.header);
    return ({ request }) => request.field(number);
  }
  if ('cookie' in settings) return ({ request }) => cookieValue(request.field(NAME.cookie), settings.cookie);
  if ('query' in settings) return ({ target }) => queryValue(target, settings.query);
  return 'client' in settings ? ({ client }) => client : ({ path }) => path;
}
