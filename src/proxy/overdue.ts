/**
 * What it means that a time ran out or an upload went too far: whose fault it is, and in which words log and client hear
 * of it.
 *
 * Rule: every fault of a limit says how much it was and names the setting, so that an operator finds it in
 * docs/limits.md. When a time is armed is the attempt's to say.
 */

import type { Exchange } from '../core/exchange.ts';
import { type Fault, fault } from '../core/fault.ts';
import type { Outcome } from '../core/lanes.ts';
import type { ListenerSettings } from '../routing/route.ts';
import type { TimeoutSettings } from '../upstream/upstream.ts';
import type { Verdict } from './outcome.ts';
import type { Waiting } from './parts.ts';

export interface Overdue {
  readonly reason: Fault;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
}

/** Milliseconds that the caller gave, where those end the exchange and not `timeout.total`; else Infinity. */
export function askedOf(of: Asked): number {
  const { deadline, end, exchange } = of;
  return deadline === undefined || end !== deadline ? Number.POSITIVE_INFINITY : deadline - exchange.arrived;
}

interface Asked {
  /** When whoever called gives up, and when its time is over whoever says so; monotonic. */
  readonly deadline: number | undefined;
  readonly end: number;
  readonly exchange: Exchange;
}

/**
 * `body`: the listener's timeout.body; `begun`: the reply's head went to the client; `asked`: see above.
 */
export function overdue(
  waiting: Waiting,
  exchange: Exchange,
  upstream: TimeoutSettings,
  body: number,
  begun: boolean,
  asked: number,
): Overdue {
  const { attempt, total, idle } = upstream;
  switch (waiting) {
    case 'reply':
      return late(exchange, `did not reply within the attempt time of ${attempt} ms (timeout.attempt)`);
    case 'total':
      // Whoever gives an upstream less time than the document does cannot hold it against that.
      return {
        ...late(exchange, `did not reply within ${whole(total, asked)}`),
        verdict: asked < Number.POSITIVE_INFINITY ? 'nothing' : 'timeout',
      };
    case 'upload':
      return stalled(`no byte of the request body for ${body} ms (timeout.body)`);
    case 'client':
      return stalled(`the client took no byte of the reply for ${idle} ms (timeout.idle)`);
    default: {
      const still = begun ? 'sent no byte of the body' : 'took no byte of the request body';
      const what = exchange.tunnel ? 'and the client left the tunnel idle' : still;
      return late(exchange, `${what} for ${idle} ms (timeout.idle)`);
    }
  }
}

/** Its time was over before a member was asked: for want of a place, or by an injected delay. */
export function unasked(exchange: Exchange, { total }: TimeoutSettings, asked: number): Fault {
  return fault('upstream_timeout', `upstream ${exchange.upstream} could not be asked within ${whole(total, asked)}`);
}

/** The time of all tries together. */
function whole(total: number, asked: number): string {
  return asked < Number.POSITIVE_INFINITY
    ? `the ${asked} ms of x-signalbox-deadline-ms`
    : `the total time of ${total} ms (timeout.total)`;
}

/** Body limit and minimum rate of a listener, asked of an upload of so many bytes in so many milliseconds. */
export function overstepped(settings: ListenerSettings, bytes: number, elapsed: number): Fault | undefined {
  const { limits, minBodyRate, timeout } = settings;
  if (bytes > limits.body) return fault('body_too_large', `a body of more than ${limits.body} bytes (limits.body)`);
  if (minBodyRate === 0 || elapsed <= timeout.body || bytes >= (minBodyRate * elapsed) / 1000) return undefined;
  return fault('client_stalled', `the body came at less than ${minBodyRate} bytes a second (minBodyRate)`);
}

function late(exchange: Exchange, what: string): Overdue {
  const who = `${exchange.member} of ${exchange.upstream}`;
  return { reason: fault('upstream_timeout', `${who} ${what}`), outcome: 'timeout', verdict: 'timeout' };
}

function stalled(what: string): Overdue {
  return { reason: fault('client_stalled', what), outcome: 'client_gone', verdict: 'nothing' };
}
