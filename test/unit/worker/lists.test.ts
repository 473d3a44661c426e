/**
 * Members told by what has changed: whatever comes and goes, a thread has what the whole list would have given it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AimedUpstream } from '../../../src/upstream/aim.ts';
import type { UpstreamLedger } from '../../../src/upstream/build.ts';
import type { MemberSettings, MembersChange, Upstream } from '../../../src/upstream/upstream.ts';
import { MemberLists } from '../../../src/worker/lists.ts';
import { done } from '../../../src/worker/protocol.ts';
import { endpoint, settingsOf, UpstreamStage } from '../upstream/stage.ts';

const NAMED = 'http://cart.internal';
/** Number -> what it was told as last: a whole list is made of these. */
type Places = Map<number, MemberSettings>;

const STEP = fc.oneof(
  { weight: 8, arbitrary: fc.record({ is: fc.constant('put' as const), number: fc.nat(9), weight: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ is: fc.constant('go' as const), number: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('move' as const), number: fc.nat(9) }) },
  { weight: 6, arbitrary: fc.constant({ is: 'tell' as const }) },
  { weight: 1, arbitrary: fc.constant({ is: 'clear' as const }) },
  { weight: 1, arbitrary: fc.constant({ is: 'document' as const }) },
  { weight: 1, arbitrary: fc.constant({ is: 'lose' as const }) },
);

/** Sets a thread up with a table in which one address is written beside those who join. */
function begin(stage: UpstreamStage, lane: number) {
  const ledger = stage.thread(lane);
  const table = () => stage.table(ledger, settingsOf({ [endpoint(3)]: 1, [NAMED]: 1 }));
  const upstream = table();
  ledger.keepOnly([upstream]);
  return { ledger, table, upstream };
}

function shown(upstream: Upstream): string[] {
  assert.ok(upstream instanceof AimedUpstream);
  return upstream.seats.map(({ member, weight }) => {
    const { id, host, port, authority, block, since } = member;
    return [id, host, port, authority, block, since, weight].join(' ');
  });
}

function listOf(places: Places): MemberSettings[] {
  return [...places.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
}

async function tellBy(lists: MemberLists, ledger: UpstreamLedger, list: readonly MemberSettings[]): Promise<void> {
  const change = lists.put('cart', list);
  const thread = {
    change: async () => ({ ok: true, value: ledger.change(change) }) as const,
    members: async ({
      upstream,
      members,
      number,
    }: {
      upstream: string;
      members: readonly MemberSettings[];
      number: number;
    }) => {
      ledger.join(upstream, members, number);
      return done();
    },
  };
  const answer = await lists.tell(change, thread, () => ({ lane: [], common: [] }));
  assert.ok(answer.ok);
}

test('whatever sequence of changes a thread is told, its members are those of the whole list', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { maxLength: 60 }), async (steps) => {
      const stage = new UpstreamStage();
      const lists = new MemberLists();
      const [whole, byChange] = [begin(stage, 0), begin(stage, 1)];
      const places: Places = new Map();
      for (const step of [...steps, { is: 'tell' as const }]) {
        if (step.is === 'put') places.set(step.number, stage.found(step.number, { weight: step.weight }));
        else if (step.is === 'go') places.delete(step.number);
        else if (step.is === 'clear') places.clear();
        else if (step.is === 'move' && places.has(step.number)) {
          places.set(
            step.number,
            stage.found(step.number, { host: '127.0.0.2', block: stage.block(`${places.size}`) }),
          );
        } else if (step.is === 'tell') {
          const list = listOf(places);
          whole.ledger.join('cart', list);
          await tellBy(lists, byChange.ledger, list);
          assert.deepEqual(shown(byChange.upstream), shown(whole.upstream));
          assert.equal(new Set(byChange.upstream.members).size, byChange.upstream.members.length);
        } else if (step.is === 'document') {
          for (const one of [whole, byChange]) {
            one.upstream = one.table();
            one.ledger.keepOnly([one.upstream]);
          }
        } else if (step.is === 'lose') {
          // A document without the upstream, and one with it again: what was joined is forgotten.
          for (const one of [whole, byChange]) {
            one.ledger.keepOnly([]);
            one.upstream = one.table();
            one.ledger.keepOnly([one.upstream]);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('while threads swap, lists say what the new document makes of their members', () => {
  const stage = new UpstreamStage();
  const lists = new MemberLists();
  const [one, two, three] = [1, 2, 3].map((number) => stage.found(number));
  const next = { weight: 2, authority: 'tax.internal' };
  const later = { ...two, weight: 0, next };
  const told = ({ put, gone }: MembersChange) => [put.map(({ id, weight }) => [id, weight]), gone];
  lists.put('cart', [one, later]);
  lists.beginSwap();
  // A thread that starts meanwhile has no table of the document before.
  assert.deepEqual(lists.all()[0].members, [one, { ...two, ...next, next: undefined }]);
  // A name leads elsewhere meanwhile.
  assert.deepEqual(told(lists.put('cart', [later, three])), [
    [
      [two.id, 2],
      [three.id, 1],
    ],
    [one.id],
  ]);
  lists.endSwap();
  assert.deepEqual(
    told(
      lists.put('cart', [
        { ...two, weight: 2 },
        { ...three, weight: 0, next },
      ]),
    ),
    [
      [
        [two.id, 2],
        [three.id, 0],
      ],
      [],
    ],
  );
});

test('a member that nothing has happened to is not told again, whatever happens to others', () => {
  const stage = new UpstreamStage();
  const lists = new MemberLists();
  const [one, two, three] = [1, 2, 3].map((number) => stage.found(number));
  assert.deepEqual(lists.put('cart', [one, three]), { upstream: 'cart', from: 0, to: 1, put: [one, three], gone: [] });
  assert.deepEqual(lists.put('tax', [one]), { upstream: 'tax', from: 0, to: 2, put: [one], gone: [] });
  const change = lists.put('cart', [two, { ...three, weight: 2 }]);
  const put = [two, { ...three, weight: 2 }];
  assert.deepEqual(change, { upstream: 'cart', from: 1, to: 3, put, gone: [one.id] });
  assert.deepEqual(lists.put('cart', []), { upstream: 'cart', from: 3, to: 0, put: [], gone: [two.id, three.id] });
  assert.deepEqual(lists.all(), [{ upstream: 'tax', members: [one], number: 2 }]);
});
