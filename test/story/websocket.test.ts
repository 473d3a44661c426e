/**
 * WebSockets through the router, spoken by an ordinary client and server: messages, subprotocol, closing codes, refusal,
 * both ends dying; in the end no tunnel is left.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { type Router, startRouter } from '../support/app.ts';
import { settled, watchHandles } from '../support/leaks.ts';
import { type HttpOrigin, startOrigin } from '../support/origin.ts';
import { until, within } from '../support/wait.ts';
import { type Changes, documentFor } from '../wire/stage.ts';

interface Scene {
  readonly router: Router;
  readonly origin: HttpOrigin;
  readonly sockets: WebSocketServer;
  open(path?: string, protocols?: string[], options?: ClientOptions): WebSocket;
}

/** An origin that echoes, behind a router. */
function onScene(
  body: (scene: Scene) => Promise<void>,
  changes: Changes = {},
  workers = 0,
  settings: ServerOptions = {},
) {
  return async (_: TestContext): Promise<void> => {
    const handlesBack = watchHandles();
    const origin = await startOrigin((_, response) => response.end('plain'));
    const handleProtocols = (offered: Set<string>) => [...offered][1] ?? false;
    const sockets = new WebSocketServer({ noServer: true, handleProtocols, ...settings });
    origin.server.on('upgrade', (request, socket, head) => {
      if (request.url === '/refused') {
        socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 10\r\n\r\nwho goes?!');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (server) => {
        server.on('message', (data, binary) => server.send(data, { binary }));
        server.on('error', () => {});
        sockets.emit('connection', server, request);
      });
    });
    const router = await startRouter(documentFor(origin.port, changes), { workers });
    const open = (path = '/chat', protocols: string[] = [], options: ClientOptions = {}) =>
      new WebSocket(`ws://127.0.0.1:${router.port()}${path}`, protocols, options);
    try {
      await body({ router, origin, sockets, open });
      await settled(router);
      await until('the origin’s sockets to close', () => sockets.clients.size === 0);
    } finally {
      for (const server of sockets.clients) server.terminate();
      await router.stop();
      await origin.stop();
    }
    await handlesBack();
  };
}

async function opened(socket: WebSocket): Promise<WebSocket> {
  await within('the WebSocket to open', once(socket, 'open'));
  return socket;
}

async function echo(socket: WebSocket, data: string | Buffer): Promise<Buffer> {
  socket.send(data);
  const [reply] = await within('the echo', once(socket, 'message'));
  return reply as Buffer;
}

const closing = (socket: WebSocket) => within('the WebSocket to close', once(socket, 'close'));

for (const workers of [0, 2]) {
  test(
    `messages pass both ways, text and binary, small and large, with ${workers} workers`,
    onScene(
      async ({ open }) => {
        const socket = await opened(open());
        assert.equal((await echo(socket, 'hello')).toString(), 'hello');
        assert.equal((await echo(socket, '')).length, 0);
        const large = Buffer.alloc(5_000_000, 'binary bytes');
        assert.ok((await echo(socket, large)).equals(large));
        for (let i = 0; i < 100; i++) assert.equal((await echo(socket, `message ${i}`)).toString(), `message ${i}`);
        socket.close(1000);
        await closing(socket);
      },
      {},
      workers,
    ),
  );
}

test(
  'the origin chooses the subprotocol, and the client learns it',
  onScene(async ({ open }) => {
    const socket = await opened(open('/chat', ['first', 'second']));
    assert.equal(socket.protocol, 'second');
    socket.close();
    await closing(socket);
  }),
);

test(
  'compression is agreed on between the two ends, word for word, and works both ways',
  onScene(
    async ({ open, sockets, router }) => {
      const heard: (string | undefined)[] = [];
      sockets.on('headers', (lines, request) => {
        const said = lines.find((line) => /^sec-websocket-extensions:/i.test(line));
        heard.push(request.headers['sec-websocket-extensions'], said?.replace(/^.*?: /, ''));
      });
      const perMessageDeflate = { serverNoContextTakeover: true, clientMaxWindowBits: 10, threshold: 0 };
      const socket = open('/chat', [], { perMessageDeflate });
      const [[reply]] = (await Promise.all([once(socket, 'upgrade'), opened(socket)])) as [[IncomingMessage], unknown];
      const offered = 'permessage-deflate; server_no_context_takeover; client_max_window_bits=10';
      assert.deepEqual(heard, [offered, offered]);
      assert.equal(reply.headers['sec-websocket-extensions'], offered);
      assert.equal(socket.extensions, 'permessage-deflate');
      const large = Buffer.alloc(3_000_000, 'compressible ');
      for (const data of ['', 'a', 'hello hello hello', large, '\u00fc'.repeat(70_000)])
        assert.ok((await echo(socket, data)).equals(Buffer.from(data)), `${data.length} came back changed`);
      socket.close(4003, 'compressed enough');
      const [code, reason] = await closing(socket);
      assert.deepEqual([code, String(reason)], [4003, 'compressed enough']);
      const [line] = await router.accessLog(1);
      const { bytesIn, bytesOut } = line as Record<string, number>;
      assert.ok(bytesIn < 100_000 && bytesOut < 100_000, `${bytesIn} and ${bytesOut} bytes are not compressed`);
    },
    {},
    0,
    { perMessageDeflate: { threshold: 0 } },
  ),
);

test(
  'ping and pong pass',
  onScene(async ({ open, sockets }) => {
    const socket = await opened(open());
    const [server] = sockets.clients;
    socket.ping('are you there');
    assert.equal(String((await within('the pong', once(socket, 'pong')))[0]), 'are you there');
    server.ping('and you');
    assert.equal(String((await within('the pong', once(server, 'pong')))[0]), 'and you');
    socket.close();
    await closing(socket);
  }),
);

test(
  'closing codes and reasons pass, whoever closes',
  onScene(async ({ open, sockets }) => {
    const first = await opened(open());
    const [server] = sockets.clients;
    const heard = once(server, 'close');
    first.close(4001, 'enough');
    await closing(first);
    const [code, reason] = await within('the origin to hear it', heard);
    assert.deepEqual([code, String(reason)], [4001, 'enough']);
    const second = await opened(open());
    for (const one of sockets.clients) one.close(4002, 'no more');
    const [otherCode, otherReason] = await closing(second);
    assert.deepEqual([otherCode, String(otherReason)], [4002, 'no more']);
  }),
);

test(
  'a refused upgrade reaches the client with status, headers and body',
  onScene(async ({ open }) => {
    const socket = open('/refused');
    const [, reply] = (await within('the refusal', once(socket, 'unexpected-response'))) as [unknown, IncomingMessage];
    assert.equal(reply.statusCode, 401);
    assert.equal(reply.headers['www-authenticate'], 'Basic');
    assert.equal((await reply.setEncoding('latin1').toArray()).join(''), 'who goes?!');
  }),
);

test(
  'an upgrade for which there is no route is 404',
  onScene(
    async ({ open }) => {
      const socket = open('/nowhere');
      const [, reply] = (await within('the refusal', once(socket, 'unexpected-response'))) as [
        unknown,
        IncomingMessage,
      ];
      assert.equal(reply.statusCode, 404);
      reply.resume();
      await within('its end', once(reply, 'end'));
    },
    { route: { match: { path: '/chat' } } },
  ),
);

test(
  'an origin that dies closes its clients at once',
  onScene(async ({ open, sockets }) => {
    const all = await Promise.all(Array.from({ length: 10 }, () => opened(open())));
    const closed = all.map(closing);
    for (const server of sockets.clients) server.terminate();
    for (const [code] of await Promise.all(closed)) assert.equal(code, 1006);
  }),
);

test(
  'a client that dies closes its origin’s side at once',
  onScene(async ({ open, sockets }) => {
    const all = await Promise.all(Array.from({ length: 10 }, () => opened(open())));
    const closed = [...sockets.clients].map((server) => within('the origin to hear it', once(server, 'close')));
    for (const socket of all) socket.terminate();
    for (const [code] of await Promise.all(closed)) assert.equal(code, 1006);
  }),
);

test(
  'five hundred WebSockets come and go, and as many tunnels do',
  onScene(async ({ open, router }) => {
    for (let round = 0; round < 5; round++) {
      const all = await Promise.all(Array.from({ length: 100 }, () => opened(open())));
      assert.equal((await router.status()).tunnels, 100);
      await Promise.all(all.map((socket) => echo(socket, 'hello')));
      for (const [i, socket] of all.entries()) {
        if (i % 2 === 0) socket.close();
        else socket.terminate();
      }
      await until('the tunnels to close', async () => (await router.status()).tunnels === 0);
    }
  }),
);
