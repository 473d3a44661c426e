/**
 * What `npm run fuzz` can aim at: for each target how inputs are made, and the properties that must hold for them.
 */

import assert from 'node:assert/strict';
import { BodyReader } from '../../src/http1/body.ts';
import { FRAMING } from '../../src/http1/fields.ts';
import { checkReplies, checkRequests } from './agree.ts';
import { type Chance, cutAt } from './chance.ts';
import { corpus } from './corpus.ts';
import { assertReadByAll, assertRepliesReadByAll } from './forward.ts';
import { atLimit, chunkedBody, reply, request } from './generate.ts';
import { readChunked } from './grammar.ts';
import { GROUND, INTERNAL, readPieces } from './ours.ts';

export interface Target {
  readonly side: 'requests' | 'replies';
  /** Sources whose blocks count. */
  readonly covers: RegExp;
  make(chance: Chance): string;
  seeds(): string[];
  /** Throws where a property does not hold. */
  check(text: string, chance: Chance): void;
}

const TIGHT = { target: 40, head: 300, headers: 7 };
const LARGEST_SEED = 3_000;
const METHODS = ['GET', 'GET', 'POST', 'HEAD'];

function tricksOf(side: 'requests' | 'replies'): string[] {
  const all = corpus(side).map(({ bytes }) => bytes);
  return all.filter((bytes) => bytes.length <= LARGEST_SEED);
}

function bodiesIn(texts: readonly string[]): string[] {
  const chunked = texts.filter((text) => /\r\ntransfer-encoding: *chunked\r\n/i.test(text));
  return chunked.map((text) => text.slice(text.indexOf('\r\n\r\n') + 4));
}

/** A chunked body against the grammar, in pieces, alone: names that may not come as trailers are another's affair. */
function checkBody(text: string, chance: Chance): void {
  const read = (pieces: readonly string[]): { end: number; data: string; why: string; done: boolean } => {
    const reader = new BodyReader();
    reader.begin(FRAMING.chunked, 0, true, GROUND.rules.guarded);
    let end = 0;
    let data = '';
    for (const piece of pieces) {
      const bytes = Buffer.from(piece, 'latin1');
      const after = reader.read(bytes, 0, bytes.length);
      if (after === -1) return { end: -1, data: '', why: reader.refusal, done: false };
      end += after;
      const ranges = reader.ranges ?? [];
      for (let i = 0; i < ranges.length; i += 2) data += piece.slice(ranges[i], ranges[i + 1]);
      if (reader.done) break;
    }
    return { end, data, why: '', done: reader.done };
  };
  const whole = read([text]);
  assert.deepEqual(read(cutAt(text, chance.cuts(text.length))), whole, 'pieces make a difference');
  const meant = readChunked(text);
  if (whole.done) {
    assert.ok(meant.is === 'message', `the grammar: ${meant.is === 'invalid' ? meant.why : 'incomplete'}`);
    assert.deepEqual([meant.end, meant.body], [whole.end, whole.data]);
  } else if (whole.why === '') {
    assert.notEqual(meant.is, 'message', 'the router waits for more of a body that is complete');
  }
}

/** What leaves, and what every reader makes of it, for both directions of one input. */
function checkForwarding(text: string, chance: Chance): void {
  const requests = readPieces('request', [text], { guarded: GROUND.rules.guarded }).messages;
  if (requests.length > 0) assertReadByAll(requests, chance.once(2) ? INTERNAL : GROUND);
  const method = chance.pick(METHODS);
  const how = { method, closed: chance.once(2), guarded: GROUND.rules.replyGuarded };
  const replies = readPieces('reply', [text], how).messages;
  if (replies.length > 0) assertRepliesReadByAll(replies, method);
}

const CODEC = /\/src\/http1\//;

export const TARGETS: Readonly<Record<string, Target>> = {
  request: {
    side: 'requests',
    covers: CODEC,
    make: (chance) => (chance.once(10) ? atLimit(chance, TIGHT) : request(chance)),
    seeds: () => tricksOf('requests'),
    check: (text, chance) => {
      checkRequests(text, chance, chance.once(4) ? TIGHT : undefined);
    },
  },
  reply: {
    side: 'replies',
    covers: CODEC,
    make: reply,
    seeds: () => tricksOf('replies'),
    check: (text, chance) => {
      checkReplies(text, chance, chance.pick(METHODS), chance.once(2));
    },
  },
  body: {
    side: 'requests',
    covers: /\/src\/http1\/body\.ts$/,
    make: chunkedBody,
    seeds: () => bodiesIn([...tricksOf('requests'), ...tricksOf('replies')]),
    check: checkBody,
  },
  forward: {
    side: 'requests',
    covers: /\/src\/(?:http1\/|proxy\/(?:heads|rules|identify)\.ts)/,
    make: (chance) => (chance.once(2) ? request(chance) : reply(chance)),
    seeds: () => [...tricksOf('requests'), ...tricksOf('replies')],
    check: checkForwarding,
  },
};
