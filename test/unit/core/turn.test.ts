/**
 * The three passes of a turn: what waits for what, in which order, and what must not wait.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../../src/core/clock.ts';
import { Exchange } from '../../../src/core/exchange.ts';
import { type Handle, onAccept } from '../../../src/core/handle.ts';
import { MOST_READS, READ, SHARED, SMALL_READ } from '../../../src/core/io.ts';
import { SHEET } from '../../../src/core/sheet.ts';
import { type Correspondent, Turn } from '../../../src/core/turn.ts';
import { NOBODY, Wire, type WireOwner } from '../../../src/core/wire.ts';
import { watchHandles } from '../../support/leaks.ts';
import { until } from '../../support/wait.ts';

/** One who notes in `log` what he takes up and posts, and answers what he took up. */
class Clerk implements Correspondent {
  first = false;
  taken = true;
  readonly posted: Buffer[] = [];
  private readonly name: string;
  private readonly turn: Turn;
  private readonly log: string[];

  constructor(name: string, turn: Turn, log: string[]) {
    this.name = name;
    this.turn = turn;
    this.log = log;
  }

  takeUp(start: number, end: number): void {
    this.log.push(`${this.name} takes up ${SHARED.toString('latin1', start, end)}`);
    this.answer(`answer to ${SHARED.toString('latin1', start, end)}`);
  }

  answer(text: string): boolean {
    SHEET.begin();
    SHEET.text(text);
    return this.turn.letter(this);
  }

  post(message: Buffer): boolean {
    this.log.push(`${this.name} posts ${message.toString('latin1')}`);
    this.posted.push(message);
    return this.taken;
  }
}

function read(turn: Turn, clerk: Clerk, text: string): void {
  turn.gather(clerk, READ.write(text, 'latin1'));
}

test('what is read in a turn is taken up behind all reads, and the answers leave behind all of that', async () => {
  const turn = new Turn();
  const log: string[] = [];
  const [a, b] = [new Clerk('a', turn, log), new Clerk('b', turn, log)];
  read(turn, a, 'one');
  read(turn, b, 'two');
  read(turn, a, 'three');
  assert.deepEqual(log, []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(log, [
    'a takes up one',
    'b takes up two',
    'a takes up three',
    'a posts answer to one',
    'b posts answer to two',
    'a posts answer to three',
  ]);
});

test('what upstreams say is taken up before what clients ask, each in the order in which it came', () => {
  const turn = new Turn();
  const log: string[] = [];
  const [client, link] = [new Clerk('client', turn, log), new Clerk('link', turn, log)];
  link.first = true;
  read(turn, client, 'one');
  read(turn, link, 'two');
  read(turn, client, 'three');
  read(turn, link, 'four');
  turn.work();
  assert.deepEqual(
    log.filter((line) => line.includes('takes up')),
    ['link takes up two', 'link takes up four', 'client takes up one', 'client takes up three'],
  );
});

test('a full turn does not wait for its end, and none of the largest reads runs into the next', () => {
  const turn = new Turn();
  const log: string[] = [];
  const clerk = new Clerk('a', turn, log);
  const text = (i: number) => String.fromCharCode(97 + i).repeat(SMALL_READ);
  for (let i = 0; i < MOST_READS; i++) read(turn, clerk, text(i));
  const wanted = Array.from({ length: MOST_READS }, (_, i) => `answer to ${text(i)}`);
  assert.deepEqual(
    log.filter((line) => line.startsWith('a posts')),
    wanted.map((answer) => `a posts ${answer}`),
  );
});

test('a message outside of the work of a turn leaves at once', () => {
  const turn = new Turn();
  const log: string[] = [];
  assert.equal(new Clerk('a', turn, log).answer('now'), true);
  assert.deepEqual(log, ['a posts now']);
});

test('more messages than a turn has room for leave in pieces, in order', () => {
  const turn = new Turn();
  const log: string[] = [];
  const clerk = new Clerk('a', turn, log);
  clerk.takeUp = () => {
    for (let i = 0; i < 100; i++) clerk.answer(`${i} ${'.'.repeat(3_000)}`);
  };
  read(turn, clerk, 'go');
  turn.work();
  assert.deepEqual(
    log.map((line) => line.split(' ')[2]),
    Array.from({ length: 100 }, (_, i) => String(i)),
  );
});

test('a message that the kernel does not take keeps its bytes while others are written', () => {
  const turn = new Turn();
  const clerk = new Clerk('a', turn, []);
  clerk.taken = false;
  assert.equal(clerk.answer('first, which waits'), false);
  assert.equal(clerk.answer('second'), false);
  clerk.taken = true;
  clerk.answer('third, a longer one, written over nothing');
  assert.deepEqual(
    clerk.posted.map((message) => message.toString('latin1')),
    ['first, which waits', 'second', 'third, a longer one, written over nothing'],
  );
});

test('who throws ends the turn, and the next one begins as if nothing had been', async () => {
  const turn = new Turn();
  const log: string[] = [];
  const [bad, good] = [new Clerk('bad', turn, log), new Clerk('good', turn, log)];
  bad.takeUp = () => {
    throw new Error('a defect');
  };
  read(turn, bad, 'one');
  assert.throws(() => turn.work(), /a defect/);
  const before = systemClock.now();
  await until('time goes on', () => systemClock.now() > before);
  read(turn, good, 'two');
  turn.work();
  assert.deepEqual(log, ['good takes up two', 'good posts answer to two']);
});

test('a turn has one time', async () => {
  const turn = new Turn();
  const clerk = new Clerk('a', turn, []);
  const times: number[] = [];
  clerk.takeUp = () => {
    times.push(systemClock.now());
    const wall = Date.now();
    while (Date.now() < wall + 2);
    times.push(systemClock.now());
  };
  read(turn, clerk, 'one');
  read(turn, clerk, 'two');
  turn.work();
  assert.equal(new Set(times).size, 1);
  assert.ok(systemClock.now() > times[0]);
});

const END_OF_FILE = -4095;

const REQUEST = { method: 'GET', target: '/', host: '', minor: 1, field: () => undefined };

function exchange(name: string): Exchange {
  return new Exchange(0, 0, REQUEST, name, '', '');
}

test('listeners hear of what is over behind the messages, one after the other; outside of a turn at once', () => {
  const turn = new Turn();
  const log: string[] = [];
  const clerk = new Clerk('a', turn, log);
  const listeners = ['x', 'y'].map((name) => (over: Exchange) => {
    log.push(`${name} hears of ${over.listener}`);
  });
  clerk.takeUp = (start, end) => {
    turn.settled(exchange(SHARED.toString('latin1', start, end)), listeners);
    clerk.answer('done');
  };
  read(turn, clerk, 'one');
  read(turn, clerk, 'two');
  turn.work();
  turn.settled(exchange('three'), listeners);
  assert.deepEqual(log, [
    'a posts done',
    'a posts done',
    'x hears of one',
    'x hears of two',
    'y hears of one',
    'y hears of two',
    'x hears of three',
    'y hears of three',
  ]);
});

test('a listener that throws is not told the same again', () => {
  const turn = new Turn();
  const heard: string[] = [];
  const listeners = [
    (over: Exchange) => {
      heard.push(over.listener);
      if (over.listener === 'bad') throw new Error('a defect');
    },
  ];
  assert.throws(() => turn.settled(exchange('bad'), listeners), /a defect/);
  turn.settled(exchange('good'), listeners);
  assert.deepEqual(heard, ['bad', 'good']);
});

/** A wire of no socket, which notes what it hears; `reads` has bytes come in, and `ends` the end. */
function fakeWire(name: string, log: string[]) {
  const handle = { useUserBuffer: () => {}, getpeername: () => 0, readStart: () => 0, readStop: () => 0 };
  const owner: WireOwner = {
    ...NOBODY,
    onRead: (_bytes, start, end) => log.push(`${name} reads ${end - start}`) > 0,
    onEnd: () => log.push(`${name} ends`),
  };
  const wire = new Wire(handle as unknown as Handle, owner);
  return { reads: (length: number) => wire.arrived(length), ends: () => wire.arrived(END_OF_FILE) };
}

test('a large read comes behind the small ones before it, an end before what others said but behind its own', () => {
  const log: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => fakeWire(name, log));
  a.reads(10);
  b.reads(SMALL_READ + 1);
  a.reads(20);
  c.ends();
  assert.deepEqual(log, ['a reads 10', `b reads ${SMALL_READ + 1}`, 'c ends']);
  a.ends();
  assert.deepEqual(log.slice(3), ['a reads 20', 'a ends']);
});

/** Runs a wire whose owner is made from it, beside the socket on its other side. */
async function withWire(owner: (wire: () => Wire) => Partial<WireOwner>, body: (peer: Socket) => Promise<void>) {
  const handlesBack = watchHandles();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  let wire: Wire | undefined;
  const get = () => {
    assert.ok(wire !== undefined);
    return wire;
  };
  onAccept(server, (handle) => {
    wire = new Wire(handle, { ...NOBODY, ...owner(get) });
    wire.resume();
  });
  const peer = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  try {
    await body(peer);
  } finally {
    peer.destroy();
    wire?.destroy();
    server.close();
  }
  await handlesBack();
}

const BODY = Buffer.from(' with a body');

test('whatever a connection writes, ends or closes in a turn goes behind the messages that wait', async () => {
  for (const [what, then, wanted] of [
    ['text', (wire: Wire) => wire.write(' text'), 'head with a body text'],
    ['bytes', (wire: Wire) => wire.writeBytes(BODY, 0, 5, undefined), 'head with a body with'],
    [
      'long bytes',
      (wire: Wire) => wire.writeBytes(Buffer.alloc(20_000, '.'), 0, 20_000, undefined),
      /^head.*\.{20000}$/,
    ],
    ['its end', () => {}, 'head with a body'],
    ['its close', (wire: Wire) => wire.destroy(), 'head with a body'],
  ] as const) {
    let seen = '';
    const owner = (wire: () => Wire) => ({
      onRead: () => {
        SHEET.begin();
        SHEET.text('head');
        assert.equal(wire().writeWithHead(BODY, 0, BODY.length, undefined), true);
        then(wire());
        wire().end();
        return true;
      },
    });
    await withWire(owner, async (peer) => {
      peer.on('data', (chunk: Buffer) => (seen += chunk.toString('latin1')));
      peer.write('go');
      await once(peer, 'end');
    });
    if (typeof wanted === 'string') assert.equal(seen, wanted, what);
    else assert.match(seen, wanted, what);
  }
});

test('the end of what a peer sends is told behind what it sent, and a closed connection hears no more', async () => {
  const events: string[] = [];
  const owner = (wire: () => Wire) => ({
    onRead: (bytes: Buffer, start: number, end: number) => {
      events.push(bytes.toString('latin1', start, end));
      return true;
    },
    onEnd: () => {
      events.push('end');
      wire().destroy();
    },
  });
  await withWire(owner, async (peer) => {
    peer.end('last words');
    await until('the end', () => events.includes('end'));
  });
  assert.deepEqual(events, ['last words', 'end']);
});
