/**
 * Reading one cookie among others.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieValue } from '../../../src/core/cookie.ts';

test('cookies are found by their whole name, quotes left out', () => {
  const cases: [cookies: string, value: string | undefined][] = [
    ['v=2', '2'],
    ['a=1; v=2; v=3', '2'],
    ['a=1;v=2', '2'],
    ['a=1;  v="2.0" ; b', '2.0'],
    ['vv=1; xv=2', undefined],
    ['v', undefined],
    ['a=v=2', undefined],
    ['', undefined],
    [';;; v=2', '2'],
  ];
  for (const [cookies, value] of cases) assert.equal(cookieValue(cookies, 'v'), value, cookies);
});
