/**
 * Guesses at what was meant: near enough to help, never wild.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearest } from '../../../src/config/suggest.ts';

const KEYS = ['endpoints', 'balance', 'timeout', 'retry', 'circuitBreaker', 'healthCheck'];

test('a letter too few, too many, wrong or swapped is forgiven', () => {
  assert.equal(nearest('timout', KEYS), 'timeout');
  assert.equal(nearest('timeoutt', KEYS), 'timeout');
  assert.equal(nearest('rettt', ['retry']), undefined);
  assert.equal(nearest('ertry', KEYS), 'retry');
  assert.equal(nearest('balence', KEYS), 'balance');
});

test('case and separators do not count', () => {
  assert.equal(nearest('circuit_breaker', KEYS), 'circuitBreaker');
  assert.equal(nearest('health-check', KEYS), 'healthCheck');
  assert.equal(nearest('ID', ['id']), 'id');
});

test('the nearest wins, the first of equals', () => {
  assert.equal(nearest('cart-v3', ['cart-v1', 'cart-v2']), 'cart-v1');
  assert.equal(nearest('cart-v2x', ['cart-v1', 'cart-v2']), 'cart-v2');
});

test('nothing near is no guess', () => {
  assert.equal(nearest('tls', KEYS), undefined);
  assert.equal(nearest('b', ['a']), undefined);
  assert.equal(nearest('x', []), undefined);
  assert.equal(didYouMean('zzz', KEYS, 'look it up'), 'look it up');
});
