/**
 * Upgrade in bytes: the switch, what is early, what is refused, what is not passed on, and what becomes of the
 * connections. The life of a tunnel is in tunnel.test.ts.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valuesOf } from '../support/bytes.ts';
import { answering, inTurn, type OriginConnection, ok } from '../support/raw-origin.ts';
import { breathe } from '../support/wait.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const UPGRADE =
  'GET /up HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: Talk/2, talk\r\nX: y\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: talk\r\nX: y\r\n\r\n';

async function echoing(connection: OriginConnection): Promise<void> {
  await connection.request();
  connection.send(SWITCH);
  connection.socket.on('data', (bytes: Buffer) => connection.send(bytes));
  await connection.closed(60_000);
}

test(
  'an upgrade passes both ways, and then bytes do, whatever they are',
  onStage(echoing, async (stage) => {
    const client = await stage.client();
    await client.send(UPGRADE);
    const reply = await client.reply();
    assert.equal(reply.start, 'HTTP/1.1 101 Switching Protocols');
    assert.equal(reply.field('upgrade'), 'talk');
    assert.match(reply.field('connection') ?? '', /^upgrade$/i);
    assert.equal(reply.field('x'), 'y');
    const { fields } = stage.origin.requests[0];
    assert.deepEqual(valuesOf(fields, 'upgrade'), ['Talk/2, talk']);
    assert.match(valuesOf(fields, 'connection').join(), /\bupgrade\b/i);
    assert.ok(!valuesOf(fields, 'connection').join().includes('keep-alive'));
    const bytes = '\x00\xff\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n';
    await client.send(bytes);
    assert.equal(await client.inbox.exactly(bytes.length, 'the echo'), bytes);
    const status = await stage.router.status();
    assert.equal(status.tunnels, 1);
  }),
);

const EARLY = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

test(
  'bytes sent right behind the upgrade wait for the 101 and are the tunnel’s',
  onStage(
    async (connection) => {
      await connection.request();
      await breathe(10);
      assert.equal(connection.inbox.unread, '', 'nothing goes out before the origin agreed');
      connection.send(SWITCH);
      assert.equal(await connection.inbox.exactly(EARLY.length, 'the early bytes'), EARLY);
      connection.send('heard');
      await connection.closed(60_000);
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(UPGRADE + EARLY);
      assert.equal((await client.reply()).status, 101);
      assert.equal(await client.inbox.exactly(5, 'the answer'), 'heard');
      assert.equal(stage.origin.connections.length, 1);
    },
  ),
);

test(
  'bytes behind an upgrade that is refused do not become a request',
  onStage(answering(ok('refused')), async (stage) => {
    for (const pieces of [[UPGRADE + EARLY], [UPGRADE, EARLY]]) {
      const client = await stage.client();
      await client.send(...pieces);
      assert.equal((await client.lastReply()).body, 'refused');
    }
    await stage.fence();
    assert.ok(!stage.origin.received.includes('/smuggled'));
  }),
);

test(
  'bytes that come with the 101 are the tunnel’s too',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send(`${SWITCH}\x01hello`);
      await connection.closed(60_000);
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(UPGRADE);
      assert.equal((await client.reply()).status, 101);
      assert.equal(await client.inbox.exactly(6, 'the first bytes'), '\x01hello');
    },
  ),
);

test(
  'a refused upgrade reaches the client with status and body, and leaves no connection behind',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 9\r\n\r\nwho are y');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(UPGRADE);
      const reply = await client.lastReply();
      assert.equal(reply.status, 401);
      assert.equal(reply.field('www-authenticate'), 'Basic');
      assert.equal(reply.body, 'who are y');
      await stage.origin.connections[0].closed();
    },
  ),
);

test(
  'a refusal of chunks, streamed, reaches the client whole',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno \r\n');
      await breathe(4);
      connection.send('3\r\nway\r\n0\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(UPGRADE);
      assert.equal((await client.lastReply()).body, 'no way');
    },
  ),
);

test(
  'a connection that saw an upgrade attempt is never pooled',
  onStage(answering(ok('fine')), async (stage) => {
    const withBody = UPGRADE.replace('GET', 'POST').replace('X: y', 'Content-Length: 5');
    for (const request of [UPGRADE, `${withBody}hello`]) {
      const client = await stage.client();
      await client.send(request);
      assert.equal((await client.reply()).body, 'fine');
      client.close();
    }
    await stage.fence();
    assert.equal(stage.origin.connections.length, 3);
    await stage.origin.connections[0].closed();
    await stage.origin.connections[1].closed();
  }),
);

test(
  'an upgrade that the origin meets with nonsense is 502',
  onStage(inTurn(answering('HTTP/1.1 101\x00\r\n\r\n'), answering(ok('fine'))), async (stage) => {
    const client = await stage.client();
    assertProblem(await client.ask(UPGRADE), 502, 'upstream_protocol');
  }),
);

test(
  'an origin that dies before it answers an upgrade is 502, and no socket stays behind',
  onStage(
    async (connection) => {
      await connection.request();
      connection.reset();
    },
    async (stage) => {
      const client = await stage.client();
      assertProblem(await client.ask(UPGRADE), 502, 'upstream_reset');
    },
  ),
);

for (const [name, lines] of [
  ['a protocol that was not offered', 'Connection: Upgrade\r\nUpgrade: h2c'],
  ['one more than was offered', 'Connection: Upgrade\r\nUpgrade: talk, h2c'],
  ['no word of it in Connection', 'Upgrade: talk'],
  ['no protocol', 'Connection: Upgrade'],
]) {
  test(
    `a 101 with ${name} is 502, and bytes behind it reach nobody`,
    onStage(answering(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n\r\nEVIL`), async (stage) => {
      const client = await stage.client();
      await client.send(UPGRADE);
      assertProblem(await client.lastReply(), 502, 'upstream_protocol');
    }),
  );
}

for (const protocol of ['h2c', 'H2C']) {
  test(
    `Upgrade: ${protocol} is not passed on; the request is served without it`,
    onStage(answering(ok('fine')), async (stage) => {
      const client = await stage.client();
      const lines = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__`;
      const reply = await client.ask(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`);
      assert.equal(reply.body, 'fine');
      const { fields } = stage.origin.requests[0];
      assert.deepEqual(valuesOf(fields, 'upgrade'), []);
      assert.deepEqual(valuesOf(fields, 'http2-settings'), []);
      assert.ok(!/upgrade|http2/i.test(valuesOf(fields, 'connection').join()));
    }),
  );
}

test(
  'Upgrade that Connection does not name, or from a 1.0 client, is no upgrade',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.ask('GET / HTTP/1.1\r\nHost: a\r\nUpgrade: talk\r\n\r\n');
    const old = await stage.client();
    await old.send('GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n');
    await old.lastReply();
    for (const request of stage.origin.requests) assert.deepEqual(valuesOf(request.fields, 'upgrade'), []);
    assert.equal((await client.ask(FIRST)).body, 'fine');
  }),
);
