/**
 * Malformed and ambiguous request heads are refused with 400 and a closed connection, whole, pipelined, and cut in two,
 * and nothing of them reaches the origin.
 */

import { after, before, describe, test } from 'node:test';
import { answering, ok } from '../support/raw-origin.ts';
import { FIELDS, FRAMING, HOSTS } from './refusals.ts';
import { LINES } from './refusals-line.ts';
import { assertRefusedAnyhow } from './refusing.ts';
import { openStage, type Stage } from './stage.ts';

const CORPORA = {
  'framing (RFC 9112, 6)': FRAMING,
  'fields (5)': FIELDS,
  'Host (3.2)': HOSTS,
  'request line (3)': LINES,
};

for (const [subject, corpus] of Object.entries(CORPORA)) {
  describe(`refusals of ${subject}`, () => {
    let stage: Stage;
    before(async () => {
      stage = await openStage(answering(ok('fine')));
    });
    after(() => stage.close());

    for (const refusal of corpus) {
      test(`${refusal.name} is refused`, () => assertRefusedAnyhow(stage, refusal));
    }
  });
}
