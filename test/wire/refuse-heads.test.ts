/**
 * Malformed and ambiguous request heads are refused with 400 and a closed connection, whole, pipelined, and cut in two,
 * and nothing of them reaches the origin. The heads are those of the corpus (test/fuzz/corpus).
 */

import { after, before, describe, test } from 'node:test';
import { corpus } from '../fuzz/corpus.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { assertRefusedAnyhow } from './refusing.ts';
import { openStage, type Stage } from './stage.ts';

/** Where RFC 9110 or 9112 says it, as far as one section does. */
const GROUPS = {
  'framing (RFC 9112, 6)': 'framing',
  'fields (5)': 'fields',
  'Host (3.2)': 'host',
  'request line (3)': 'line',
  'Connection (RFC 9110, 7.6.1)': 'connection',
  'Expect (10.1.1)': 'expect',
};

for (const [subject, group] of Object.entries(GROUPS)) {
  // Sizes have codes of their own and stand in limits.test.ts.
  const refused = corpus('requests').filter(({ group: one, expect }) => {
    return one === group && expect.is === 'refused' && expect.kind !== 'limit';
  });
  describe(`refusals of ${subject}`, () => {
    let stage: Stage;
    before(async () => {
      stage = await openStage(answering(ok('fine')));
    });
    after(() => stage.close());

    for (const entry of refused) test(`${entry.name} is refused`, () => assertRefusedAnyhow(stage, entry));
  });
}
