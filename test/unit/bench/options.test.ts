/**
 * The command line of the bench.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionsOf } from '../../../bench/options.ts';

const KNOWN = {
  cases: ['1k', '64k', 'idle'],
  sets: { all: ['1k', '64k', 'idle'], bars: ['1k', 'idle'] },
  peers: ['signalbox', 'nginx'],
};

test('without a case the first one runs, and a set stands for its cases, each once', () => {
  assert.deepEqual(optionsOf([], KNOWN)?.cases, ['1k']);
  assert.deepEqual(optionsOf(['bars', '64k', '1k'], KNOWN)?.cases, ['1k', 'idle', '64k']);
});

test('numbers are whole and at least one', () => {
  assert.equal(optionsOf(['--rotations', '3'], KNOWN)?.rotations, 3);
  for (const wrong of ['0', '1.5', 'many', ''])
    assert.throws(() => optionsOf([`--slice=${wrong}`], KNOWN), /--slice .*whole number/);
});

test('an unknown case or peer is answered with those there are', () => {
  assert.throws(() => optionsOf(['2k'], KNOWN), /no case 2k; there are 1k, 64k, idle, all, bars/);
  assert.throws(() => optionsOf(['--peers', 'nginx,apache'], KNOWN), /no peer apache; there are signalbox, nginx/);
});

test('what makes no sense together is refused', () => {
  assert.throws(() => optionsOf(['--profile', '--against', 'HEAD'], KNOWN), /leave --against out/);
  assert.throws(() => optionsOf(['--against', 'HEAD', '--peers', 'nginx'], KNOWN), /must name it too/);
});

test('who asks for help gets no run', () => {
  assert.equal(optionsOf(['1k', '--help'], KNOWN), undefined);
});
