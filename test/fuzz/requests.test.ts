/**
 * Random and damaged requests: what the router accepts, llhttp and the grammar read the same way; what it forwards, every
 * reader with a bad habit reads as the same requests; and no piece or buffer makes a difference.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRequests } from './agree.ts';
import type { Chance } from './chance.ts';
import { corpus } from './corpus.ts';
import { atLimit, damaged, request } from './generate.ts';
import { inRounds } from './rounds.ts';

const ROUNDS = 20_000;

/** Small ones, so that their edges are met often. */
const TIGHT = { target: 40, head: 300, headers: 7 };

test('requests from the grammar', (context) => {
  let accepted = 0;
  inRounds(context, ROUNDS, request, (text, chance) => {
    accepted += checkRequests(text, chance).accepted;
  });
  assert.ok(accepted > ROUNDS, `only ${accepted} were accepted: too few to mean much`);
});

test('requests from the grammar, damaged', (context) => {
  let refused = 0;
  const make = (chance: Chance): string => damaged(chance, request(chance), () => request(chance));
  inRounds(context, ROUNDS, make, (text, chance) => {
    if (checkRequests(text, chance).verdict.last === 'refused') refused++;
  });
  assert.ok(refused > ROUNDS, `only ${refused} were refused: too few to mean much`);
});

test('tricks of the corpus, damaged and spliced', (context) => {
  const tricks = corpus('requests').filter(({ bytes }) => bytes.length < 5_000);
  const make = (chance: Chance): string => damaged(chance, chance.pick(tricks).bytes, () => chance.pick(tricks).bytes);
  inRounds(context, ROUNDS, make, checkRequests);
});

test('requests at the edge of limits, whole and damaged', (context) => {
  let accepted = 0;
  const make = (chance: Chance): string => {
    const text = chance.once(2) ? atLimit(chance, TIGHT) : request(chance);
    return chance.once(3) ? damaged(chance, text, () => text) : text;
  };
  inRounds(context, ROUNDS / 2, make, (text, chance) => {
    accepted += checkRequests(text, chance, TIGHT).accepted;
  });
  assert.ok(accepted > ROUNDS / 8, `only ${accepted} were accepted`);
});
