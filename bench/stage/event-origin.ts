/**
 * An origin of event streams: node event-origin.ts PORT. GET /events?of=NAME opens a stream of NAME, POST /run?of=NAME
 * sends events to all streams of NAME, `seconds` many to each, one a second, and answers when the last is out.
 *
 * Rule: the events of the streams are spread evenly over the second, as streams that came at different times would be.
 * Each carries its number and the time it left.
 */

import { createServer, type ServerResponse } from 'node:http';
import { FILL } from './origin.ts';
import { pause } from './processes.ts';

const TICK = 20;
const streams = new Map<string, ServerResponse[]>();

function event(number: number): string {
  return `id: ${number}\ndata: {"sent":${(performance.timeOrigin + performance.now()).toFixed(3)},"what":"tick","of":"a shop"}\n\n`;
}

/** Sends `rounds` events to every stream; each tick serves its share of them. */
async function run(of: ServerResponse[], rounds: number, first: number): Promise<void> {
  const ticks = 1000 / TICK;
  const started = performance.now();
  for (let tick = 0; tick < rounds * ticks; tick++) {
    const share = tick % ticks;
    const number = first + Math.floor(tick / ticks);
    for (let i = share; i < of.length; i += ticks) of[i].write(event(number));
    await pause(Math.max(0, started + (tick + 1) * TICK - performance.now()));
  }
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://origin');
  const name = searchParams.get('of') ?? '';
  if (pathname === '/run') {
    const seconds = Number(searchParams.get('seconds'));
    void run(streams.get(name) ?? [], seconds, Number(searchParams.get('first'))).then(() => response.end('done'));
    return;
  }
  if (pathname !== '/events') return void response.end(FILL.repeat(1024));
  // nginx would gather what comes; this is how an origin tells it not to.
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
  });
  // Some proxies keep a head back until there is a body; a comment is a usual way to begin.
  response.write(': welcome\n\n');
  streams.set(name, [...(streams.get(name) ?? []), response]);
  response.on('close', () =>
    streams.set(
      name,
      (streams.get(name) ?? []).filter((each) => each !== response),
    ),
  );
});
server.requestTimeout = 0;
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
