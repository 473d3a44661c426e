/**
 * Limits of size, exactly: what is as large as the limit passes, one byte or line more is refused, whole, in pieces and
 * behind another request, at both zones; nothing of it reaches an origin, and the log says which limit it was.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { answering, inTurn, type OriginConnection, ok, silent } from '../support/raw-origin.ts';
import { breathe, until } from '../support/wait.ts';
import { assertLastProblem, assertProblem, FIRST } from './refusing.ts';
import { onStage, openStage, type Stage } from './stage.ts';

const fine = answering((request) => ok(String(request.body.length)));

interface Bound {
  readonly name: string;
  /** A request of this size; `path` marks it in the log where the log can know it. */
  readonly request: (size: number, path: string) => string;
  readonly limit: number;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** A head that is refused is not read to its end, so that the log knows no path. */
  readonly pathKnown: boolean;
}

const chunked = (size: number, most: number) => {
  let text = '';
  for (let left = size; left > 0; left -= most) {
    const length = Math.min(left, most);
    text += `${length.toString(16)}\r\n${'c'.repeat(length)}\r\n`;
  }
  return `Transfer-Encoding: chunked\r\n\r\n${text}0\r\n\r\n`;
};

const LIMITS = { target: '100B', head: '1000B', headers: 10, body: '1000B' };

const inBody = { limit: 1000, status: 413, code: 'body_too_large', pathKnown: true } as const;
const post = (path: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\n`;

const BOUNDS: readonly Bound[] = [
  {
    name: 'a target',
    request: (size, path) => `GET ${path}${'t'.repeat(size - path.length)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    limit: 100,
    status: 414,
    code: 'target_too_long',
    detail: 'the request target is longer than 100 bytes (limits.target)',
    pathKnown: false,
  },
  {
    name: 'a head',
    request: (size, path) => {
      const start = `GET ${path} HTTP/1.1\r\nHost: a\r\nX: `;
      return `${start}${'x'.repeat(size - start.length - 4)}\r\n\r\n`;
    },
    limit: 1000,
    status: 431,
    code: 'head_too_large',
    detail: 'the head is longer than 1000 bytes (limits.head)',
    pathKnown: false,
  },
  {
    name: 'a number of headers',
    request: (size, path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(size - 1)}\r\n`,
    limit: 10,
    status: 431,
    code: 'head_too_large',
    detail: 'more than 10 header fields (limits.headers)',
    pathKnown: false,
  },
  {
    ...inBody,
    name: 'a body of known length',
    request: (size, path) => `${post(path)}Content-Length: ${size}\r\n\r\n${'b'.repeat(size)}`,
    detail: 'a body of 1001 bytes, the limit is 1000 (limits.body)',
  },
  {
    ...inBody,
    name: 'a body of one chunk',
    request: (size, path) => post(path) + chunked(size, size),
    detail: 'a body of 1001 bytes, the limit is 1000 (limits.body)',
  },
  {
    ...inBody,
    name: 'a body of many chunks',
    request: (size, path) => post(path) + chunked(size, 97),
    detail: 'a body of 1001 bytes, the limit is 1000 (limits.body)',
  },
];

for (const listener of ['internal', 'edge']) {
  describe(`at zone ${listener},`, () => {
    let stage: Stage;
    let count = 0;
    before(async () => {
      stage = await openStage(fine, { internal: { limits: LIMITS }, edge: { limits: LIMITS } });
    });
    after(async () => {
      try {
        await stage.close();
      } finally {
        await stage.abandon();
      }
    });

    for (const bound of BOUNDS) {
      const { name, limit, status, code, detail } = bound;

      test(`${name} of the limit passes, whole, in pieces and behind another request`, async () => {
        const bytes = bound.request(limit, '/at');
        const length = /a body/.test(name) ? String(limit) : '0';
        const client = await stage.client(listener);
        assert.equal((await client.ask(bytes)).body, length);
        await client.send(...(bytes.match(/[\s\S]{1,97}/g) ?? []));
        assert.equal((await client.reply()).body, length);
        await client.send(FIRST + bytes + FIRST);
        const bodies = [(await client.reply()).body, (await client.reply()).body, (await client.reply()).body];
        assert.deepEqual(bodies, ['0', length, '0']);
        client.close();
      });

      test(`${name} of one more is ${status}, whole, in pieces and behind another request, and the log says so`, async () => {
        for (const way of ['whole', 'in pieces', 'behind another']) {
          const path = `/over-${++count}`;
          const bytes = bound.request(limit + 1, path);
          const client = await stage.client(listener);
          if (way === 'whole') await client.send(bytes);
          if (way === 'in pieces') await client.send(...(bytes.match(/[\s\S]{1,97}/g) ?? []));
          if (way === 'behind another') await client.send(FIRST + bytes + FIRST);
          if (way === 'behind another') assert.equal((await client.reply()).status, 200);
          const reply = await client.reply();
          assertProblem(reply, status, code);
          // A body that was read to its end leaves no doubt where the next request begins.
          if (reply.field('connection') === 'close') assert.equal(await client.closed(), 'fin');
          else assert.ok(bound.pathKnown && (await client.ask(FIRST)).status === 200);
          client.close();
          const shown = bound.pathKnown ? path : '-';
          const records = await stage.router.accessLog(0);
          const last = records.filter((record) => record.path === shown).at(-1);
          // A body that was on its way when it crossed the limit has no size yet.
          const crossed = 'a body of more than 1000 bytes (limits.body)';
          assert.deepEqual([last?.status, last?.code, last?.listener], [status, code, listener]);
          assert.ok(last?.detail === detail || (bound.pathKnown && last?.detail === crossed), String(last?.detail));
        }
        for (const { received } of stage.origin.connections)
          assert.ok(!/ \/over-\d+ [\s\S]*\r\n0\r\n\r\n$/.test(received));
        const whole = stage.origin.requests.filter(({ start }) => start.includes('/over'));
        assert.deepEqual(whole, [], 'it was complete at the origin');
      });
    }
  });
}

test(
  'a length over the limit is refused before an upstream connection is made, and also while the client waits for 100',
  onStage(
    fine,
    async (stage) => {
      for (const expect of ['', 'Expect: 100-continue\r\n']) {
        const client = await stage.client();
        await client.send(`POST /over HTTP/1.1\r\nHost: a\r\n${expect}Content-Length: 1\r\n\r\n`);
        await assertLastProblem(await client.lastReply(), 413, 'body_too_large');
      }
      assert.equal(stage.origin.connections.length, 0);
      assert.equal((await (await stage.client()).ask(FIRST)).status, 200, 'a limit of 0 lets through what has no body');
    },
    { internal: { limits: { body: '0B' } } },
  ),
);

test(
  'a chunk that crosses the limit in its middle is 413, and the origin gets no byte beyond the limit',
  onStage(
    silent,
    async (stage) => {
      const client = await stage.client();
      await client.send(
        'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
        '7d0\r\n',
        'c'.repeat(1000),
      );
      const connection = await stage.origin.connection();
      await until('what is within', () => connection.received.endsWith('c'.repeat(1000)));
      await client.send('c');
      await assertLastProblem(await client.lastReply(), 413, 'body_too_large');
      await connection.closed();
      assert.equal(connection.received.split('c'.repeat(1000)).length, 2);
      assert.ok(!connection.received.includes('c'.repeat(1001)));
      assert.equal((await stage.logged('/x')).detail, 'a body of more than 1000 bytes (limits.body)');
    },
    { internal: { limits: { body: '1000B' } } },
  ),
);

/** Fixed bounds of what frames a chunked body: within passes both ways, beyond is refused. Unit tests know each byte. */
const FRAMES: readonly (readonly [name: string, body: (size: number) => string, limit: number, refusal: string])[] = [
  ['digits of a chunk size', (size) => `${'0'.repeat(size - 1)}1\r\nx\r\n0\r\n\r\n`, 16, 'a chunk size too large'],
  ['bytes of extensions', (size) => `1;${'e'.repeat(size - 1)}\r\nx\r\n0\r\n\r\n`, 16_384, 'chunk extensions too long'],
  ['bytes of trailers', (size) => `1\r\nx\r\n0\r\nT: ${'t'.repeat(size - 7)}\r\n\r\n`, 65_536, 'trailers too long'],
];

for (const [name, body, limit, refusal] of FRAMES) {
  test(
    `${limit} ${name} pass both ways, one more is 400 in a request, and a reset in a reply`,
    onStage(
      async (connection) => {
        for (;;) {
          const { start, raw } = await connection.request();
          const size = start.includes('/over') ? limit + 1 : limit;
          connection.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n`);
          await breathe(8);
          connection.send(raw === '' ? body(size) : raw);
        }
      },
      async (stage) => {
        const client = await stage.client();
        const head = 'HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
        assert.equal((await client.ask(`POST /within ${head}${body(limit)}`)).body, 'x');
        await client.send(`POST /beyond ${head}${body(limit + 1)}`);
        await assertLastProblem(await client.lastReply(), 400, 'bad_request');
        const beyond = await until('its line', async () => {
          return (await stage.router.accessLog(0)).find(({ code }) => code === 'bad_request');
        });
        assert.equal(beyond.detail, `the request body has ${refusal}`);
        const other = await stage.client();
        await other.send('GET /over HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.equal((await other.untilClose()).ending, 'rst');
        const { code, detail, member } = await stage.logged('/over');
        assert.deepEqual([code, detail], ['upstream_protocol', `${member} sent ${refusal}`]);
      },
    ),
  );
}

const KIB = 1024;
const replyOf = (size: number) => {
  const lines = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n`;
  const large = `X: ${'x'.repeat(60_000)}\r\n`.repeat(4);
  return `${lines}${large}Y: ${'y'.repeat(size - lines.length - large.length - 7)}\r\n\r\nok`;
};
const replyWith = (count: number) => `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${'X: y\r\n'.repeat(count - 1)}\r\nok`;

for (const [name, reply, limit, refusal] of [
  ['bytes of a reply’s head', replyOf, 256 * KIB, `a head longer than ${256 * KIB} bytes`],
  ['header lines of a reply', replyWith, 1000, 'more than 1000 header fields'],
] as const) {
  for (const pieces of [1, 7]) {
    test(
      `${limit} ${name} in ${pieces} pieces pass, one more is 502, and the log says so`,
      onStage(
        async (connection) => {
          for (;;) {
            const { start } = await connection.request();
            const bytes = reply(start.includes('/over') ? limit + 1 : limit);
            const size = Math.ceil(bytes.length / pieces);
            for (let at = 0; at < bytes.length; at += size) {
              connection.send(bytes.slice(at, at + size));
              await breathe(4);
            }
          }
        },
        async (stage) => {
          const client = await stage.client();
          assert.equal((await client.ask(FIRST)).body, 'ok');
          assertProblem(await client.ask('GET /over HTTP/1.1\r\nHost: a\r\n\r\n'), 502, 'upstream_protocol');
          const { detail, member } = await stage.logged('/over');
          assert.equal(detail, `${member} sent ${refusal}`);
        },
      ),
    );
  }
}

test(
  'a method of 64 letters passes, one of 65 is 400',
  onStage(fine, async (stage) => {
    const client = await stage.client();
    const ask = (length: number) => `${'M'.repeat(length)} / HTTP/1.1\r\nHost: a\r\n\r\n`;
    assert.equal((await client.ask(ask(64))).status, 200);
    await client.send(ask(65));
    await assertLastProblem(await client.lastReply(), 400, 'bad_request');
  }),
);

const dying = async (connection: OriginConnection) => {
  await connection.request();
  connection.send(ok('fine'));
  await connection.request();
  connection.reset();
};

for (const [size, again] of [
  [16_384, true],
  [16_385, false],
] as const) {
  test(
    `a PUT with ${size} bytes of body on a pooled connection that dies is ${again ? '' : 'not '}sent again`,
    onStage(inTurn(dying, fine), async (stage) => {
      const client = await stage.client();
      await client.ask(FIRST);
      const reply = await client.ask(
        `PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'b'.repeat(size)}`,
      );
      if (again) assert.equal(reply.body, String(size));
      else assertProblem(reply, 502, 'upstream_reset');
      assert.equal((await stage.logged('/x')).attempts, again ? 2 : 1);
    }),
  );
}
