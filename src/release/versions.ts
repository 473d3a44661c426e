/**
 * Red and white: the version a client states decides which split serves it.
 *
 * Rule: the first source that says anything counts, even where it says nonsense; the first range in list order that holds
 * the version serves. A leading `v` is allowed and missing parts are zeros (`v2` is 2.0.0). Pre-releases are ordinary
 * versions in SemVer's order (section 11): 2.0.0-rc.1 lies before 2.0.0, so `>=2.0.0` does not hold it, `>=2.0.0-0` does.
 * Clients repeat themselves, so rulings are kept by the text that was stated, for a bounded number of texts.
 */

import type Range from 'semver/classes/range.js';
import type SemVer from 'semver/classes/semver.js';
import type { Exchange, RequestFacts } from '../core/exchange.ts';
import { type Fault, fault } from '../core/fault.ts';
import { later } from '../core/later.ts';
import type { NameSet } from '../core/names.ts';
import type { Choosing, OtherwiseSettings, VersionsSettings } from './release.ts';
import { buildSource, sourcesInWords } from './source.ts';
import { buildSplit, type Split } from './split.ts';

const range = later<typeof import('semver/classes/range.js')>('semver/classes/range.js');
const parse = later<typeof import('semver/functions/parse.js')>('semver/functions/parse.js');

/** Stated texts remembered per route. */
const REMEMBERED = 512;
/** A longer text is no version anybody serves, and is not worth reading. */
const LONGEST = 64;

/** What a client's version led to: a split with ready results by choice, or a refusal. */
export type Ruling =
  | { readonly is: 'served'; readonly split: Split; readonly version: string | undefined }
  | { readonly is: 'refused'; readonly choosing: Choosing; readonly version: string | undefined };

export type Rule = (exchange: Exchange, request: RequestFacts) => Ruling;

/** The version in a text, `v2.1` as 2.1.0; undefined where it holds none. */
export function readVersion(text: string): SemVer | undefined {
  if (text.length > LONGEST) return undefined;
  const bare = /^[vV]/.test(text) ? text.slice(1) : text;
  const end = bare.search(/[-+]/);
  const core = end === -1 ? bare : bare.slice(0, end);
  const missing = Math.max(0, 3 - core.split('.').length);
  return parse()(core + '.0'.repeat(missing) + (end === -1 ? '' : bare.slice(end))) ?? undefined;
}

/** Compiles the versions of a route. Throws where a range is none. */
export function buildVersions(
  settings: VersionsSettings,
  choices: readonly string[],
  route: string,
  names: NameSet,
): Rule {
  const sources = settings.from.map((from) => buildSource(from, names));
  const where = sourcesInWords(settings.from);
  const served = settings.serve.map(({ range }) => range).join(' or ');
  const Versions = range();
  const ranges = settings.serve.map(({ range, split }) => ({
    range: new Versions(range, { includePrerelease: true }),
    split: buildSplit(split, choices, route),
  }));
  const missing = otherwise(
    settings.missing,
    choices,
    route,
    `the request states no version in ${where}; served: ${served}`,
  );
  const unmatched = otherwise(
    settings.unmatched,
    choices,
    route,
    `the version stated in ${where} is not served; served: ${served}`,
  );
  const known = new Map<string, Ruling>();
  return (exchange, request) => {
    const stated = firstStated(sources, exchange, request);
    if (stated === undefined) return missing;
    const remembered = known.get(stated);
    if (remembered !== undefined) return remembered;
    const ruling = rule(stated, ranges, unmatched);
    if (known.size >= REMEMBERED) known.clear();
    if (stated.length <= LONGEST) known.set(stated, ruling);
    return ruling;
  };
}

function firstStated(
  sources: readonly ReturnType<typeof buildSource>[],
  exchange: Exchange,
  request: RequestFacts,
): string | undefined {
  for (const source of sources) {
    const stated = source(exchange, request);
    if (stated !== undefined) return stated;
  }
  return undefined;
}

function rule(stated: string, ranges: readonly { range: Range; split: Split }[], unmatched: Ruling): Ruling {
  const version = readVersion(stated);
  if (version === undefined) return unmatched;
  const found = ranges.find(({ range }) => range.test(version));
  if (found === undefined) return { ...unmatched, version: version.version };
  return { is: 'served', split: found.split, version: version.version };
}

function otherwise(settings: OtherwiseSettings, choices: readonly string[], route: string, detail: string): Ruling {
  if ('split' in settings)
    return { is: 'served', split: buildSplit(settings.split, choices, route), version: undefined };
  const refusal: Fault = fault('version_not_served', detail);
  return { is: 'refused', choosing: { fault: refusal, status: settings.status }, version: undefined };
}
