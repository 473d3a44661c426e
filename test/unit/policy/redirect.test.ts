/**
 * Where redirects send their clients.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameSet } from '../../../src/core/names.ts';
import type { RedirectSettings, Reply } from '../../../src/policy/policy.ts';
import { redirectAnswer } from '../../../src/policy/redirect.ts';
import { exchangeOf, factsOf } from '../../support/facts.ts';

interface Asked {
  readonly target: string;
  /** The Host header as the client wrote it. */
  readonly host?: string;
  readonly listener?: string;
  /** The path that the route matches. */
  readonly path?: string;
}

function reply(settings: Partial<RedirectSettings>, asked: Asked): Reply {
  const { target, host = 'old.example:8080', listener = 'internal', path = '/old' } = asked;
  const place = { route: 'moved', path, secure: new Set(['edge']) };
  const headers: Record<string, string> = host === '' ? {} : { host };
  const facts = factsOf({ target, host: host.replace(/:\d+$/, ''), headers }, new NameSet());
  const answer = redirectAnswer({ status: 302, ...settings }, place).reply(exchangeOf(facts, 0, '', listener));
  assert.ok(answer !== undefined);
  return answer;
}

function location(settings: Partial<RedirectSettings>, asked: Asked): string | undefined {
  return reply(settings, asked).headers.find(([name]) => name === 'location')?.[1];
}

test('the answer has the status of the document, a location and no body', () => {
  assert.deepEqual(reply({ status: 308, path: '/new' }, { target: '/old' }), {
    status: 308,
    headers: [['location', 'http://old.example:8080/new']],
    body: '',
  });
});

test('scheme, host and port are the request’s own unless the document names others', () => {
  const target = '/old/x?q=1';
  const cases: [settings: Partial<RedirectSettings>, asked: Partial<Asked>, expected: string][] = [
    [{}, {}, 'http://old.example:8080/old/x?q=1'],
    [{}, { host: 'old.example' }, 'http://old.example/old/x?q=1'],
    [{}, { host: 'old.example:80' }, 'http://old.example/old/x?q=1'],
    [{}, { host: 'old.example:8443', listener: 'edge' }, 'https://old.example:8443/old/x?q=1'],
    [{}, { host: 'old.example:443', listener: 'edge' }, 'https://old.example/old/x?q=1'],
    [{}, { host: '[::1]:8080' }, 'http://[::1]:8080/old/x?q=1'],
    [{}, { host: '[::1]' }, 'http://[::1]/old/x?q=1'],
    [{ scheme: 'https' }, {}, 'https://old.example/old/x?q=1'],
    [{ scheme: 'https', port: 8443 }, {}, 'https://old.example:8443/old/x?q=1'],
    [{ scheme: 'http', port: 443 }, {}, 'http://old.example:443/old/x?q=1'],
    [{ host: 'new.example' }, {}, 'http://new.example/old/x?q=1'],
    [{ host: 'new.example', port: 9000 }, {}, 'http://new.example:9000/old/x?q=1'],
    [{ port: 80 }, {}, 'http://old.example/old/x?q=1'],
  ];
  for (const [settings, asked, expected] of cases) assert.equal(location(settings, { target, ...asked }), expected);
});

test('the path may be new as a whole or in its matched prefix; the query stays', () => {
  const at = 'http://old.example:8080';
  const cases: [settings: Partial<RedirectSettings>, asked: Asked, expected: string][] = [
    [{ path: '/new' }, { target: '/old/x?q=1' }, `${at}/new?q=1`],
    [{ replacePrefix: '/new' }, { target: '/old/x?q=1' }, `${at}/new/x?q=1`],
    [{ replacePrefix: '/new' }, { target: '/%6fld' }, `${at}/new`],
    [{ replacePrefix: '/' }, { target: '/old' }, `${at}/`],
    [{ replacePrefix: '/' }, { target: '/old//evil.example' }, `${at}/evil.example`],
    [{ replacePrefix: '/new' }, { target: '/x', path: '/' }, `${at}/new/x`],
  ];
  for (const [settings, asked, expected] of cases) assert.equal(location(settings, asked), expected);
});

test('no target leads to another host', () => {
  for (const target of [
    '//evil.example/',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '//evil.example@x/',
  ]) {
    for (const settings of [{}, { replacePrefix: '/' }, { scheme: 'https' as const }]) {
      for (const host of ['old.example', '']) {
        const sent = location(settings, { target, host, path: '/' }) ?? '';
        assert.equal(new URL(sent, 'http://old.example/').hostname, 'old.example', `${target} ${sent}`);
      }
    }
  }
});

test('a client that names no host gets a path, which cannot name a host either', () => {
  assert.equal(location({}, { target: '//evil.example/x', host: '' }), '/evil.example/x');
});

test('the target * becomes the root', () => {
  assert.equal(location({}, { target: '*' }), 'http://old.example:8080/');
});

test('replacing the prefix of a route without one is refused when the table is compiled', () => {
  const place = { route: 'moved', path: undefined, secure: new Set<string>() };
  assert.throws(() => redirectAnswer({ status: 302, replacePrefix: '/x' }, place), /route moved: .*replacePrefix/);
});
