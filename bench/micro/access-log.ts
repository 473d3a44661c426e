/**
 * What one access log line costs: built, gathered and written to the ring, in nanoseconds. Run: node bench/micro/access-log.ts
 * Beside it, the same facts through JSON.stringify.
 */

import { systemClock } from '../../src/core/clock.ts';
import { systemDraw } from '../../src/core/draw.ts';
import { Exchange } from '../../src/core/exchange.ts';
import { Lane } from '../../src/core/lanes.ts';
import { BlockLedger } from '../../src/core/ledger.ts';
import { Ring, ringMemory } from '../../src/core/ring.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { Sheet } from '../../src/core/sheet.ts';
import { Timers } from '../../src/core/timers.ts';
import { AccessLines } from '../../src/telemetry/access-line.ts';
import { AccessLog } from '../../src/telemetry/access-log.ts';
import { tell } from './timing.ts';

const ROUNDS = 1_000_000;
const shared = new SharedLanes(1);
new BlockLedger(shared, systemClock);
const lane = new Lane();
lane.grow(shared.segments(0));

/** As the wire makes them: strings that are slices of a head that was read. */
function exchanges(count: number): Exchange[] {
  return Array.from({ length: count }, (_, i) => {
    const head = `GET /cart/items/${i}?page=2 HTTP/1.1\r\nhost: cart.internal\r\nx-user-id: user-${i}\r\n`;
    const target = head.slice(4, head.indexOf(' HTTP'));
    const request = { method: 'GET', target, host: 'cart.internal', minor: 1, field: () => undefined };
    const x = new Exchange(i, 0.5, request, 'internal', '127.0.0.1', '0123456789ab');
    x.context = [head.slice(-9, -2), undefined];
    x.caller = 'web';
    x.drawIds(systemDraw);
    x.route = 'cart';
    x.upstream = 'cart';
    x.member = 'http://127.0.0.1:7001';
    x.attempts = 1;
    x.status = 200;
    x.bytesOut = 1024;
    x.queueTime = 0;
    x.connectTime = 0;
    x.firstByteTime = 0.431 + i / 7;
    x.totalTime = 0.612 + i / 7;
    return x;
  });
}

function time(name: string, body: (x: Exchange) => void): void {
  const settled = exchanges(1024);
  for (let i = 0; i < ROUNDS / 5; i++) body(settled[i & 1023]);
  const started = performance.now();
  for (let i = 0; i < ROUNDS; i++) body(settled[i & 1023]);
  tell(name, ((performance.now() - started) * 1e6) / ROUNDS);
}

let bytes = 0;
const ring = new Ring(ringMemory(8_388_608));
const log = new AccessLog({
  clock: systemClock,
  timers: new Timers(systemClock),
  lane,
  pid: process.pid,
  hostname: 'router-1',
  sink: (batch) => {
    bytes += batch.length;
    if (ring.write(batch)) return true;
    ring.advance(ring.held);
    return ring.write(batch);
  },
});
log.learn('0123456789ab', ['x-user-id', 'x-tournament-id']);
const lines = new AccessLines(process.pid, 'router-1');
const names = ['x-user-id', 'x-tournament-id'];
time('access line: built, gathered, into the ring', log.settled);
const sheet = new Sheet();
time('access line: built', (x) => {
  sheet.begin();
  lines.put(sheet, x, 1, names);
  bytes += sheet.at;
});
time('access line: JSON.stringify of the same facts', (x) => {
  const { correlationId, traceId, spanId } = x;
  const ids = { correlationId, traceId, spanId };
  // Of the drawn digits an exchange has a few; what it holds are those of many.
  bytes += JSON.stringify({
    level: 30,
    time: systemClock.wall(),
    ...x,
    ...ids,
    request: undefined,
    digits: undefined,
  }).length;
});
if (bytes === 0) throw new Error('nothing was written');
