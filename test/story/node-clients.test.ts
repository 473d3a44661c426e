/**
 * The two HTTP clients of Node.js through the router: node:http and undici, with all they know beyond plain requests.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as nodeRequest,
  type RequestOptions,
} from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Client, FormData, fetch } from 'undici';
import { type Between, between, bodyOf, sha256 } from '../support/between.ts';
import { randomSource } from '../support/flood.ts';
import type { Handler } from '../support/origin.ts';
import { until, within } from '../support/wait.ts';

const DATA = randomSource(12, 3_000_000);

/** Answers with the request's target and the hash of its body. */
const tell: Handler = async (request, response) => {
  const body = await bodyOf(request);
  response.end(`${request.method} ${request.url} ${sha256(body)}`);
};

/** One request of node:http, not ended yet. */
function ask({ router }: Between, options: RequestOptions): ClientRequest {
  return nodeRequest({ host: '127.0.0.1', port: router.port(), agent: false, ...options });
}

async function replyTo(request: ClientRequest): Promise<{ reply: IncomingMessage; body: Buffer }> {
  const [reply] = (await within('the reply', once(request, 'response'), 20_000)) as [IncomingMessage];
  return { reply, body: await bodyOf(reply) };
}

test(
  'node:http keeps one connection for many requests, with and without bodies',
  between(tell, async (scene) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let reused = 0;
    for (let i = 0; i < 30; i++) {
      const method = ['GET', 'POST', 'PUT', 'DELETE'][i % 4];
      const body = method === 'GET' ? Buffer.alloc(0) : DATA.subarray(0, i * 7000);
      // Left to itself, node:http sends the body of a DELETE without any framing.
      const headers = { 'content-length': body.length };
      const request = ask(scene, { agent, method, path: `/${i}`, headers });
      request.end(body);
      const { body: said } = await replyTo(request);
      assert.equal(said.toString(), `${method} /${i} ${sha256(body)}`);
      reused += request.reusedSocket ? 1 : 0;
    }
    assert.equal(reused, 29);
    assert.equal((await scene.router.status()).connections, 1);
    agent.destroy();
  }),
);

test(
  'trailers of node:http pass both ways',
  between(
    async (request, response) => {
      await bodyOf(request);
      response.writeHead(200, { trailer: 'x-heard' });
      response.write('body');
      response.addTrailers({ 'x-heard': request.trailers['x-said'] ?? 'nothing' });
      response.end();
    },
    async (scene) => {
      const headers = { trailer: 'x-said', te: 'trailers', 'transfer-encoding': 'chunked' };
      const request = ask(scene, { method: 'POST', headers });
      request.write('some');
      request.addTrailers({ 'x-said': 'at the end' });
      request.end();
      const { reply, body } = await replyTo(request);
      assert.deepEqual([body.toString(), reply.trailers['x-heard']], ['body', 'at the end']);
    },
  ),
);

test(
  'node:http sends its body when the origin says continue, and hears early hints',
  between(tell, async (scene) => {
    scene.origin.server.on('checkContinue', (request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => {
        response.writeContinue();
        void tell(request, response);
      });
    });
    const request = ask(scene, { method: 'POST', path: '/x', headers: { expect: '100-continue' } });
    const hints: unknown[] = [];
    request.on('information', ({ statusCode, headers }) => {
      if (statusCode === 103) hints.push(headers.link);
    });
    request.flushHeaders();
    await within('100 Continue', once(request, 'continue'));
    request.end(DATA);
    const { body } = await replyTo(request);
    assert.equal(body.toString(), `POST /x ${sha256(DATA)}`);
    assert.deepEqual(hints, ['</style.css>; rel=preload']);
  }),
);

test('a client that leaves in the middle of a download ends it at the origin', async () => {
  let closed = 0;
  await between(
    (_, response) => {
      response.on('close', () => {
        closed += 1;
      });
      Readable.from(endless()).pipe(response);
    },
    async (scene) => {
      const request = ask(scene, {});
      request.end();
      const [reply] = (await within('the reply', once(request, 'response'))) as [IncomingMessage];
      await once(reply, 'data');
      reply.destroy();
      await until('the origin to hear of it', () => closed === 1);
    },
  )();
});

function* endless(): Generator<Buffer> {
  for (;;) yield DATA.subarray(0, 60_000);
}

test(
  'a reply that comes before the upload ends reaches a client that still sends',
  between(
    (request, response) => {
      request.once('data', () => {
        response.writeHead(403, { connection: 'close' }).end('not for you');
      });
    },
    async (scene) => {
      const request = ask(scene, { method: 'POST', headers: { 'content-length': 1_000_000_000 } });
      // The connection breaks under what the client still sends; the reply came first.
      request.on('error', () => {});
      request.write(DATA.subarray(0, 100_000));
      const { reply, body } = await replyTo(request);
      assert.deepEqual([reply.statusCode, body.toString()], [403, 'not for you']);
      request.destroy();
    },
  ),
);

/** A body whose length undici does not know. */
async function* pieces(): AsyncGenerator<Buffer> {
  for (let at = 0; at < DATA.length; at += 100_000) yield DATA.subarray(at, at + 100_000);
}

test(
  'undici fetches, sends streams and forms, and reads streams',
  between(
    async (request, response) => {
      const body = await bodyOf(request);
      const type = request.headers['content-type'] ?? '';
      if (!type.startsWith('multipart/')) return void response.end(body);
      const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
      response.end(`${form.get('one')} ${form.get('two')}`);
    },
    async ({ url }) => {
      const plain = await fetch(`${url}/x`, { headers: { connection: 'close' } });
      assert.deepEqual([plain.status, await plain.text()], [200, '']);
      const client = new Client(url);
      const { body } = await client.request({ method: 'POST', path: '/x', body: Readable.from(pieces()) });
      assert.equal(sha256(new Uint8Array(await body.arrayBuffer())), sha256(DATA));
      const form = new FormData();
      form.set('one', '1');
      form.set('two', 'zwei & drei');
      const filled = await client.request({ method: 'POST', path: '/x', body: form });
      assert.equal(await filled.body.text(), '1 zwei & drei');
      await client.close();
    },
  ),
);

test(
  'a hundred pipelined requests of undici get their own replies, in order',
  between(
    (request, response) => {
      // Those asked first are answered last.
      const wait = 5 - (Number(request.url?.slice(1)) % 5);
      setTimeout(() => response.end(`reply to ${request.url}`), wait);
    },
    async ({ url, router }) => {
      const client = new Client(url, { pipelining: 10 });
      const all = Array.from({ length: 100 }, async (_, i) => {
        const { body } = await client.request({ method: 'GET', path: `/${i}` });
        assert.equal(await body.text(), `reply to /${i}`);
      });
      await within('all replies', Promise.all(all), 20_000);
      assert.equal((await router.status()).connections, 1);
      await client.close();
    },
  ),
);

test('an aborted request of undici ends at the origin', async () => {
  let closed = 0;
  let begun = 0;
  await between(
    (_, response) => {
      begun += 1;
      response.on('close', () => {
        closed += 1;
      });
    },
    async ({ url }) => {
      const stop = new AbortController();
      const client = new Client(url);
      const reply = client.request({ method: 'GET', path: '/', signal: stop.signal });
      const refused = assert.rejects(reply, { name: 'AbortError' });
      await until('the origin to have it', () => begun === 1);
      stop.abort();
      await refused;
      await until('the origin to hear of it', () => closed === 1);
      await client.destroy();
    },
  )();
});

test(
  'undici reads trailers that come through',
  between(
    (_, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write(DATA);
      response.addTrailers({ 'x-sum': sha256(DATA) });
      response.end();
    },
    async ({ url }) => {
      const client = new Client(url);
      const reply = await client.request({ method: 'GET', path: '/', headers: { te: 'trailers' } });
      const body = new Uint8Array(await reply.body.arrayBuffer());
      assert.deepEqual(
        [sha256(body), (reply.trailers as Record<string, string>)['x-sum']],
        [sha256(DATA), sha256(DATA)],
      );
      await client.close();
    },
  ),
);
