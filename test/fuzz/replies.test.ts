/**
 * Random and damaged replies: the twins of the properties of requests, from the side of a client.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkReplies } from './agree.ts';
import type { Chance } from './chance.ts';
import { corpus } from './corpus.ts';
import { damaged, reply } from './generate.ts';
import { inRounds } from './rounds.ts';

const ROUNDS = 20_000;

const check = (text: string, chance: Chance) =>
  checkReplies(text, chance, chance.pick(['GET', 'GET', 'POST', 'HEAD']), chance.once(2));

test('replies from the grammar', (context) => {
  let accepted = 0;
  inRounds(context, ROUNDS, reply, (text, chance) => {
    accepted += check(text, chance).accepted;
  });
  assert.ok(accepted > ROUNDS, `only ${accepted} were accepted: too few to mean much`);
});

test('replies from the grammar, damaged', (context) => {
  let refused = 0;
  const make = (chance: Chance): string => damaged(chance, reply(chance), () => reply(chance));
  inRounds(context, ROUNDS, make, (text, chance) => {
    if (check(text, chance).verdict.last === 'refused') refused++;
  });
  assert.ok(refused > ROUNDS / 2, `only ${refused} were refused: too few to mean much`);
});

test('tricks of the corpus, damaged and spliced', (context) => {
  const tricks = corpus('replies').filter(({ bytes }) => bytes.length < 5_000);
  const make = (chance: Chance): string => damaged(chance, chance.pick(tricks).bytes, () => chance.pick(tricks).bytes);
  inRounds(context, ROUNDS, make, check);
});
