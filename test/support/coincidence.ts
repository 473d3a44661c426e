/**
 * Clients, origins and documents that do whatever chance says, all at once; and what must hold of each answer whatever met
 * whatever.
 *
 * Rule: the same seed draws the same scripts; what meets whom is the sockets' affair, and must not matter. An origin says of
 * each reply whose it is (`x-path`, and the body), so that nobody gets another one's bytes unseen.
 */

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Broken } from './bytes.ts';
import { connectRaw, type RawClient, type RawReply } from './raw-client.ts';
import type { OriginConnection, Script } from './raw-origin.ts';

export type Chance = () => number;

export function pick<T>(chance: Chance, of: readonly T[]): T {
  return of[Math.floor(chance() * of.length)];
}

// ---- origins

interface Heard {
  readonly connection: OriginConnection;
  readonly path: string;
  readonly head: string;
}

/** The body of every right reply. */
function bodyOf(path: string): string {
  return `${path} `.repeat(40);
}

function right(path: string, ...lines: string[]): string {
  const fields = [...lines, `x-path: ${path}`].map((line) => `${line}\r\n`).join('');
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${bodyOf(path).length}\r\n\r\n${bodyOf(path)}`;
}

/** What an origin does once the request is here whole; false where the connection is of no use any more. */
const DEEDS: readonly ((heard: Heard) => boolean | Promise<boolean>)[] = [
  ({ connection, path }) => say(connection, right(path)),
  ({ connection, path }) => say(connection, right(path)),
  ({ connection, path }) => say(connection, right(path, 'Connection: close')) && ended(connection),
  ({ connection, path }) => say(connection, `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${right(path)}`),
  ({ connection, path }) => {
    const [size, chunk] = [bodyOf(path).length.toString(16), bodyOf(path)];
    const head = `HTTP/1.1 200 OK\r\nx-path: ${path}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    return say(connection, `${head}${size};a=b\r\n${chunk}\r\n0\r\nx-end: yes\r\n\r\n`);
  },
  ({ connection, path }) =>
    say(connection, `HTTP/1.1 200 OK\r\nx-path: ${path}\r\n\r\n${bodyOf(path)}`) && ended(connection),
  ({ connection, path }) => slowly(connection, right(path)),
  ({ connection, path }) => pause(45).then(() => say(connection, right(path))),
  ({ connection, path }) => pause(90).then(() => say(connection, right(path))),
  ({ connection }) => say(connection, 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
  ({ connection }) => say(connection, 'HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 9\r\n\r\nhalf'),
  ({ connection, path }) => say(connection, `HTTP/1.1 204 No\r\nx-path: ${path}\r\n\r\nand yet a body`),
  ({ connection, path }) => say(connection, right(path).slice(0, -7)) && reset(connection),
  ({ connection }) => say(connection, 'HTTP/1.1 200 OK\r\nx-pa') && reset(connection),
  ({ connection }) => say(connection, 'SSH-2.0\r\n\r\n'),
  ({ connection }) => reset(connection),
  ({ connection }) => ended(connection),
  () => true,
];

function say(connection: OriginConnection, text: string): boolean {
  connection.send(text);
  return true;
}

function ended(connection: OriginConnection): boolean {
  connection.end();
  return false;
}

function reset(connection: OriginConnection): boolean {
  connection.reset();
  return false;
}

async function slowly(connection: OriginConnection, text: string): Promise<boolean> {
  const size = Math.ceil(text.length / 6);
  for (let at = 0; at < text.length; at += size) {
    connection.send(text.slice(at, at + size));
    await pause(10);
  }
  return true;
}

/** Counts what arrives, and does what chance says. */
export function member(chance: Chance, arrivals: Map<string, number>): Script {
  return async (connection) => {
    for (;;) {
      const head = await connection.head();
      const [, method, path] = /^(\S+) (\S+) /.exec(head) ?? [];
      if (method === 'POST') arrivals.set(path, (arrivals.get(path) ?? 0) + 1);
      if (path === '/last') {
        connection.send(right(path));
        continue;
      }
      if (/\r\nupgrade:/i.test(head)) return switched(connection, chance, path);
      const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
      const early = method === 'POST' && chance() < 0.1;
      if (early) connection.send(right(path));
      if (early && chance() < 0.5) return connection.end();
      if (/\r\nexpect:/i.test(head) && chance() < 0.8 && !early) connection.send('HTTP/1.1 100 Continue\r\n\r\n');
      await connection.inbox.exactly(Number(length), 'its body');
      if (early) continue;
      const heard = { connection, path, head };
      const deed = pick(chance, DEEDS);
      if (method === 'HEAD' && deed === DEEDS[5]) connection.send(right(path));
      else if (!(await deed(heard))) return;
    }
  };
}

/** A tunnel that says its path and ends in some way. */
async function switched(connection: OriginConnection, chance: Chance, path: string): Promise<void> {
  connection.send(`HTTP/1.1 101 Yes\r\nx-path: ${path}\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n${path}`);
  const end = chance();
  await pause(Math.floor(chance() * 80));
  if (end < 0.3) connection.reset();
  else if (end < 0.7) connection.end();
  await connection.closed();
}

// ---- clients

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly text: string;
  readonly minor: number;
}

function ask(chance: Chance, path: string): Asked {
  const method = pick(chance, ['GET', 'GET', 'HEAD', 'PUT', 'POST', 'POST', 'DELETE']);
  const minor = chance() < 0.1 ? 0 : 1;
  const lines = ['Host: a', `x-user: ${Math.floor(chance() * 5)}`];
  if (chance() < 0.15) lines.push(`x-signalbox-deadline-ms: ${Math.floor(chance() * 200)}`);
  if (minor === 0 && chance() < 0.5) lines.push('Connection: keep-alive');
  const bearing = method === 'PUT' || method === 'POST';
  const size = bearing ? pick(chance, [0, 10, 3_000, 60_000]) : 0;
  if (bearing) lines.push(`Content-Length: ${size}`);
  if (size > 0 && minor === 1 && chance() < 0.3) lines.push('Expect: 100-continue');
  if (!bearing && minor === 1 && chance() < 0.1) lines.push('Connection: upgrade', 'Upgrade: echo');
  const head = [`${method} ${path} HTTP/1.${minor}`, ...lines].map((line) => `${line}\r\n`).join('');
  return { method, path, minor, text: `${head}\r\n${'b'.repeat(size)}` };
}

/** One connection's life. Throws where an answer is not what it may be; gives the statuses that came. */
export async function live(port: number, chance: Chance, name: string): Promise<string[]> {
  const client = await connectRaw(port, { paused: chance() < 0.1 }).catch(() => undefined);
  // A router that stops takes nobody any more.
  if (client === undefined) return ['no connection'];
  const count = pick(chance, [1, 1, 2, 4]);
  const requests = Array.from({ length: count }, (_, i) => ask(chance, `/r${Math.floor(chance() * 3)}/${name}-${i}`));
  const leaving = leave(client, chance);
  const sending = sendAll(client, requests, chance);
  const statuses: string[] = [];
  try {
    for (const request of requests) if (!(await answered(client, request, statuses))) break;
  } catch (error) {
    if (!(error instanceof Broken)) throw new Error(`${name}: ${client.inbox.all.slice(-600)}`, { cause: error });
    statuses.push('broken');
  } finally {
    client.close();
    await Promise.all([leaving, sending]);
  }
  return statuses;
}

async function sendAll(client: RawClient, requests: readonly Asked[], chance: Chance): Promise<void> {
  const text = requests.map((request) => request.text).join('');
  const pieces = pick(chance, [1, 1, 3, 7]);
  const size = Math.ceil(text.length / pieces);
  for (let at = 0; at < text.length; at += size) {
    await client.send(text.slice(at, at + size));
    if (pieces > 1) await pause(Math.floor(chance() * 30));
  }
}

async function leave(client: RawClient, chance: Chance): Promise<void> {
  const how = chance();
  await pause(Math.floor(chance() * 150));
  if (how < 0.1) client.close();
  else if (how < 0.2) client.reset();
  else if (how < 0.25) client.end();
  client.resume();
}

/** Reads the answer to one request; false where none can follow. */
async function answered(client: RawClient, asked: Asked, statuses: string[]): Promise<boolean> {
  let reply: RawReply;
  do reply = await client.reply(asked.method);
  while (reply.status < 200 && reply.status !== 101);
  const path = reply.field('x-path');
  if (path !== undefined) assert.equal(path, asked.path, "another one's reply");
  if (reply.status === 101) {
    const { text } = await client.untilClose();
    assert.ok(asked.path.startsWith(text), `a tunnel of ${asked.path} said ${text}`);
    statuses.push('101');
    return false;
  }
  if (reply.status === 200) {
    assert.equal(path, asked.path);
    assert.equal(reply.body, asked.method === 'HEAD' ? '' : bodyOf(asked.path));
  } else if (/\/r\d\//.test(reply.body)) assert.ok(reply.body.includes(asked.path), reply.body);
  const { code = '' } = reply.body.startsWith('{') ? (JSON.parse(reply.body) as { code?: string }) : {};
  statuses.push(`${reply.status} ${code}`);
  const said = reply.field('connection')?.toLowerCase() ?? '';
  const over = said.includes('close') || (asked.minor === 0 && !said.includes('keep-alive'));
  if (over) {
    await client.closed();
    assert.equal(client.inbox.unread, '', 'bytes behind the last reply');
  }
  return !over;
}
