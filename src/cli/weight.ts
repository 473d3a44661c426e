/**
 * `signalbox weight`: changes the weights of a split.
 *
 * Rule: read, change, write only if nothing was changed in between; where something was, all of it again. So two people who
 * move two weights of one split at once both get what they asked for. Sides are not added here: a slip would send traffic
 * to the wrong upstream.
 */

import { didYouMean } from '../config/suggest.ts';
import { type Admin, adminOf, type Call } from './admin.ts';
import { write, writing } from './change.ts';
import type { Run } from './command.ts';
import { CommandEnd, FAILED, WRONG } from './ends.ts';
import type { Given } from './given.ts';
import { showingBoth } from './put.ts';

const TRIES = 5;

type Written = Readonly<Record<string, unknown>>;

export const weight: Run = async (given, io) => {
  const [route, ...words] = given.words;
  const wanted = weightsOf(words);
  const admin = adminOf(given, io);
  // Who named a revision wants to hear that another one runs.
  const tries = given.text('if-match') === undefined ? TRIES : 1;
  for (let left = tries; ; left--) {
    try {
      const send = left > 1 ? write : showingBoth;
      return await send(admin, await changed(admin, route, wanted, given), given, io);
    } catch (error) {
      if (left > 1 && error instanceof CommandEnd && error.reply?.status === 412) continue;
      throw error;
    }
  }
};

function weightsOf(words: readonly string[]): Map<string, number> {
  const wanted = new Map<string, number>();
  for (const [side, weight] of words.map(readWeight)) {
    if (wanted.has(side)) throw new CommandEnd(WRONG, `${side} stands there twice; write one weight for each upstream`);
    wanted.set(side, weight);
  }
  return wanted;
}

function readWeight(word: string): [string, number] {
  const match = /^([^=]+)=(\d+(?:\.\d+)?)$/.exec(word);
  if (match === null) throw new CommandEnd(WRONG, `${word}: write UPSTREAM=WEIGHT, such as cart-v2=10`);
  return [match[1], Number(match[2])];
}

async function changed(admin: Admin, route: string, wanted: ReadonlyMap<string, number>, given: Given): Promise<Call> {
  const path = ['routes', route];
  const { value, revision } = await admin.json<Written>({ method: 'GET', path });
  const json = { ...value, split: newSplit(route, value, wanted) };
  const named = writing(given);
  return { method: 'PUT', path, json, ...named, ifMatch: named.ifMatch ?? revision };
}

function newSplit(route: string, { split, upstream, versions }: Written, wanted: ReadonlyMap<string, number>): Written {
  if (typeof split !== 'object' || split === null) {
    const has =
      typeof upstream === 'string' ? `it goes to ${upstream} alone` : versions === undefined ? '' : 'it has versions';
    const said = `route ${route} has no split${has === '' ? '' : ` (${has})`}`;
    throw new CommandEnd(FAILED, `${said}; write one with signalbox put route ${route}`);
  }
  const sides = Object.keys(split);
  for (const side of wanted.keys()) {
    if (sides.includes(side)) continue;
    const advice = didYouMean(side, sides, `there are ${sides.join(', ')}; add one with signalbox put route ${route}`);
    throw new CommandEnd(FAILED, `the split of route ${route} has no side ${side}; ${advice}`);
  }
  return { ...split, ...Object.fromEntries(wanted) };
}
