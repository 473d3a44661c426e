/**
 * The members that leases make: each address once, in order, whatever comes and goes.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LeasedMembers } from '../../../src/upstream/leased.ts';
import type { Candidate } from '../../../src/upstream/roster.ts';

const STEP = fc.record({ instance: fc.nat(9), place: fc.nat(7), is: fc.constantFrom('put', 'put', 'drop', 'ask') });

/** Worked out anew from all leases, the last to register last. */
function anew(leases: ReadonlyMap<string, Candidate>): Candidate[] {
  const members = new Map([...leases.values()].map((member) => [member.id, member]));
  return [...members.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
}

test('members of leases are those of a list that is made anew, of several with one address the last', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 80 }), (steps) => {
      const leased = new LeasedMembers();
      const leases = new Map<string, Candidate>();
      for (const [i, { instance, place, is }] of [...steps, { instance: 0, place: 0, is: 'ask' }].entries()) {
        const name = `instance-${instance}`;
        const known = leases.get(name);
        if (is === 'ask') assert.deepEqual(leased.all(), anew(leases));
        else if (known !== undefined) leased.drop(name, known);
        if (is !== 'ask') leases.delete(name);
        if (is !== 'put') continue;
        const host = `10.0.0.${place}`;
        const member = { id: `http://${host}:80`, host, port: 80, authority: `${host}:80`, weight: i };
        leased.put(name, member);
        leases.set(name, member);
      }
    }),
    { numRuns: 300 },
  );
});

test('while nothing changes it is the same list', () => {
  const leased = new LeasedMembers();
  leased.put('one', { id: 'http://10.0.0.1:80', host: '10.0.0.1', port: 80, authority: '10.0.0.1:80', weight: 1 });
  assert.equal(leased.all(), leased.all());
});
