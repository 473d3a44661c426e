/**
 * Replies that are odd in time or number: interim replies without end, heads that drip, words nobody asked for, switches to
 * another protocol than the client named. Nobody hangs, and nobody gets what is not theirs.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, inTurn, type OriginConnection, ok } from '../support/raw-origin.ts';
import { breathe, until } from '../support/wait.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

const heard = (connection: OriginConnection) => until('the request', () => connection.requests.length > 0);

async function silent(connection: OriginConnection): Promise<void> {
  await connection.request();
  await connection.closed();
}

/** What the log says of this origin's bytes that belong to no reply. */
function oddities(stage: TimedStage): unknown[] {
  return stage.said.filter(({ level }) => level === 'warn').map(({ fields }) => fields.where);
}

for (const [limit, timeout] of Object.entries({
  attempt: { attempt: '3s', total: '60s' },
  total: { attempt: '60s', total: '3s' },
})) {
  test(
    `interim replies every 100 ms put off nothing: timeout.${limit} ends the exchange with 504`,
    onTimedStage(
      silent,
      async (stage) => {
        const client = await stage.client();
        await client.send(FIRST);
        const connection = await stage.origin.connection();
        await heard(connection);
        for (let i = 0; i < 29; i++) {
          connection.send('HTTP/1.1 102 Processing\r\n\r\n');
          assert.equal((await client.reply()).status, 102);
          await stage.pass(100);
        }
        await stage.pass(80);
        assert.equal(connection.ending, undefined);
        await stage.passRest();
        assertProblem(await client.reply(), 504, 'upstream_timeout');
        await connection.closed();
        const { detail } = await stage.logged('/first');
        assert.match(
          String(detail),
          new RegExp(`did not reply within the ${limit} time of 3000 ms \\(timeout.${limit}\\)$`),
        );
      },
      { upstream: { timeout } },
    ),
  );

  test(
    `a head of one byte a second is over at timeout.${limit}`,
    onTimedStage(
      silent,
      async (stage) => {
        const client = await stage.client();
        await client.send(FIRST);
        const connection = await stage.origin.connection();
        await heard(connection);
        for (const byte of 'HTT') {
          connection.send(byte);
          await stage.pass(byte === 'T' ? 980 : 1_000);
        }
        assert.equal(connection.ending, undefined);
        await stage.passRest();
        assertProblem(await client.reply(), 504, 'upstream_timeout');
        await connection.closed();
      },
      { upstream: { timeout } },
    ),
  );
}

test(
  'an interim reply that is not 100 does not end the wait for it: the upstream is late, not the client',
  onTimedStage(
    async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 102 Processing\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send('POST /waiting HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
      assert.equal((await client.reply()).status, 102);
      await stage.passNearly(3_000);
      assert.equal(client.inbox.ending, undefined);
      await stage.passRest();
      assertProblem(await client.lastReply(), 504, 'upstream_timeout');
    },
    { internal: { timeout: { body: '1s' } } },
  ),
);

test(
  'an interim reply with a body passes without its length, and what stands behind it is 502',
  onTimedStage(
    answering('HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\nEVILHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    async (stage) => {
      const client = await stage.client();
      const hints = await client.ask(FIRST);
      assert.deepEqual([hints.status, hints.field('content-length')], [103, undefined]);
      assertProblem(await client.reply(), 502, 'upstream_protocol');
      await stage.origin.connections[0].closed();
    },
  ),
);

const SAID_TOO_MUCH = {
  'an interim reply': 'HTTP/1.1 100 Continue\r\n\r\n',
  'a reply': ok('EVIL'),
  'a line end': '\r\n',
  'half a reply': 'HTTP/1.1 200 OK\r\nContent-Len',
};

for (const [name, bytes] of Object.entries(SAID_TOO_MUCH)) {
  test(
    `${name} behind a complete reply is nobody's: the connection closes, and the log says so`,
    onTimedStage(inTurn(answering(ok('mine') + bytes), answering(ok('fine'))), async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(FIRST)).body, 'mine');
      await stage.origin.connections[0].closed();
      assert.deepEqual(oddities(stage), ['behind a complete reply']);
      assert.equal((await client.ask('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')).body, 'fine');
    }),
  );

  test(
    `${name} on an idle connection is nobody's: the connection closes, and the log says so`,
    onTimedStage(answering(ok('mine')), async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(FIRST)).body, 'mine');
      const [connection] = stage.origin.connections;
      connection.send(bytes);
      await connection.closed();
      assert.deepEqual(oddities(stage), ['on an idle connection']);
      const [{ fields }] = stage.said;
      assert.equal(fields.member, `http://127.0.0.1:${stage.origin.port}`);
      assert.equal((await client.ask('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')).body, 'mine');
      assert.equal(stage.origin.connections.length, 2);
    }),
  );
}

for (const [name, request, reply] of [
  ['204', FIRST, 'HTTP/1.1 204 No Content\r\n\r\nEVIL'],
  ['304', FIRST, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nEVIL'],
  ['a reply to HEAD', FIRST.replace('GET', 'HEAD'), ok('EVIL')],
]) {
  test(
    `a body behind ${name} reaches nobody, also where it comes later`,
    onTimedStage(
      async (connection) => {
        await connection.request();
        const end = reply.indexOf('EVIL');
        connection.send(connection.index === 0 ? reply.slice(0, end) : ok('fine'));
        if (connection.index === 0) await until('the word', () => connection.heads.length > 0);
        if (connection.index === 0) connection.send(reply.slice(end));
        await connection.closed();
      },
      async (stage) => {
        const client = await stage.client();
        await client.send(request);
        await client.inbox.until('\r\n\r\n', 'the head');
        const [connection] = stage.origin.connections;
        connection.heads.push('now');
        await connection.closed();
        assert.equal((await client.ask('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')).body, 'fine');
        assert.ok(!client.inbox.all.includes('EVIL'));
      },
    ),
  );
}

const UPGRADE = 'GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: Talk/2, chat\r\n\r\n';
const switched = (lines: string) => `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${lines}\r\nEVIL`;

for (const [name, lines] of [
  ['to another protocol than asked for', 'Upgrade: shell\r\n'],
  ['to one asked for and another', 'Upgrade: chat, shell\r\n'],
  ['to another version than asked for', 'Upgrade: Talk/3\r\n'],
  ['to no protocol', ''],
  ['to an empty list', 'Upgrade: ,\r\n'],
]) {
  test(
    `a switch ${name} is 502, and no byte passes`,
    onTimedStage(answering(switched(lines)), async (stage) => {
      const client = await stage.client();
      await client.send(UPGRADE);
      const reply = await client.lastReply();
      assertProblem(reply, 502, 'upstream_protocol');
      assert.ok(!client.inbox.all.includes('EVIL'));
      await stage.origin.connections[0].closed();
      const { detail, member } = await stage.logged('/up');
      assert.equal(detail, `${member} switched protocols unasked`);
    }),
  );
}

for (const named of ['chat', 'CHAT', 'talk/2', 'chat, talk/2']) {
  test(
    `a switch to ${named} passes where the client named Talk/2 and chat`,
    onTimedStage(answering(switched(`Upgrade: ${named}\r\n`).replace('EVIL', 'hello')), async (stage) => {
      const client = await stage.client();
      await client.send(UPGRADE);
      const reply = await client.reply();
      assert.deepEqual([reply.status, reply.field('upgrade')], [101, named]);
      assert.equal(await client.inbox.exactly(5, 'the first word'), 'hello');
      client.reset();
    }),
  );
}

for (const [when, bytes, words] of [
  ['before any byte', '', 'before the reply'],
  ['in the head', 'HTTP/1.1 200 OK\r\nCon', 'in the middle of the head'],
  ['behind an interim reply', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'before the reply'],
]) {
  for (const how of ['end', 'reset'] as const) {
    test(
      `an origin that ${how === 'end' ? 'closes' : 'resets'} ${when} is 502, and the log says when`,
      onTimedStage(silent, async (stage) => {
        const client = await stage.client();
        await client.send(FIRST);
        const connection = await stage.origin.connection();
        await heard(connection);
        connection.send(bytes);
        await breathe(8);
        connection[how]();
        let reply = await client.reply();
        if (reply.status === 103) reply = await client.reply();
        assertProblem(reply, 502, 'upstream_reset');
        const { detail, member } = await stage.logged('/first');
        if (how === 'end') assert.equal(detail, `${member} closed the connection ${words}`);
        else assert.equal(detail, `${member} broke off: read ECONNRESET`);
      }),
    );
  }
}

test(
  'a reply that comes when its client is gone, or its upload was cut, reaches nobody',
  onTimedStage(
    async (connection) => {
      await connection.head();
      await until('the word', () => connection.heads.length > 1);
      connection.send(ok('EVIL'));
      await connection.closed();
    },
    async (stage) => {
      const gone = await stage.client();
      await gone.send(FIRST);
      const first = await stage.origin.connection(0);
      await until('its head', () => first.heads.length === 1);
      gone.reset();
      const cut = await stage.client();
      await cut.send('POST /cut HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      const second = await stage.origin.connection(1);
      await until('its head', () => second.heads.length === 1);
      await cut.send('xyz\r\n');
      assertProblem(await cut.reply(), 400, 'bad_request');
      for (const connection of [first, second]) {
        connection.heads.push('now');
        await connection.closed();
      }
      assert.equal((await cut.untilClose()).text, '');
      assert.equal((await stage.logged('/first')).code, 'client_gone');
      assert.equal((await stage.logged('/cut')).code, 'bad_request');
    },
  ),
);

const MIB = 1 << 20;

for (const [name, head, how, version] of [
  ['a chunked reply', 'Transfer-Encoding: chunked\r\n\r\n800000\r\n', 'end', 'HTTP/1.1'],
  ['a chunked reply', 'Transfer-Encoding: chunked\r\n\r\n800000\r\n', 'end', 'HTTP/1.0'],
  ['a reply of known length', `Content-Length: ${9 * MIB}\r\n\r\n`, 'end', 'HTTP/1.0'],
  ['a reply delimited by close', 'X: y\r\n\r\n', 'reset', 'HTTP/1.1'],
] as const) {
  test(
    `${name} that breaks off while its client (${version}) reads slowly ends in a reset too`,
    onTimedStage(
      async (connection) => {
        await connection.request();
        connection.send(`HTTP/1.1 200 OK\r\n${head}`);
        connection.socket.write(Buffer.alloc(8 * MIB - 1));
        if (how === 'end') connection.end();
        await new Promise((resolve) => connection.socket.once('close', resolve));
      },
      async (stage) => {
        const client = await stage.client('internal', { paused: true });
        await client.send(`GET /slow ${version}\r\nHost: a\r\n\r\n`);
        const connection = await stage.origin.connection();
        await heard(connection);
        await breathe(50);
        client.socket.once('data', () => {
          if (how === 'reset') connection.reset();
          client.pause();
          setImmediate(() => client.resume());
        });
        client.resume();
        assert.equal((await client.untilClose(20_000)).ending, 'rst');
        assert.equal((await stage.logged('/slow')).code, 'upstream_reset');
      },
    ),
  );
}
