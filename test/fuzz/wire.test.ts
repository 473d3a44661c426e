/**
 * The tricks that pass, and random messages, through the whole router over real sockets: what the origin and the client got
 * is what the files say, and every reader with a bad habit reads it the same way.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inTurn, ok, type Script } from '../support/raw-origin.ts';
import { breathe } from '../support/wait.ts';
import { onStage, openStage, type Stage } from '../wire/stage.ts';
import { type Chance, cutAt } from './chance.ts';
import { corpus, readable } from './corpus.ts';
import { assertWireReadByAll, withoutOwn } from './forward.ts';
import { damaged, reply, request } from './generate.ts';
import { readPieces } from './ours.ts';
import { inRoundsOnTheWire } from './rounds.ts';

const ROUNDS = 300;

/** Answers whatever comes; HEAD gets no body either way. */
const serving: Script = async (connection) => {
  for (;;) {
    await connection.request();
    connection.send(ok(''));
  }
};

const isPassed = (entry: { readonly expect: { readonly is: string } }): boolean => entry.expect.is === 'passed';

describe('requests that pass', () => {
  let stage: Stage;
  before(async () => {
    stage = await openStage(serving);
  });
  after(() => stage.close());

  for (const { name, bytes, expect } of corpus('requests').filter(isPassed)) {
    test(`${name} goes on as its file says`, async () => {
      const { messages } = readPieces('request', [bytes]);
      for (const pieces of [[bytes], [bytes.slice(0, 9), bytes.slice(9)], cutAt(bytes, [bytes.length - 1])]) {
        const mark = stage.origin.requests.length;
        const client = await stage.client('edge');
        await client.send(...pieces);
        for (const { head } of messages)
          assert.equal((await client.reply(head.slice(0, head.indexOf(' ')))).status, 200);
        client.close();
        const sent = stage.origin.requests.slice(mark).map(({ head, raw }) => head + raw);
        assert.equal(readable(withoutOwn(sent.join(''))), readable('as' in expect ? expect.as : ''));
      }
    });
  }
});

const ASK: Readonly<Record<string, string>> = {
  GET: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  HEAD: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
  upgrade: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
};

describe('replies that pass', () => {
  for (const { name, bytes, asked, expect } of corpus('replies').filter(isPassed)) {
    const speaking: Script = async (connection) => {
      await connection.request();
      connection.send(bytes);
      await serving(connection);
    };
    test(
      `${name} goes on as its file says, and nothing of it reaches the next client`,
      onStage(inTurn(speaking, serving), async (stage) => {
        const client = await stage.client('edge');
        await client.send(ASK[asked]);
        while ((await client.reply(asked)).status < 200);
        // Behind an upgrade that was not met the connection ends, and says so.
        const text = client.inbox.all.replace(asked === 'upgrade' ? 'Connection: close\r\n' : '', '');
        assert.equal(readable(withoutOwn(text)), readable('as' in expect ? expect.as : ''));
        const next = await stage.client('edge');
        assert.equal((await next.ask(ASK.GET)).body, '');
        assert.equal(next.inbox.unread, '');
      }),
    );
  }
});

test(
  'whatever requests come, every reader finds the same ones in what the origin gets',
  onStage(serving, async (stage, context) => {
    const tricks = corpus('requests').filter(({ bytes }) => bytes.length < 2_000);
    let served = 0;
    const make = (chance: Chance): string => {
      const text = chance.once(3) ? chance.pick(tricks).bytes : request(chance);
      return chance.once(2) ? damaged(chance, text, () => request(chance)) : text;
    };
    await inRoundsOnTheWire(context, ROUNDS, make, async (text, chance) => {
      const mark = stage.origin.requests.length;
      const client = await stage.client('edge');
      await client.send(...cutAt(text, chance.once(2) ? [] : [1 + chance.int(text.length)]));
      await breathe(8);
      client.end();
      await client.untilClose();
      client.close();
      const got = stage.origin.requests.slice(mark);
      assertWireReadByAll(got.map(({ head, raw }) => head + raw).join(''));
      served += got.length;
    });
    assert.ok(served > ROUNDS / 2, `only ${served} requests reached the origin`);
    await stage.fence();
  }),
);

test('whatever replies come, every reader finds the same ones in what the client gets', async (context) => {
  let bytes = '';
  const speaking: Script = async (connection) => {
    for (;;) {
      const { start } = await connection.request();
      connection.send(start.includes('/next') ? ok('next') : bytes);
      await breathe(3);
      if (!start.includes('/next')) connection.end();
    }
  };
  const tricks = corpus('replies').filter((entry) => entry.bytes.length < 2_000);
  const make = (chance: Chance): string => {
    const text = chance.once(3) ? chance.pick(tricks).bytes : reply(chance);
    return chance.once(2) ? damaged(chance, text, () => reply(chance)) : text;
  };
  await onStage(speaking, async (stage) => {
    await inRoundsOnTheWire(context, ROUNDS, make, async (text, chance) => {
      bytes = text;
      const method = chance.pick(['GET', 'GET', 'HEAD']);
      const client = await stage.client('edge');
      await client.send(ASK[method]);
      await client.send('GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      const got = await client.untilClose();
      client.close();
      // A connection that breaks says that what came is not to be believed.
      if (got.ending === 'fin') assertWireReadByAll(got.text, [method, 'GET']);
    });
  })(context);
});
