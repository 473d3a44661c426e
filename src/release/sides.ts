/**
 * The sides of a release: every upstream that its settings name, numbered.
 *
 * Rule: a side's number is its place in the order in which the settings first name it. The release chooses by that
 * number, and the table keeps the route's upstreams in the same order.
 */

import type { OtherwiseSettings, ReleaseSettings, WeightedSettings } from './release.ts';

/** Every split of a release: its own, those of its versions in order, then for clients without or with other versions. */
export function splitsOf(settings: ReleaseSettings): readonly (readonly WeightedSettings[])[] {
  const { split, versions } = settings;
  if (versions === undefined) return [split];
  const others = [versions.missing, versions.unmatched].flatMap((other: OtherwiseSettings) =>
    'split' in other ? [other.split] : [],
  );
  return [split, ...versions.serve.map((range) => range.split), ...others];
}

/** The upstreams of a release, each once; the position is the index that `choose` speaks of. */
export function sidesOf(settings: ReleaseSettings): readonly string[] {
  const { split, versions } = settings;
  // Nearly every route of a large document.
  if (versions === undefined && split.length === 1) return [split[0].upstream];
  return [...new Set(splitsOf(settings).flatMap((split) => split.map(({ upstream }) => upstream)))];
}

/** What a release says that sends everything to one upstream; undefined where it says more. Those that say the same are alike. */
export function plainlySaid(settings: ReleaseSettings): string | undefined {
  const { split, mode, versions, sticky, override } = settings;
  if (split.length !== 1 || versions !== undefined || sticky !== undefined || override !== undefined) return undefined;
  const [{ upstream, weight }] = split;
  return `${mode} ${weight} ${upstream}`;
}
