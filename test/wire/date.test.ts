/**
 * Date (RFC 9110 section 6.6.1): a reply that has one keeps it byte for byte, one without gets the time it came; interim
 * replies pass as they are.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok } from '../support/raw-origin.ts';
import { onTimedStage } from './timed.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test(
  'a reply without Date gets the time it came, to the second',
  onTimedStage(answering(`HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n${ok('fine')}`), async (stage) => {
    const client = await stage.client();
    for (const date of ['Fri, 02 Jan 2026 03:04:05 GMT', 'Fri, 02 Jan 2026 03:04:06 GMT']) {
      const hints = await client.ask(GET);
      assert.deepEqual([hints.status, hints.field('date')], [103, undefined]);
      assert.equal((await client.reply()).field('date'), date);
      await stage.pass(1_000);
    }
  }),
);

test(
  'a reply with Date keeps it, whatever it says',
  onTimedStage(answering(ok('fine', 'dATE:  yesterday')), async (stage) => {
    const client = await stage.client();
    assert.match((await client.ask(GET)).head, /\r\ndATE: {2}yesterday\r\n(?!.*\r\ndate:)/is);
  }),
);
