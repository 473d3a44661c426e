/**
 * A member's pool: the connection used last is lent first, none is lent past its idle limit, and a retired member keeps
 * none. Connections are stand-ins that note what is done to them; real ones are the wire tests' affair.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LINGER } from '../../../src/core/free-blocks.ts';
import { Lane, MEMBER_BLOCK } from '../../../src/core/lanes.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { Timers } from '../../../src/core/timers.ts';
import { MEMBER_WORDS } from '../../../src/core/words.ts';
import { type HttpLink, idleLimitOf } from '../../../src/upstream/link.ts';
import { PooledMember } from '../../../src/upstream/member.ts';
import type { LinkSink } from '../../../src/upstream/upstream.ts';
import { FakeClock } from '../../support/clock.ts';

interface StandIn {
  readonly link: HttpLink;
  readonly taken: LinkSink[];
  destroyed: number;
}

const SINK: LinkSink = {
  onConnected: () => {},
  onInterim: () => true,
  onReply: () => true,
  onBody: () => true,
  onEnd: () => {},
  onDrain: () => {},
  onFault: () => {},
};

const SETTINGS = { id: 'm', host: '127.0.0.1', port: 7001, authority: 'cart.internal', block: 3, since: 0 };

function stage(): {
  clock: FakeClock;
  timers: Timers;
  shared: SharedLanes;
  member: PooledMember;
  idle(until: number): StandIn;
} {
  const clock = new FakeClock();
  const shared = new SharedLanes(1);
  shared.grow(4);
  const lane = new Lane();
  lane.grow(shared.segments(0));
  const timers = new Timers(clock, false);
  const needs = { clock, timers, lane, words: shared.words, onFailure: () => {} };
  const member = new PooledMember(SETTINGS, needs);
  const idle = (until: number): StandIn => {
    const standIn = {
      taken: [] as LinkSink[],
      destroyed: 0,
      // All that a pool asks of a connection; a real one would open a socket.
      link: {
        idleUntil: until,
        take: (sink: LinkSink) => standIn.taken.push(sink),
        destroy: () => {
          standIn.destroyed++;
          member.forget(standIn.link);
        },
      } as unknown as HttpLink,
    };
    member.keep(standIn.link);
    return standIn;
  };
  return { clock, timers, shared, member, idle };
}

test('a member is what it was told to be', () => {
  const { member } = stage();
  const { id, host, port, authority, block, since } = member;
  assert.deepEqual({ id, host, port, authority, block, since }, SETTINGS);
  assert.deepEqual([member.inFlight, member.connections], [0, 0]);
});

test('the connection used last is lent first', () => {
  const { member, idle } = stage();
  const [first, second, third] = [idle(9_000), idle(9_000), idle(9_000)];
  assert.equal(member.link(SINK, 1_000, false, 0), third.link);
  assert.equal(member.link(SINK, 1_000, false, 0), second.link);
  member.keep(third.link);
  assert.equal(member.link(SINK, 1_000, false, 0), third.link);
  assert.equal(member.link(SINK, 1_000, false, 0), first.link);
  assert.deepEqual(third.taken, [SINK, SINK]);
});

test('connections at their idle limit are closed instead of lent, until one is found that is not', () => {
  const { clock, member, idle } = stage();
  const good = idle(clock.now() + 100.1);
  const old = [idle(clock.now() + 100), idle(clock.now() - 1), idle(clock.now() + 50)];
  clock.advance(100);
  assert.equal(member.link(SINK, 1_000, false, clock.now()), good.link);
  assert.deepEqual(
    old.map(({ destroyed }) => destroyed),
    [1, 1, 1],
  );
  assert.equal(good.destroyed, 0);
});

test('a connection that died in the pool is not lent', () => {
  const { member, idle } = stage();
  const [first, second] = [idle(9_000), idle(9_000)];
  second.link.destroy();
  assert.equal(member.link(SINK, 1_000, false, 0), first.link);
  assert.deepEqual(second.taken, []);
});

describe('a retired member', () => {
  test('closes its idle connections, and those that come back', () => {
    const { member, idle } = stage();
    const all = [idle(9_000), idle(9_000), idle(9_000)];
    const [, busy] = all;
    // Lent out: the two behind it are taken and brought back in another order.
    assert.equal(member.link(SINK, 1_000, false, 0), all[2].link);
    assert.equal(member.link(SINK, 1_000, false, 0), busy.link);
    member.keep(all[2].link);
    member.retire();
    assert.deepEqual(
      all.map(({ destroyed }) => destroyed),
      [1, 0, 1],
    );
    member.keep(busy.link);
    assert.equal(busy.destroyed, 1);
  });

  test('is judged by what was under way, until its block may be another’s', () => {
    const { member, clock, timers, shared } = stage();
    const counted = () => [MEMBER_BLOCK.good, MEMBER_BLOCK.bad].map((offset) => shared.sum(3, offset));
    member.inFlight = 3;
    member.retire();
    clock.advance(LINGER - 1_000);
    timers.turn();
    member.judge(false, clock.now());
    member.judge(true, clock.now());
    assert.deepEqual([counted(), member.words[MEMBER_WORDS.failures]], [[1, 1], 1]);
    clock.advance(2_000);
    timers.turn();
    member.judge(false, clock.now());
    member.judge(true, clock.now());
    assert.deepEqual([counted(), member.words[MEMBER_WORDS.failures]], [[1, 1], 1]);
  });
});

test('an origin that says how long it keeps a connection is left before that, always', () => {
  for (const [seconds, limit] of [
    [0, 0],
    [1, 500],
    [2, 1_000],
    [5, 4_000],
    [75, 74_000],
  ]) {
    assert.equal(idleLimitOf(seconds), limit);
    assert.ok(limit === 0 || limit < seconds * 1_000);
  }
});
