/**
 * Rewrites of targets as a table, and what no rewrite may ever make.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RewriteSettings } from '../../../src/policy/policy.ts';
import { targetRewrite } from '../../../src/policy/rewrite.ts';
import { NO_REWRITE } from '../../support/facts.ts';

function rewritten(settings: Partial<RewriteSettings>, target: string): string {
  const rewrite = targetRewrite({ ...NO_REWRITE, ...settings });
  return rewrite === undefined ? target : rewrite(target);
}

test('without a rewrite targets go unchanged and cost nothing', () => {
  assert.equal(targetRewrite(NO_REWRITE), undefined);
  assert.equal(targetRewrite({ ...NO_REWRITE, stripPrefix: '/' }), undefined);
});

test('stripPrefix cuts whole segments in whatever spelling, and leaves the rest byte for byte', () => {
  const cases: [target: string, expected: string][] = [
    ['/checkout', '/'],
    ['/checkout/', '/'],
    ['/checkout/x', '/x'],
    ['/%63heckout/x?q', '/x?q'],
    ['/checkout?q=/checkout', '/?q=/checkout'],
    ['/checkout/%7e/%2F/a+b?%zz', '/%7e/%2F/a+b?%zz'],
    ['/checkouts/x', '/checkouts/x'],
    ['/Checkout/x', '/Checkout/x'],
    ['/x/checkout', '/x/checkout'],
    ['/checkout//evil.example/x', '/evil.example/x'],
    ['/checkout/\\evil.example', '/evil.example'],
    ['/checkout/checkout/x', '/checkout/x'],
    ['/checkout%2Fx', '/checkout%2Fx'],
    ['*', '*'],
  ];
  for (const stripPrefix of ['/checkout', '/checkout/', '/%63heckout']) {
    for (const [target, expected] of cases) assert.equal(rewritten({ stripPrefix }, target), expected, target);
  }
});

test('replacePrefix puts another prefix in place', () => {
  const cases: [prefix: string, replacement: string, target: string, expected: string][] = [
    ['/v1', '/api/v1', '/v1/x?q', '/api/v1/x?q'],
    ['/v1', '/api/', '/v1/x', '/api/x'],
    ['/v1', '/api/', '/v1', '/api/'],
    ['/v1', '/api', '/v1', '/api'],
    ['/v1', '/api', '/v1?q', '/api?q'],
    ['/v1', '/', '/v1/x', '/x'],
    ['/v1', '/', '/v1//x', '/x'],
    ['/v1/', 'api', '/v1/x', '/api/x'],
    ['/', '/api', '/x', '/api/x'],
    ['/', '/api', '/', '/api/'],
    ['/v1', '/café', '/v1/x', '/caf%C3%A9/x'],
    ['/v1', '/api', '/v11/x', '/v11/x'],
    ['/v1', '//evil', '/v1/x', '/evil/x'],
  ];
  for (const [prefix, replacement, target, expected] of cases) {
    assert.equal(rewritten({ replacePrefix: { prefix, with: replacement } }, target), expected, `${prefix} ${target}`);
  }
});

test('path puts a whole path in place and keeps the query', () => {
  const cases: [path: string, target: string, expected: string][] = [
    ['/new', '/old/x?q=1?2', '/new?q=1?2'],
    ['/new', '/old', '/new'],
    ['//new', '/old', '/new'],
    ['/new', '*', '*'],
  ];
  for (const [path, target, expected] of cases) assert.equal(rewritten({ path }, target), expected, target);
});

test('no rewrite makes a target that names a host or is no path', () => {
  const unit = fc.constantFrom('/', '\\', 'a', '%61', '%', '?', '.', '%2F');
  const target = fc.string({ unit, maxLength: 8 }).map((text) => `/a${text}`);
  const prefix = fc.constantFrom('/a', '/a/', '/', '/a/a');
  const replacement = fc.constantFrom('/', '/b', '/b/', '//b', 'b', '');
  fc.assert(
    fc.property(target, prefix, replacement, (asked, before, after) => {
      for (const settings of [{ stripPrefix: before }, { replacePrefix: { prefix: before, with: after } }]) {
        assert.match(rewritten(settings, asked), /^\/(?![/\\])/);
      }
    }),
  );
});
