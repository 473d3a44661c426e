/**
 * The thin socket: what it reads, what it writes, how it waits, how it ends; against `net` on the other side.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { onAccept } from '../../../src/core/handle.ts';
import { BULK_BYTES, borrowSlab, returnSlab, SHARED } from '../../../src/core/io.ts';
import { SHEET } from '../../../src/core/sheet.ts';
import { Wire, type WireOwner } from '../../../src/core/wire.ts';
import { watchHandles } from '../../support/leaks.ts';
import { until, within } from '../../support/wait.ts';

/** What a wire told, and how it is to be answered. */
class Notes implements WireOwner {
  readonly events: string[] = [];
  text = '';
  bytes = 0;
  buffers: Buffer[] = [];
  goOn = true;
  thrown: unknown = undefined;
  onData: ((bytes: Buffer, start: number, end: number) => void) | undefined = undefined;

  onRead(bytes: Buffer, start: number, end: number): boolean {
    this.buffers.push(bytes);
    this.bytes += end - start;
    if (end - start < 1_000) this.text += bytes.toString('latin1', start, end);
    this.onData?.(bytes, start, end);
    return this.goOn;
  }
  onEnd(): void {
    this.events.push('end');
  }
  onDrain(): void {
    this.events.push('drain');
  }
  onBroken(what: string): void {
    this.events.push(what);
  }
  onWriteFailed(what: string): void {
    this.events.push(what);
  }
  onDefect(error: unknown): void {
    this.thrown = error;
  }
}

/** A body with a wire and the `net` socket on its other side. */
function between(body: (wire: Wire, notes: Notes, peer: Socket) => Promise<void>): () => Promise<void> {
  return async () => {
    const handlesBack = watchHandles();
    const notes = new Notes();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = new Promise<Wire>((resolve) => onAccept(server, (handle) => resolve(new Wire(handle, notes))));
    const peer = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    const wire = await accepted;
    try {
      await body(wire, notes, peer);
    } finally {
      peer.destroy();
      wire.destroy();
      server.close();
    }
    await handlesBack();
  };
}

/** The wire, with this latin1 text as the head that leaves next. */
function headed(wire: Wire, text: string): Wire {
  SHEET.begin();
  SHEET.text(text);
  return wire;
}

function everything(peer: Socket): { bytes(): Buffer } {
  const chunks: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { bytes: () => Buffer.concat(chunks) };
}

test(
  'bytes come in once it resumes, in the shared buffer, and the address of the peer is known',
  between(async (wire, notes, peer) => {
    assert.equal(wire.address, '127.0.0.1');
    peer.write('hello');
    wire.resume();
    await until('the bytes', () => notes.text === 'hello');
    assert.equal(notes.buffers[0], SHARED);
    peer.end();
    await until('the end', () => notes.events.includes('end'));
  }),
);

test(
  'a read that is answered with false pauses until it resumes',
  between(async (wire, notes, peer) => {
    notes.goOn = false;
    wire.resume();
    peer.write('one');
    await until('the first bytes', () => notes.text === 'one');
    peer.end('two');
    notes.goOn = true;
    // The peer has handed over everything: what is not read now is not read because of the pause.
    await once(peer, 'finish');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(notes.text, 'one');
    wire.resume();
    await until('the rest', () => notes.text === 'onetwo');
  }),
);

test(
  'text, bytes and a head with its body arrive in order and byte for byte',
  between(async (wire, _notes, peer) => {
    const seen = everything(peer);
    const bytes = Buffer.from(Array.from({ length: 40_000 }, (_, i) => i * 31));
    wire.write('\xff\xe9 text');
    wire.writeBytes(bytes, 5, 50, undefined);
    wire.writeBytes(bytes, 0, 40_000, undefined);
    headed(wire, 'head').writeWithHead(bytes, 10, 1_010, undefined);
    headed(wire, 'only head').writeWithHead(bytes, 10, 10, undefined);
    wire.end();
    await once(peer, 'end');
    const wanted = [
      Buffer.from('\xff\xe9 text', 'latin1'),
      bytes.subarray(5, 50),
      bytes,
      Buffer.from('head'),
      bytes.subarray(10, 1_010),
      Buffer.from('only head'),
    ];
    assert.ok(seen.bytes().equals(Buffer.concat(wanted)));
  }),
);

test(
  'what the kernel does not take waits, is counted, keeps its bytes, and ends in a drain',
  between(async (wire, notes, peer) => {
    peer.pause();
    const bytes = Buffer.alloc(60_000, 'a');
    const copy = Buffer.from(bytes);
    let writes = 0;
    // The kernel may take in a second try what it did not take in the first: then it still counts as waiting, with no bytes.
    do {
      wire.writeBytes(bytes, 0, bytes.length, undefined);
      writes++;
    } while (wire.unsent === 0);
    assert.equal(headed(wire, 'head').writeWithHead(bytes, 0, 20, undefined), false);
    const long = Buffer.alloc(65_536, 'c');
    assert.equal(headed(wire, 'head').writeWithHead(long, 0, long.length, undefined), false);
    long.fill('d');
    bytes.fill('b');
    assert.equal(headed(wire, 'later').writeWithHead(bytes, 0, 20, undefined), false);
    assert.deepEqual(notes.events, []);
    const seen = everything(peer);
    peer.resume();
    await until('the drain', () => notes.events.includes('drain'));
    assert.equal(wire.unsent, 0);
    wire.end();
    await once(peer, 'end');
    const wanted = [...new Array<Buffer>(writes).fill(copy), Buffer.from('head'), copy.subarray(0, 20)];
    wanted.push(Buffer.from('head'), Buffer.alloc(65_536, 'c'));
    assert.ok(seen.bytes().equals(Buffer.concat([...wanted, Buffer.from('later'), bytes.subarray(0, 20)])));
  }),
);

test(
  'whoever reads in bulk gets a slab, and leaves it where a write still refers to it',
  between(async (wire, notes, peer) => {
    let taken = true;
    notes.onData = (_bytes, start, end) => wire.settle(end - start, taken, false);
    wire.resume();
    peer.write(Buffer.alloc(300_000));
    await until('the bulk', () => notes.bytes === 300_000);
    const { slab } = wire;
    if (slab !== undefined) assert.notEqual(slab.bytes, SHARED);
    assert.ok(notes.buffers.some((buffer) => buffer !== SHARED));
    taken = false;
    peer.write(Buffer.alloc(BULK_BYTES * 2));
    await until('more bulk', () => notes.bytes === 300_000 + BULK_BYTES * 2);
    assert.notEqual(wire.slab, slab ?? null);
    taken = true;
    peer.write('small');
    await until('a small read', () => notes.text.endsWith('small'));
    assert.equal(wire.slab, undefined);
    peer.write('smaller');
    await until('the next read', () => notes.text.endsWith('smaller'));
    assert.equal(notes.buffers.at(-1), SHARED);
  }),
);

test(
  'a connection that ends lends its slab to nobody: a write on the other side may still refer to it',
  between(async (wire, notes, peer) => {
    notes.onData = (_bytes, start, end) => wire.settle(end - start, true, true);
    wire.resume();
    peer.write(Buffer.alloc(300_000));
    await until('a slab', () => wire.slab !== undefined);
    const { slab } = wire;
    wire.destroy();
    const lent = Array.from({ length: 100 }, () => borrowSlab());
    assert.ok(slab !== undefined && !lent.includes(slab));
    for (const each of lent) returnSlab(each, true);
  }),
);

test(
  'an end goes out behind what was written, is told to whoever asks, and nothing is written after it',
  between(async (wire, _notes, peer) => {
    const seen = everything(peer);
    wire.write('last words');
    let told = 0;
    wire.end(() => told++);
    wire.write('too late');
    await once(peer, 'end');
    await until('the telling', () => told === 1);
    assert.equal(wire.finished, true);
    wire.end(() => told++);
    await until('the second telling', () => told === 2);
    assert.equal(seen.bytes().toString(), 'last words');
  }),
);

test(
  'a reset is no clean end for the peer, even behind an end of ours that waits',
  between(async (wire, _notes, peer) => {
    peer.on('error', () => {});
    wire.destroy(true);
    const [error] = await once(peer, 'error');
    assert.equal(error.code, 'ECONNRESET');
    assert.equal(wire.closed, true);
    assert.equal(wire.write('x'), true);
    assert.equal(wire.unsent, 0);
  }),
);

test(
  'a peer that resets is heard of in a turn of its own, once, while reading or by a failing write',
  between(async (wire, notes, peer) => {
    wire.resume();
    peer.resetAndDestroy();
    await until('the reset', () => notes.events.length > 0);
    assert.deepEqual(notes.events, ['read ECONNRESET']);
    notes.events.length = 0;
    wire.write('x');
    wire.write('y');
    assert.deepEqual(notes.events, [], 'told from inside a call');
    await until('the failed write', () => notes.events.length > 0);
    assert.equal(notes.events.length, 1);
    assert.match(notes.events[0], /^write E(PIPE|CONNRESET)$/);
  }),
);

test(
  'an owner that throws is told of its defect, and the thread lives on',
  between(async (wire, notes, peer) => {
    const defect = new Error('a defect');
    notes.onData = () => {
      throw defect;
    };
    wire.resume();
    peer.write('x');
    await until('the defect', () => notes.thrown === defect);
  }),
);

test(
  'one that is reset behind its own end, while bytes wait, is reset and looks like no clean end',
  between(async (wire, _notes, peer) => {
    peer.pause();
    const whole = Buffer.alloc(20_000_000);
    assert.equal(wire.writeBytes(whole, 0, whole.length, undefined), false);
    wire.end();
    await until('the way to be full', () => wire.unsent < whole.length);
    wire.destroy(true);
    const ending = new Promise((resolve) => {
      peer.on('end', () => resolve('fin'));
      peer.on('error', ({ message }) => resolve(message));
    });
    peer.resume();
    assert.match(String(await within('the peer to be reset', ending)), /ECONNRESET/);
  }),
);

test(
  'one whose end waits for its bytes says so when the peer took them, and not before',
  between(async (wire, _notes, peer) => {
    peer.pause();
    const whole = Buffer.alloc(20_000_000);
    wire.writeBytes(whole, 0, whole.length, undefined);
    let done = 0;
    wire.end(() => done++);
    await until('the way to be full', () => wire.unsent < whole.length);
    assert.deepEqual([done, wire.finished], [0, false]);
    peer.resume();
    await once(peer, 'end');
    await until('the end to be known', () => done === 1);
    assert.ok(wire.finished);
  }),
);
