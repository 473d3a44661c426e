/**
 * The stream of live traffic over real sockets: what a reader gets, what a reader that reads nothing costs, and how many may
 * read at once.
 */

import assert from 'node:assert/strict';
import { get, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import fastify from 'fastify';
import { live, MOST_READERS } from '../../../src/admin/live.ts';
import type { LiveFrame } from '../../../src/admin/shapes/live.ts';
import { until } from '../../support/wait.ts';

type Listener = (text: string, frame: LiveFrame) => void;

/** Frames when the test says so. */
class Source {
  readonly listeners = new Set<Listener>();
  last: string | undefined = undefined;

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.last !== undefined) listener(this.last, {} as LiveFrame);
    return () => this.listeners.delete(listener);
  }

  tell(text: string): void {
    for (const listener of this.listeners) listener(text, {} as LiveFrame);
  }
}

async function start() {
  const source = new Source();
  const server = fastify();
  server.addHook('onRequest', async (request, reply) => {
    request.caller = { name: String(request.headers['x-author'] ?? ''), role: 'viewer' };
    reply.header('x-from-a-hook', 'yes');
  });
  server.register(live(source));
  const late = { hooks: async () => {} };
  server.addHook('onRequest', () => late.hooks());
  const sockets: Socket[] = [];
  server.server.on('connection', (socket) => sockets.push(socket));
  await server.listen({ host: '127.0.0.1', port: 0 });
  after(() => server.close());
  const { port } = server.server.address() as AddressInfo;
  return { source, server, port, url: `http://127.0.0.1:${port}/v1/live`, sockets, late };
}

/** A reply whose text grows as it comes. */
async function read(url: string, author = ''): Promise<{ reply: IncomingMessage; text: () => string }> {
  const headers = { 'x-author': author };
  const reply = await new Promise<IncomingMessage>((resolve, reject) =>
    get(url, { headers }, resolve).on('error', reject),
  );
  let text = '';
  reply.setEncoding('utf8');
  reply.on('data', (part: string) => {
    text += part;
  });
  reply.on('error', () => {});
  return { reply, text: () => text };
}

test('a reader gets the head at once, then each frame as an event, and the source is left when it goes', async () => {
  const { source, url } = await start();
  const { reply, text } = await read(url);
  assert.equal(reply.statusCode, 200);
  assert.equal(reply.headers['content-type'], 'text/event-stream');
  assert.equal(reply.headers['cache-control'], 'no-store');
  assert.equal(reply.headers['x-accel-buffering'], 'no');
  assert.equal(reply.headers['x-from-a-hook'], 'yes');
  source.tell('{"rate":1}');
  await until('the first event', () => text().includes('"rate":1'));
  source.tell('{"rate":2}');
  await until('the second event', () => text().includes('"rate":2'));
  assert.equal(
    text(),
    'retry: 2000\n\nid: 1\nevent: live\ndata: {"rate":1}\n\nid: 2\nevent: live\ndata: {"rate":2}\n\n',
  );
  reply.destroy();
  await until('the source to be left', () => source.listeners.size === 0);
});

test('the last frame comes with the head where there is one', async () => {
  const { source, url } = await start();
  source.last = '{"rate":7}';
  const { reply, text } = await read(url);
  await until('the event', () => text().includes('"rate":7'));
  reply.destroy();
});

test('a reader that reads nothing holds one frame and no more, and gets frames again once it reads', async () => {
  const { source, port, sockets } = await start();
  const client = connect({ port, host: '127.0.0.1' });
  let text = '';
  client.write('GET /v1/live HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the stream to begin', () => source.listeners.size === 1);
  client.pause();
  const frame = `"${'x'.repeat(1_000_000)}"`;
  const [socket] = sockets;
  await until('the kernel to take no more', async () => {
    source.tell(frame);
    await new Promise((resolve) => setImmediate(resolve));
    return socket.writableLength > 0;
  });
  let most = 0;
  for (let i = 0; i < 50; i++) {
    source.tell(frame);
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, socket.writableLength);
  }
  assert.ok(most <= frame.length + 200, `${most} bytes wait`);
  client.on('data', (part) => {
    text = (text + part.toString('latin1')).slice(-500);
  });
  client.resume();
  await until('what waits to be taken', () => socket.writableLength === 0);
  source.tell('"again"');
  await until('a frame again', () => text.includes('"again"'));
  assert.match(text, /: skipped \d+\n\nid: \d+\nevent: live\ndata: "again"/);
  client.destroy();
  await until('the source to be left', () => source.listeners.size === 0);
});

test('so many may read at once, the next one hears why not, and one that leaves makes room', async () => {
  const { source, url } = await start();
  const readers = await Promise.all(Array.from({ length: MOST_READERS }, () => read(url)));
  const refused = await read(url);
  assert.equal(refused.reply.statusCode, 503);
  assert.match(String(refused.reply.headers['content-type']), /^application\/problem\+json/);
  await until('the reason', () => refused.text().endsWith('\n'));
  const { code, status, detail } = JSON.parse(refused.text());
  assert.deepEqual([code, status], ['too_many_readers', 503]);
  assert.match(detail, /64 readers .* close one of them/);
  readers[0].reply.destroy();
  await until('room', () => source.listeners.size < MOST_READERS);
  const next = await read(url);
  assert.equal(next.reply.statusCode, 200);
  for (const { reply } of [...readers, next]) reply.destroy();
});

test('one who has taken all the room makes some for another, and only as much as the other has not', async () => {
  const { source, url } = await start();
  const greedy: IncomingMessage[] = [];
  for (let i = 0; i < MOST_READERS; i++) greedy.push((await read(url, 'zoe')).reply);
  const ann = await read(url, 'ann');
  assert.equal(ann.reply.statusCode, 200);
  await until('the newest of zoe to be let go', () => greedy.at(-1)?.destroyed === true);
  assert.equal(greedy[0].destroyed, false);
  assert.equal(source.listeners.size, MOST_READERS);
  assert.equal((await read(url, 'zoe')).reply.statusCode, 503);
  assert.equal(ann.reply.destroyed, false);
  ann.reply.destroy();
  for (const reply of greedy) reply.destroy();
});

test('HEAD opens no stream', async () => {
  const { source, url } = await start();
  const reply = await new Promise<IncomingMessage>((resolve) => request(url, { method: 'HEAD' }, resolve).end());
  assert.equal(reply.statusCode, 404);
  assert.equal(source.listeners.size, 0);
});

test('a server that closes ends its streams', async () => {
  const { source, server, url } = await start();
  const { reply } = await read(url);
  const closed = new Promise((resolve) => reply.once('close', resolve));
  await server.close();
  await closed;
  assert.equal(source.listeners.size, 0);
});

test('a reader that left before it was let in is not listened for', async () => {
  const { source, port, sockets, late } = await start();
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = false;
  late.hooks = () => {
    asked = true;
    return promise;
  };
  const client = connect({ port, host: '127.0.0.1' });
  client.write('GET /v1/live HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the hook', () => asked);
  client.destroy();
  await until('the connection to close', () => sockets[0].destroyed);
  await new Promise((soon) => setImmediate(soon));
  resolve();
  await new Promise((soon) => setImmediate(soon));
  assert.equal(source.listeners.size, 0);
});
