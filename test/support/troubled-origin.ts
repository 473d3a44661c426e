/**
 * Members that fail in every way there is, by lot, and keep count of what was delivered to them.
 *
 * Rule: a request is delivered as soon as its head came, whatever becomes of it then. What was refused, or reset before a
 * byte was read, is a fault and no delivery.
 */

import type { Socket } from 'node:net';
import { ActingOrigin, type Asked } from './acting-origin.ts';
import { resetNow } from './chaos/reader.ts';
import { seededDraw } from './draw.ts';

/** What becomes of a request that came, each with its weight. */
const TROUBLES = {
  well: 34,
  late: 3,
  'status 503': 10,
  'status 503 asking to be spared': 2,
  'status 500': 2,
  'reset at the head of the request': 5,
  'reset before the reply': 10,
  'end before the reply': 6,
  'reset in the head': 7,
  'end in the head': 5,
  'reset after an interim reply': 3,
  'reset in the body': 6,
  'end in the body': 4,
  garbage: 7,
  'garbage in the head': 4,
  hang: 2,
  'early close': 7,
  'early reset': 5,
  'reply before the request is whole': 4,
} as const;

export type Trouble = keyof typeof TROUBLES | 'refused' | 'reset on connecting' | 'killed';

const GOOD: ReadonlySet<Trouble> = new Set<Trouble>(['well', 'late', 'reply before the request is whole']);
/** Milliseconds of a reply that a second request overtakes. */
const LATE = 60;

const ACTS: Readonly<Record<keyof typeof TROUBLES, (asked: Asked) => void>> = {
  well: (asked) => asked.whole(() => asked.reply(200, asked.target)),
  late: (asked) => asked.whole(() => void setTimeout(() => asked.reply(200, asked.target), LATE)),
  'status 503': (asked) => asked.whole(() => asked.reply(503, 'no')),
  'status 503 asking to be spared': (asked) => asked.whole(() => asked.reply(503, 'no', 'Retry-After: 0\r\n')),
  'status 500': (asked) => asked.whole(() => asked.reply(500, 'no')),
  'reset at the head of the request': (asked) => asked.reset(),
  'reset before the reply': (asked) => asked.whole(() => asked.reset()),
  'end before the reply': (asked) => asked.whole(() => asked.socket.end()),
  'reset in the head': (asked) => broken(asked, 'HTTP/1.1 200 OK\r\nContent-Le', true),
  'end in the head': (asked) => broken(asked, 'HTTP/1.1 200 OK\r\nContent-Le', false),
  'reset after an interim reply': (asked) => broken(asked, 'HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n', true),
  'reset in the body': (asked) => broken(asked, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin', true),
  'end in the body': (asked) => broken(asked, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin', false),
  garbage: (asked) => broken(asked, 'what is this?\r\n\r\n', false),
  'garbage in the head': (asked) => broken(asked, 'HTTP/1.1 200 OK\r\nbad line\r\n\r\n', false),
  hang: () => {},
  'early close': (asked) => closing(asked, () => asked.socket.end()),
  'early reset': (asked) => closing(asked, () => asked.reset()),
  'reply before the request is whole': (asked) => asked.reply(200, asked.target),
};

function broken(asked: Asked, text: string, reset: boolean): void {
  asked.whole(() => {
    asked.send(text);
    // On its own, so that what was written before it arrives.
    setImmediate(() => (reset ? asked.reset() : asked.socket.end()));
  });
}

/** Answers, and closes the connection that the router just put back into its pool. */
function closing(asked: Asked, close: () => void): void {
  asked.whole(() => {
    asked.reply(200, asked.target);
    setImmediate(() => setImmediate(close));
  });
}

export class TroubledOrigin extends ActingOrigin {
  /** How often each request came, by its target. */
  readonly deliveries = new Map<string, number>();
  readonly troubles: Map<Trouble, number>;
  private readonly draw: () => number;

  constructor(seed: number, troubles: Map<Trouble, number>) {
    super((asked) => this.trouble(asked));
    this.troubles = troubles;
    this.draw = seededDraw(seed).chance;
    this.onConnection = (socket) => this.troubleConnection(socket);
  }

  count(trouble: Trouble, times = 1): void {
    this.troubles.set(trouble, (this.troubles.get(trouble) ?? 0) + times);
  }

  override async kill(): Promise<void> {
    this.count('killed', this.connections);
    await super.kill();
  }

  private trouble(asked: Asked): void {
    const key = `${asked.method} ${asked.target}`;
    this.deliveries.set(key, (this.deliveries.get(key) ?? 0) + 1);
    const trouble = this.drawTrouble();
    this.count(trouble);
    ACTS[trouble](asked);
  }

  private drawTrouble(): keyof typeof TROUBLES {
    let left = this.draw() * WEIGHT;
    for (const [trouble, weight] of WEIGHTS) {
      left -= weight;
      if (left < 0) return trouble;
    }
    return 'well';
  }

  private troubleConnection(socket: Socket): boolean {
    if (this.draw() > 0.04) return false;
    this.count('reset on connecting');
    resetNow(socket);
    return true;
  }
}

const WEIGHTS = Object.entries(TROUBLES) as [keyof typeof TROUBLES, number][];
const WEIGHT = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);

/** Faults among what happened. */
export function faultsOf(troubles: ReadonlyMap<Trouble, number>): number {
  let sum = 0;
  for (const [trouble, count] of troubles) if (!GOOD.has(trouble)) sum += count;
  return sum;
}

/** Every way to fail that a request can meet. */
export const FAULTS: readonly Trouble[] = WEIGHTS.map(([trouble]) => trouble).filter((trouble) => !GOOD.has(trouble));
