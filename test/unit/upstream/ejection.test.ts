/**
 * Members that fail: out after failures in a row over all threads, never too many, never the last, back through one probe.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MEMBER_BLOCK } from '../../../src/core/lanes.ts';
import { MEMBER_WORDS, UPSTREAM_WORDS } from '../../../src/core/words.ts';
import type { UpstreamLedger } from '../../../src/upstream/build.ts';
import { eject } from '../../../src/upstream/ejection.ts';
import type { Member, Upstream, UpstreamSettings } from '../../../src/upstream/upstream.ts';
import { exchangeBy, GET, OUTLIERS, POST, settingsOf, UpstreamStage } from './stage.ts';

interface Two {
  readonly stage: UpstreamStage;
  readonly ledgers: readonly UpstreamLedger[];
  readonly one: Upstream;
  readonly other: Upstream;
}

/** The same upstream on two threads. */
function open(members: number, rest: Partial<UpstreamSettings> = {}): Two {
  const stage = new UpstreamStage();
  const ledgers = [stage.thread(0, 1), stage.thread(1, 2)];
  const settings = settingsOf(members, { outliers: OUTLIERS, ...rest });
  const [one, other] = ledgers.map((ledger) => stage.table(ledger, settings));
  for (const [i, ledger] of ledgers.entries()) ledger.keepOnly([[one, other][i]]);
  return { stage, ledgers, one, other };
}

function wordOf(stage: UpstreamStage, number: number, word: keyof typeof MEMBER_WORDS): number {
  return stage.words(number)[MEMBER_WORDS[word]];
}

/** Member 1 of two or more is out, and its time is over. */
function due(two: Two): void {
  two.stage.fail(two.one, 1, 5);
  two.stage.clock.advance(33_001);
  two.stage.heard();
}

test('failures in a row count over all threads, and a success between them begins anew', () => {
  const { stage, one, other } = open(3);
  stage.fail(one, 1, 4);
  one.members[0].judge(false, 0);
  stage.fail(other, 1, 4);
  assert.equal(stage.reached(one), '123');
  stage.fail(one, 1);
  assert.deepEqual([stage.reached(one), stage.reached(other)], ['23', '23']);
  assert.deepEqual(stage.heard(), ['1 ejected: 5 failures in a row']);
  assert.equal(stage.shared.sum(stage.block('cart|http://127.0.0.1:7001'), MEMBER_BLOCK.ejections), 1);
});

test('what led to an ejection is taken out of the row of failures that the circuit judges by', () => {
  const { stage, one, other } = open(4);
  const words = stage.shared.words.block(one.block);
  const fail = (upstream: Upstream, number: number) => {
    words[UPSTREAM_WORDS.failures] += 1;
    stage.fail(upstream, number);
  };
  for (let i = 0; i < 4; i++) for (const number of [1, 2]) fail(i % 2 === 0 ? one : other, number);
  assert.equal(words[UPSTREAM_WORDS.failures], 8);
  fail(one, 1);
  fail(other, 2);
  assert.equal(stage.reached(one), '34');
  assert.equal(words[UPSTREAM_WORDS.failures], 0);
  words[UPSTREAM_WORDS.failures] = 3;
  fail(one, 3);
  assert.equal(words[UPSTREAM_WORDS.failures], 4, 'who is not ejected takes nothing out');
});

test('attempts that ended well and badly are counted, those that said nothing are not', () => {
  const { stage, one, other } = open(2);
  for (const upstream of [one, other]) {
    upstream.members[0].judge(false, 0);
    upstream.members[0].judge(false, 0);
    upstream.members[0].judge(true, 0);
    upstream.members[0].forgive(0);
  }
  const block = stage.block('cart|http://127.0.0.1:7001');
  assert.deepEqual(
    [MEMBER_BLOCK.good, MEMBER_BLOCK.bad].map((offset) => stage.shared.sum(block, offset)),
    [4, 2],
  );
  assert.equal(wordOf(stage, 1, 'failures'), 1);
});

test('without outliers nobody is ejected, and who was ejected before is back', () => {
  const { stage, ledgers, one } = open(3);
  stage.fail(one, 1, 5);
  const anew = stage.table(ledgers[0], settingsOf(3));
  ledgers[0].keepOnly([anew]);
  assert.equal(stage.reached(anew), '123');
  stage.fail(anew, 2, 50);
  assert.equal(stage.reached(anew), '123');
});

describe('the ceiling', () => {
  for (const [members, percent, most] of [
    [4, 50, 2],
    [5, 50, 2],
    [10, 10, 1],
    [3, 10, 1],
    [2, 50, 1],
    [4, 100, 3],
    [2, 100, 1],
    [1, 100, 0],
    [4, 0, 0],
  ] as const) {
    test(`of ${members} members at ${percent} % at most ${most} are out`, () => {
      const { stage, one } = open(members, { outliers: { ...OUTLIERS, maxEjectedPercent: percent }, panicPercent: 0 });
      for (let number = 1; number <= members; number++) stage.fail(one, number, 9);
      assert.equal(stage.heard().length, most);
      assert.equal(new Set(stage.aims(one, 200)).size, members - most);
    });
  }

  test('counts members that are ill as such that cannot take over, and those without weight not at all', () => {
    const { stage, one } = open(2, { outliers: { ...OUTLIERS, maxEjectedPercent: 100 } });
    stage.words(2)[MEMBER_WORDS.health] = 1;
    stage.fail(one, 1, 9);
    assert.deepEqual(stage.heard(), []);
    const weightless = new UpstreamStage();
    const ledger = weightless.thread();
    const settings = settingsOf({ 'http://127.0.0.1:7001': 1, 'http://127.0.0.1:7002': 0 }, { outliers: OUTLIERS });
    const upstream = weightless.table(ledger, settings);
    weightless.fail(upstream, 1, 9);
    assert.equal(weightless.reached(upstream), '1');
  });

  test('is kept where two threads eject at the same time', () => {
    const { stage, one } = open(2, { outliers: { ...OUTLIERS, maxEjectedPercent: 100 } });
    const members = one.members.map(({ id }, i) => ({ id, words: stage.words(i + 1) }));
    const { clock } = stage;
    const told: string[] = [];
    const company = (chance: () => number) => ({
      upstream: 'cart',
      words: stage.upstreamWords(),
      members,
      settings: { ...OUTLIERS, maxEjectedPercent: 100 },
      clock,
      draw: { chance },
      tell: (event: { is: string }) => void told.push(event.is),
    });
    // The other thread marks its member after this one saw room, and before this one marks its own.
    const between = () => {
      stage.words(2)[MEMBER_WORDS.ejection] = 1;
      return 0;
    };
    assert.equal(eject(company(between), members[0], 'test', clock.now()), false);
    assert.equal(wordOf(stage, 1, 'ejection'), 0);
    assert.deepEqual(told, []);
  });
});

describe('an ejection', () => {
  test('lasts as long as said and up to a tenth longer, more each time in a row, up to a ceiling', () => {
    const { stage, one } = open(2, { outliers: { ...OUTLIERS, maxEjectFor: 80_000 } });
    stage.fail(one, 1, 5);
    for (const wanted of [30_000, 60_000, 80_000, 80_000]) {
      stage.clock.advance(wanted - 1);
      assert.equal(stage.aims(one, 3), '222', `${wanted}`);
      stage.clock.advance(wanted / 10 + 1);
      const probe = stage.aim(one);
      assert.equal(probe?.id.slice(-1), '1');
      probe?.judge(true, stage.clock.now());
    }
    assert.equal(wordOf(stage, 1, 'ejections'), 5);
    assert.equal(stage.shared.sum(stage.block('cart|http://127.0.0.1:7001'), MEMBER_BLOCK.ejections + 2), 4);
  });

  test('tells when it ends, in the time of the wall', () => {
    const { stage, one } = open(2);
    stage.fail(one, 1, 5);
    const [event] = stage.events;
    assert.ok(event.is === 'member' && event.until !== undefined);
    const lasts = event.until - stage.clock.wall();
    assert.ok(lasts >= 30_000 && lasts <= 33_000, String(lasts));
  });

  test('is forgotten after as long in peace as it took, and counts on before that', () => {
    for (const [peace, times] of [
      [29_999, 2],
      [30_000, 1],
    ]) {
      const two = open(2);
      due(two);
      const { stage, one } = two;
      stage.aim(one)?.judge(false, stage.clock.now());
      stage.clock.advance(peace);
      stage.fail(one, 1, 5);
      assert.equal(wordOf(stage, 1, 'ejections'), times);
    }
  });

  test('leaves no trace once it can say nothing any more, so that times may wrap round', () => {
    const two = open(2);
    due(two);
    const { stage, one } = two;
    stage.aim(one)?.judge(false, stage.clock.now());
    stage.clock.advance(299_999);
    stage.aims(one, 1);
    assert.notEqual(wordOf(stage, 1, 'since'), 0);
    stage.clock.advance(1);
    stage.aims(one, 1);
    assert.deepEqual([wordOf(stage, 1, 'since'), wordOf(stage, 1, 'ejections')], [0, 0]);
  });
});

describe('the probe of an ejected member', () => {
  test('is one request of one thread', () => {
    const two = open(2);
    due(two);
    const { stage, one, other } = two;
    const seen = stage.aims(one, 10) + stage.aims(other, 10) + stage.aims(one, 10);
    assert.equal(seen, `1${'2'.repeat(29)}`);
    assert.deepEqual(stage.heard(), ['1 probation: its ejection is over; one request tries it']);
  });

  test('is one request though both threads saw it was due', () => {
    const { stage, one, other } = open(2);
    stage.fail(one, 1, 5);
    stage.clock.advance(wordOf(stage, 1, 'until') - stage.clock.now());
    // None of these may take it, but now both threads know of it.
    assert.equal(stage.aims(one, 2, POST) + stage.aims(other, 2, POST), '2222');
    assert.equal(stage.aims(one, 1) + stage.aims(other, 3), '1222');
  });

  test('brings it back on all threads where it ends well', () => {
    const two = open(2);
    due(two);
    const { stage, one, other } = two;
    stage.aim(one)?.judge(false, stage.clock.now());
    assert.deepEqual([stage.reached(one), stage.reached(other)], ['12', '12']);
    assert.deepEqual([wordOf(stage, 1, 'failures'), wordOf(stage, 1, 'ejection')], [0, 0]);
    assert.deepEqual(stage.heard().slice(1), ['1 up: its probe ended well']);
  });

  test('takes it out anew where it fails, and the next probe comes later', () => {
    const two = open(2);
    due(two);
    const { stage, one, other } = two;
    stage.aim(one)?.judge(true, stage.clock.now());
    assert.deepEqual(stage.heard().slice(1), ['1 ejected: its probe failed']);
    stage.clock.advance(59_999);
    assert.equal(stage.aims(one, 2) + stage.aims(other, 2), '2222');
    stage.clock.advance(6_001);
    assert.equal(stage.aims(other, 2), '12');
  });

  test('is given back where nothing was learnt, and the next request has it', () => {
    const two = open(2);
    due(two);
    const { stage, one, other } = two;
    stage.aim(one)?.forgive(stage.clock.now());
    assert.equal(stage.aims(other, 3), '122');
  });

  test('counts as lost after its lease, and what it says then is an attempt like any other', () => {
    const two = open(2);
    due(two);
    const { stage, one, other } = two;
    const late = stage.aim(one);
    stage.clock.advance(5_999);
    assert.equal(stage.aims(other, 2), '22');
    stage.clock.advance(1);
    const second = stage.aim(other);
    assert.equal(second?.id.slice(-1), '1');
    late?.judge(false, stage.clock.now());
    assert.equal(wordOf(stage, 1, 'ejection'), 2);
    late?.forgive(stage.clock.now());
    assert.equal(stage.aims(one, 2), '22');
    second?.judge(false, stage.clock.now());
    assert.equal(stage.reached(one), '12');
  });

  test('is told apart from attempts that began before the ejection', () => {
    const two = open(2);
    const { stage, one } = two;
    const [early] = one.members;
    due(two);
    stage.aim(one);
    early.judge(false, stage.clock.now());
    early.forgive(stage.clock.now());
    assert.equal(wordOf(stage, 1, 'ejection'), 2);
  });

  test('is a request that may be sent again in the first second, and any request after it', () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'POST', 'PATCH', 'PURGE']) {
      const { stage, one } = open(2);
      stage.fail(one, 1, 5);
      const until = wordOf(stage, 1, 'until');
      stage.clock.advance(until - stage.clock.now());
      const idempotent = !method.startsWith('P') || method === 'PUT';
      stage.clock.advance(999);
      assert.equal(stage.aims(one, 1, exchangeBy(method)), idempotent ? '1' : '2', method);
      stage.clock.advance(1);
      assert.equal(stage.aims(one, 1, exchangeBy(method)), idempotent ? '2' : '1', method);
    }
  });

  test('is no second try, unless nobody else is left', () => {
    const two = open(2);
    due(two);
    const { stage, one } = two;
    assert.equal(stage.aim(one, GET, [one.members[1]])?.id.slice(-1), '2');
    const alone = open(2, { panicPercent: 0, outliers: { ...OUTLIERS, maxEjectedPercent: 100 } });
    due(alone);
    alone.stage.words(2)[MEMBER_WORDS.health] = 1;
    alone.stage.bump();
    const probe = alone.stage.aim(alone.one, GET, [alone.one.members[1]]);
    assert.equal(probe?.id.slice(-1), '1');
  });

  test('that was tried is the member that was tried', () => {
    const two = open(2);
    due(two);
    const { stage, one } = two;
    const probe = stage.aim(one) as Member;
    probe.judge(false, stage.clock.now());
    for (let i = 0; i < 20; i++) assert.equal(stage.aim(one, GET, [probe])?.id.slice(-1), '2');
    probe.inFlight++;
    assert.equal(one.members[0].inFlight, 1);
  });

  test('never goes to a member that checks say is ill', () => {
    const two = open(2);
    due(two);
    const { stage, one } = two;
    stage.words(1)[MEMBER_WORDS.health] = 1;
    stage.bump();
    assert.equal(stage.aims(one, 3), '222');
    stage.words(1)[MEMBER_WORDS.health] = 0;
    stage.bump();
    assert.equal(stage.aims(one, 3), '122');
  });
});

describe('panic', () => {
  function ill(stage: UpstreamStage, numbers: readonly number[], health: number): void {
    for (const number of numbers) stage.words(number)[MEMBER_WORDS.health] = health;
    stage.bump();
  }

  test('all are used where fewer than the threshold can serve, and one thread says so', () => {
    const { stage, one, other } = open(4);
    ill(stage, [1, 2], 1);
    assert.deepEqual([stage.reached(one), stage.reached(other)], ['34', '34']);
    assert.equal(stage.upstreamWords()[UPSTREAM_WORDS.panic], 0);
    ill(stage, [3], 1);
    assert.deepEqual([stage.reached(one), stage.reached(other)], ['1234', '1234']);
    assert.equal(stage.upstreamWords()[UPSTREAM_WORDS.panic], 1);
    ill(stage, [3], 0);
    assert.deepEqual([stage.reached(one), stage.reached(other)], ['34', '34']);
    assert.equal(stage.upstreamWords()[UPSTREAM_WORDS.panic], 0);
    assert.deepEqual(stage.heard(), [
      'panic on: 1 of 4 members can serve, panicPercent is 50',
      'panic off: 2 of 4 members can serve, panicPercent is 50',
    ]);
  });

  test('at 0 there is none: then nobody serves where nobody can', () => {
    const { stage, one } = open(3, { panicPercent: 0 });
    ill(stage, [1, 2], 1);
    assert.equal(stage.reached(one), '3');
    ill(stage, [3], 1);
    assert.equal(stage.aims(one, 2), '--');
    assert.deepEqual(stage.heard(), []);
  });

  test('an only member that is ill is used', () => {
    const { stage, one } = open(1);
    ill(stage, [1], 1);
    assert.equal(stage.aims(one, 2), '11');
  });

  test('a table on its way out has no say', () => {
    const { stage, ledgers, one } = open(2);
    const anew = stage.table(ledgers[0], settingsOf(2, { panicPercent: 0 }));
    ledgers[0].keepOnly([anew]);
    ill(stage, [1, 2], 1);
    assert.equal(stage.aims(anew, 1), '-');
    assert.equal(stage.reached(one), '12');
    assert.equal(stage.upstreamWords()[UPSTREAM_WORDS.panic], 0);
  });
});
