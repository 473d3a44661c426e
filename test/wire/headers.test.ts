/**
 * Header lines pass as they came: case, order, duplicates, blanks inside, foreign bytes. Hop-by-hop headers and those that
 * Connection names stop here, both ways.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Field, valuesOf } from '../support/bytes.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { assertLastProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const LINES = [
  'X-UPPER: 1',
  'x-lower: 2',
  'X-Mixed-cASE: 3',
  'X-Same: first',
  'x-same: second',
  'X-Other: between',
  'X-SAME: third',
  'X-Empty:',
  'X-Inner:  a  b \t c',
  'X-Quoted: "a, b"; c="\\""',
  'X-Foreign: \xe9\xff\x80\xa0',
  "x!#$%&'*+-.^_`|~9: every token character",
  'Set-Cookie: a=1; Path=/',
  'Set-Cookie: b=2; Expires=Wed, 21 Oct 2099 07:28:00 GMT',
  'Cookie: c=3; d="4"',
  'Accept: a/b;q=0.1,,c/d',
  '1: a name of a digit',
  'X-Tail: end',
];
const AS_FIELDS = LINES.map((line): Field => {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+/, '')];
});

/** Those fields of a message that are in the list above, in the order they came. */
function ours(fields: readonly Field[]): Field[] {
  const names = new Set(AS_FIELDS.map((field) => field[0]));
  return fields.filter((field) => names.has(field[0]));
}

test(
  'request headers keep case, order, duplicates and foreign bytes',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask(
      `GET / HTTP/1.1\r\n${LINES.slice(0, 9).join('\r\n')}\r\nHost: a\r\n${LINES.slice(9).join('\r\n')}\r\n\r\n`,
    );
    assert.deepEqual(ours(stage.origin.requests[0].fields), AS_FIELDS);
    assert.deepEqual(valuesOf(stage.origin.requests[0].fields, 'host'), ['a']);
  }),
);

test(
  'reply headers keep case, order, duplicates and foreign bytes',
  onStage(answering(ok('', ...LINES)), async (stage) => {
    const client = await stage.client();
    assert.deepEqual(ours((await client.ask(FIRST)).fields), AS_FIELDS);
  }),
);

test(
  'methods pass as they are, lower case and unknown ones too',
  onStage(answering(ok('')), async (stage) => {
    const methods = ['get', 'Post', 'PURGE', 'M-SEARCH', "!#$%&'*+-.^_`|~0aZ"];
    const client = await stage.client();
    for (const method of methods) await client.ask(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.deepEqual(
      stage.origin.requests.map((request) => request.start),
      methods.map((method) => `${method} / HTTP/1.1`),
    );
  }),
);

const HOP_LINES = [
  'Connection: X-Named, x-second ,keep-alive',
  'connection: ,X-Third',
  'Keep-Alive: timeout=5, max=100',
  'Proxy-Connection: keep-alive',
  'X-Named: stop',
  'X-SECOND: stop',
  'x-third: stop',
  'X-Named: stop again',
  'X-Nam: pass',
  'X-Named-Too: pass',
];
const STOPPED = ['keep-alive', 'proxy-connection', 'x-named', 'x-second', 'x-third'];

function assertStopped(fields: readonly Field[]): void {
  for (const name of STOPPED) assert.deepEqual(valuesOf(fields, name), [], `${name} stops here`);
  assert.deepEqual(valuesOf(fields, 'x-nam'), ['pass']);
  assert.deepEqual(valuesOf(fields, 'x-named-too'), ['pass']);
  assert.ok(!/x-named|x-second|x-third/i.test(valuesOf(fields, 'connection').join()), 'Connection is the hop’s own');
}

test(
  'hop-by-hop headers of a request and those Connection names stop here',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask(`GET / HTTP/1.1\r\nHost: a\r\n${HOP_LINES.join('\r\n')}\r\n\r\n`);
    assertStopped(stage.origin.requests[0].fields);
  }),
);

test(
  'hop-by-hop headers of a reply and those Connection names stop here',
  onStage(answering(ok('', ...HOP_LINES)), async (stage) => {
    const client = await stage.client();
    assertStopped((await client.ask(FIRST)).fields);
  }),
);

for (const name of ['host', 'Content-Length', 'transfer-encoding']) {
  test(
    `a request whose Connection names ${name} away is refused`,
    onStage(answering(ok('fine')), async (stage) => {
      const client = await stage.client();
      await client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: x, ${name}\r\n\r\nhello`);
      await assertLastProblem(await client.lastReply(), 400, 'bad_request');
      assert.equal(stage.origin.requests.length, 0);
    }),
  );
}

test(
  'Connection cannot name away what the router itself tells the upstream',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    const named = 'x-correlation-id, x-forwarded-for, forwarded, traceparent, via, x-signalbox-attempt';
    await client.ask(`GET / HTTP/1.1\r\nHost: a\r\nX-Correlation-Id: mine-1\r\nConnection: ${named}\r\n\r\n`);
    const { fields } = stage.origin.requests[0];
    for (const name of named.split(', ')) assert.equal(valuesOf(fields, name).length, 1, name);
  }),
);

test(
  'TE: trailers passes with Connection: TE, any other TE stops here',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n');
    await client.ask('GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5\r\nConnection: TE\r\n\r\n');
    await client.ask('GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: deflate, trailers\r\n\r\n');
    const [plain, coding, mixed] = stage.origin.requests.map((request) => request.fields);
    assert.deepEqual(valuesOf(plain, 'te'), ['trailers']);
    assert.match(valuesOf(plain, 'connection').join(), /\bTE\b/i);
    assert.deepEqual(valuesOf(coding, 'te'), []);
    assert.ok(!/gzip|deflate/.test(valuesOf(mixed, 'te').join()), 'codings of the hop before');
  }),
);

test(
  'credentials for this proxy stop here, those for the origin pass',
  onStage(answering(ok('', 'WWW-Authenticate: Basic', 'Proxy-Authenticate: Basic')), async (stage) => {
    const client = await stage.client();
    const reply = await client.ask(
      'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nProxy-Authorization: Basic eA==\r\n\r\n',
    );
    const [request] = stage.origin.requests;
    assert.deepEqual(valuesOf(request.fields, 'authorization'), ['Bearer x']);
    assert.deepEqual(valuesOf(request.fields, 'proxy-authorization'), []);
    assert.equal(reply.field('www-authenticate'), 'Basic');
    assert.equal(reply.field('proxy-authenticate'), undefined);
  }),
);

test(
  'Connection: close of the client closes after the reply, and is not the origin’s business',
  onStage(answering(ok('fine')), async (stage) => {
    for (const value of ['close', 'Close', 'x, close', 'close, x']) {
      const client = await stage.client();
      await client.send(`GET / HTTP/1.1\r\nHost: a\r\nConnection: ${value}\r\n\r\n`);
      const reply = await client.lastReply();
      assert.equal(reply.body, 'fine');
      assert.equal(reply.field('connection')?.toLowerCase(), 'close');
    }
    assert.equal(stage.origin.connections.length, 1);
  }),
);

test(
  'a request after Connection: close is not served',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send(
      `GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /more HTTP/1.1\r\nHost: a\r\n\r\n`,
    );
    await client.lastReply();
    await stage.fence();
    assert.ok(!stage.origin.received.includes('/more'));
  }),
);
