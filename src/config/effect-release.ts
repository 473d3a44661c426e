/**
 * What a change of a split or of versions means to clients: who goes where, and which share of them.
 *
 * Rule: shares are percent of the whole, with two decimals at most, whatever the weights add up to. A change of weights
 * that moves no share says so.
 */

import type { OtherwiseSettings, SourceSettings, VersionsSettings, WeightedSettings } from '../release/release.ts';
import { same, type Wording } from './differences.ts';
import { plainText } from './effect-shown.ts';

type Sides = readonly WeightedSettings[];

const HUNDREDTHS = 100;

/** Percent of each side. */
function sharesOf(sides: Sides): Map<string, number> {
  const total = sides.reduce((sum, { weight }) => sum + weight, 0);
  const share = (weight: number) => (total === 0 ? 0 : rounded((weight / total) * 100));
  return new Map(sides.map(({ upstream, weight }) => [upstream, share(weight)]));
}

function rounded(percent: number): number {
  return Math.round(percent * HUNDREDTHS) / HUNDREDTHS;
}

/** `cart`, or `cart 95%, cart-v2 5%`. */
export function goesTo(sides: Sides): string {
  if (sides.length === 0) return 'nowhere';
  if (sides.length === 1) return sides[0].upstream;
  return [...sharesOf(sides)].map(([upstream, share]) => `${upstream} ${share}%`).join(', ');
}

function weightsOf(sides: Sides): string {
  return sides.map(({ upstream, weight }) => `${upstream} ${weight}`).join(', ');
}

/** Of a route that answers by itself from now on. */
export const splitGone: Wording = (before) => [`no longer goes to ${goesTo(before as Sides)}`];

export const splitSaid: Wording = (before, after) => {
  const [old, now] = [before as Sides, after as Sides];
  // Versions came in place of it; or versions or a redirect went.
  if (now.length === 0) return [`no longer goes to ${goesTo(old)} whatever the client's version`];
  if (old.length === 0) return [`goes to ${goesTo(now)}`];
  if (old.length === 1 && now.length === 1 && old[0].upstream !== now[0].upstream)
    return [`goes to ${goesTo(now)} (was ${goesTo(old)})`];
  const moves = movesSaid(sharesOf(old), sharesOf(now));
  const said = moves.length > 0 ? moves : orderSaid(old, now);
  return said.length > 0 ? said : [`weights ${weightsOf(old)} -> ${weightsOf(now)}, which moves no share`];
};

function movesSaid(old: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): string[] {
  const said: string[] = [];
  let gains = 0;
  const losses: string[] = [];
  for (const [upstream, share] of now) {
    const was = old.get(upstream);
    const more = rounded(share - (was ?? 0));
    const move = `goes to ${upstream} (${was ?? 0}% -> ${share}%)`;
    if (was === undefined)
      said.push(share === 0 ? `${upstream} is a side now, with weight 0` : `${share}% now goes to ${upstream}`);
    else if (more > 0) said.push(`${more}% more ${move}`);
    else if (more < 0) losses.push(`${-more}% less ${move}`);
    if (more > 0) gains += 1;
  }
  const gone = [...old].filter(([upstream]) => !now.has(upstream));
  // Of two sides, what one gains the other loses.
  if (losses.length !== 1 || gains !== 1 || gone.length > 0) said.push(...losses);
  for (const [upstream, was] of gone)
    said.push(
      was === 0
        ? `${upstream} is no longer a side; its weight was 0`
        : `nothing goes to ${upstream} any more (was ${was}%)`,
    );
  return said;
}

/** A client's key falls on a side by that side's name and weight alone (release/split.ts). */
function orderSaid(old: Sides, now: Sides): string[] {
  const stayed = (sides: Sides, others: Sides) =>
    sides.map(({ upstream }) => upstream).filter((id) => others.some(({ upstream }) => upstream === id));
  const [one, other] = [stayed(old, now), stayed(now, old)];
  if (same(one, other)) return [];
  return [`its sides stand in another order (${one.join(', ')} -> ${other.join(', ')}), which moves nobody`];
}

/** Where clients of a kind go: `now` completes "clients ...", `was` stands alone. */
interface Destiny {
  readonly now: string;
  readonly was: string;
}

function destinyOf(otherwise: OtherwiseSettings): Destiny {
  if ('status' in otherwise) {
    return { now: `are refused with ${otherwise.status}`, was: `refused with ${otherwise.status}` };
  }
  return { now: `go to ${goesTo(otherwise.split)}`, was: goesTo(otherwise.split) };
}

/** The same destiny in words and not in settings: another weighting. */
function destinySaid(who: string, old: OtherwiseSettings, now: OtherwiseSettings): string[] {
  if (same(old, now)) return [];
  const [before, after] = [destinyOf(old), destinyOf(now)];
  if (before.was !== after.was) return [`${who} ${after.now} (was ${before.was})`];
  const weights = (otherwise: OtherwiseSettings) => ('split' in otherwise ? weightsOf(otherwise.split) : '');
  return [`${who}: weights ${weights(old)} -> ${weights(now)}, which moves no share`];
}

function sourcesSaid(sources: readonly SourceSettings[]): string {
  return sources
    .flatMap((source) => Object.entries(source).map(([kind, name]) => `${kind} ${plainText(String(name))}`))
    .join(', ');
}

const WITHOUT = 'clients without a version';
const OTHERS = 'clients of other versions';

export const versionsSaid: Wording = (before, after) => {
  const [old, now] = [before as VersionsSettings | undefined, after as VersionsSettings | undefined];
  if (now === undefined) return ["the client's version no longer counts"];
  if (old === undefined) {
    const served = now.serve.map(({ range, split }) => `clients ${range} go to ${goesTo(split)}`);
    const rest = [`${WITHOUT} ${destinyOf(now.missing).now}`, `${OTHERS} ${destinyOf(now.unmatched).now}`];
    return [`the client's version counts now, as ${sourcesSaid(now.from)} has it`, ...served, ...rest];
  }
  const from = `the client's version is what ${sourcesSaid(now.from)} has (was ${sourcesSaid(old.from)})`;
  return [
    ...(same(old.from, now.from) ? [] : [from]),
    ...servedSaid(old, now),
    ...destinySaid(WITHOUT, old.missing, now.missing),
    ...destinySaid(OTHERS, old.unmatched, now.unmatched),
  ];
};

function servedSaid({ serve: old }: VersionsSettings, { serve: now }: VersionsSettings): string[] {
  if (same(old, now)) return [];
  const [before, after] = [byRange(old), byRange(now)];
  const whole = (serve: VersionsSettings['serve']) =>
    serve.map(({ range, split }) => `${range} to ${goesTo(split)}`).join('; ');
  // A range that stands there twice has no name of its own.
  if (before.size < old.length || after.size < now.length) return [`versions: ${whole(old)} -> ${whole(now)}`];
  const came = [...after].filter(([range]) => !before.has(range));
  const went = [...before].filter(([range]) => !after.has(range));
  const [one, other] = [
    [...before.keys()].filter((range) => after.has(range)),
    [...after.keys()].filter((range) => before.has(range)),
  ];
  const order = `the ranges ${one.join('; ')} stand in another order (${other.join('; ')}); the first that holds counts`;
  return [
    ...other.flatMap((range) =>
      destinySaid(`clients ${range}`, before.get(range) ?? NOBODY, after.get(range) ?? NOBODY),
    ),
    ...came.map(([range, { split }]) => `clients ${range} go to ${goesTo(split)} (had no range of their own)`),
    ...went.map(([range, { split }]) => `clients ${range} have no range of their own any more (was ${goesTo(split)})`),
    ...(same(one, other) ? [] : [order]),
  ];
}

const NOBODY = { split: [] };

function byRange(serve: VersionsSettings['serve']): Map<string, { readonly split: Sides }> {
  return new Map(serve.map(({ range, split }) => [range, { split }]));
}
