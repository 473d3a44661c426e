/**
 * The order in which a thread's waiters are served.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Waiter } from '../../../src/policy/policy.ts';
import { STANDING, WaitingLine } from '../../../src/policy/queue.ts';

function waiter(): Waiter {
  return { ahead: undefined, behind: undefined, onPlace: () => {}, onShed: () => {} };
}

test('the line serves the oldest, and the newest once it stood for long, whoever leaves in between', () => {
  const step = fc.oneof(
    fc.constant({ is: 'push' } as const),
    fc.constant({ is: 'shift' } as const),
    fc.nat(20).map((index) => ({ is: 'remove', index }) as const),
    fc.nat(STANDING).map((ms) => ({ is: 'pass', ms }) as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const line = new WaitingLine();
      let model: Waiter[] = [];
      let since = 0;
      let now = 0;
      for (const one of steps) {
        const stands = model.length > 0 && now - since >= STANDING;
        assert.equal(line.stands(now), stands);
        if (one.is === 'pass') now += one.ms;
        if (one.is === 'push') {
          const newcomer = waiter();
          line.push(newcomer, now);
          if (model.length === 0) since = now;
          model.push(newcomer);
        }
        if (one.is === 'shift') assert.equal(line.shift(now), stands ? model.pop() : model.shift());
        if (one.is === 'remove') {
          const leaver = model[one.index] ?? waiter();
          assert.equal(line.remove(leaver), model.includes(leaver));
          assert.equal(line.remove(leaver), false, 'it left already');
          model = model.filter((other) => other !== leaver);
        }
        assert.equal(line.size, model.length);
        assert.equal(line.oldest, model[0]);
      }
    }),
  );
});
