/**
 * The pool under load, with origins that close when they like: no GET is lost, no POST is delivered twice, a dead origin is
 * not asked for ever.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, type OriginConnection, ok } from '../support/raw-origin.ts';
import { breathe } from '../support/wait.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { onStage, type Stage } from './stage.ts';

const RETRYING = { upstream: { retry: undefined } };

/** Serves a few requests, says nothing of closing, and closes: with the last reply, or some turns of the loop later. */
async function fickle(connection: OriginConnection): Promise<void> {
  for (let left = 3 + (connection.index % 4); left > 0; left--) {
    const { start } = await connection.request();
    connection.send(ok(start.split(' ')[1]));
  }
  await breathe(connection.index % 3);
  if (connection.index % 2 === 0) connection.end();
  else connection.reset();
}

async function load(stage: Stage, method: string, count: number): Promise<number[]> {
  const client = await stage.client();
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) {
    const path = `/${method}-${client.socket.localPort}-${i}`;
    const reply = await client.ask(`${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    statuses.push(reply.status);
    if (reply.status === 200) assert.equal(reply.body, path, 'the reply to another request');
  }
  return statuses;
}

test(
  'no GET is lost where the origin closes pooled connections at any time',
  onStage(
    fickle,
    async (stage) => {
      const statuses = (await Promise.all(Array.from({ length: 10 }, () => load(stage, 'GET', 60)))).flat();
      assert.deepEqual(
        statuses.filter((status) => status !== 200),
        [],
      );
    },
    RETRYING,
  ),
);

test(
  'no POST is delivered twice where the origin closes pooled connections at any time',
  onStage(
    fickle,
    async (stage) => {
      const statuses = (await Promise.all(Array.from({ length: 10 }, () => load(stage, 'POST', 60)))).flat();
      assert.ok(statuses.every((status) => status === 200 || status === 502));
      const paths = [...stage.origin.received.matchAll(/^POST (\/\S+) /gm)].map((match) => match[1]);
      assert.equal(new Set(paths).size, paths.length, 'a POST came twice');
    },
    RETRYING,
  ),
);

test(
  'a GET whose fresh connection dies too is 502 after two attempts, not more',
  onStage(
    inTurn(
      async (connection) => {
        await connection.request();
        connection.send(ok('fine'));
        await connection.request();
        connection.reset();
      },
      async (connection) => {
        await connection.request();
        connection.reset();
      },
    ),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(FIRST)).status, 200);
      assertProblem(await client.ask('GET /again HTTP/1.1\r\nHost: a\r\n\r\n'), 502, 'upstream_reset');
      assert.equal(stage.origin.received.split('/again').length - 1, 2);
      assert.equal((await stage.logged('/again')).attempts, 2);
    },
  ),
);

test(
  'the second attempt says so to the upstream',
  onStage(
    inTurn(
      async (connection) => {
        await connection.request();
        connection.send(ok('fine'));
        await connection.request();
        connection.reset();
      },
      async (connection) => {
        const { head } = await connection.request();
        connection.send(ok(/x-signalbox-attempt: (\d+)/i.exec(head)?.[1] ?? 'none'));
        await connection.closed();
      },
    ),
    async (stage) => {
      const client = await stage.client();
      await client.ask(FIRST);
      assert.equal((await client.ask('GET /again HTTP/1.1\r\nHost: a\r\n\r\n')).body, '2');
    },
    RETRYING,
  ),
);

test(
  'a reload that leaves an upstream as it is leaves its connections in the pool; one that moves it closes them',
  onStage(
    async (connection) => {
      for (;;) {
        await connection.request();
        connection.send(ok('fine'));
      }
    },
    async (stage) => {
      await stage.fence();
      const same = JSON.stringify({ ...JSON.parse(await stage.text()), drain: { notice: '1s', limit: '2s' } });
      assert.ok((await stage.router.reload(same)).ok);
      await stage.fence();
      assert.equal(stage.origin.connections.length, 1);
      const elsewhere = same.replaceAll(`127.0.0.1:${stage.origin.port}`, `localhost:${stage.origin.port}`);
      assert.ok((await stage.router.reload(elsewhere)).ok);
      await stage.origin.connections[0].closed();
    },
  ),
);
