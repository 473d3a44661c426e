/**
 * Edits of a head: set, add and remove header lines.
 *
 * Rule: lines are made ready when a table is compiled; on the data path an edit is a set of numbers to cut and a text to
 * append. `set` cuts what came under the name, `add` leaves it. Names that frame a message or belong to one connection are
 * refused, and so is anything that would end a line early: a document must not be able to smuggle.
 */

import type { NameSet } from '../core/names.ts';
import { headText } from '../core/target.ts';
import type { HeaderEdit, HeaderEditSettings } from './policy.ts';

/** RFC 9112 section 6, RFC 9110 section 7.6.1, and Host, which has a setting of its own. */
export const UNTOUCHABLE: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Compiles one head's edits; undefined where there are none. Throws where a name or a value must not be written. */
export function headerEdit(settings: HeaderEditSettings, names: NameSet, place: string): HeaderEdit | undefined {
  const cut = new Set<number>();
  let append = '';
  const write = (name: string, value: string): void => {
    const problem = headerProblem(name, value);
    if (problem !== undefined) throw new Error(`${place}: header ${name}: ${problem}`);
    append += `${name}: ${headText(value)}\r\n`;
  };
  for (const name of settings.remove) {
    const problem = headerProblem(name, '');
    if (problem !== undefined) throw new Error(`${place}: header ${name}: ${problem}`);
    cut.add(names.add(name));
  }
  for (const [name, value] of Object.entries(settings.set)) {
    write(name, value);
    cut.add(names.add(name));
  }
  for (const [name, values] of Object.entries(settings.add)) {
    for (const value of typeof values === 'string' ? [values] : values) write(name, value);
  }
  return cut.size === 0 && append === '' ? undefined : { cut, append };
}

/** What is wrong with editing a header; undefined where nothing is. RFC 9110 sections 5.1 and 5.5. */
export function headerProblem(name: string, value: string): string | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return 'not a header name';
  const lower = name.toLowerCase();
  if (lower === 'host') return 'is not edited here; use rewrite.host';
  if (UNTOUCHABLE.has(lower)) return 'belongs to the framing of the message or to one connection, and cannot be edited';
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) return 'the value holds a control character or a line break';
  return undefined;
}
