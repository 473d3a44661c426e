/**
 * What the demo prints: one line for each thing that happened, the correlation id first.
 *
 * Rule: every line about a message begins with its id, whoever prints it, so that the eye finds what belongs together;
 * a terminal also gets one colour per id. Writing lines of the router's access log in this form is part of it.
 */

import type { Clock } from '../core/clock.ts';

/** Prints one line: who says it, of which message, what happened. */
export type Say = (who: string, correlationId: string, what: string) => void;

/** The fields of an access log line that the demo shows. */
export interface AccessLine {
  readonly correlationId?: string;
  readonly caller?: string;
  readonly listener?: string;
  readonly method?: string;
  readonly path?: string;
  readonly route?: string;
  readonly upstream?: string;
  readonly version?: string;
  readonly status?: number;
  readonly code?: string;
}

const WHO_WIDTH = 10;
const ID_WIDTH = 32;
const COLOURS = [31, 32, 33, 34, 35, 36];

export function printer(clock: Clock, out: { write(text: string): unknown; readonly isTTY?: boolean }): Say {
  return (who, correlationId, what) => {
    const time = new Date(clock.wall()).toISOString().slice(11, 23);
    const id = correlationId.padEnd(ID_WIDTH);
    out.write(`${time}  ${out.isTTY ? coloured(id) : id}  ${who.padEnd(WHO_WIDTH)}  ${what}\n`);
  };
}

/** The same id always has the same colour. */
function coloured(id: string): string {
  let sum = 0;
  for (let i = 0; i < id.length; i++) sum = (sum * 31 + id.charCodeAt(i)) >>> 0;
  return `\u001b[${COLOURS[sum % COLOURS.length]}m${id}\u001b[0m`;
}

/** An access log line in words: `internal  GET /cart/ada from web, route cart -> cart-v2: 200`. */
export function inWords(line: AccessLine): string {
  const version = line.version === undefined ? '' : ` (client ${line.version})`;
  const way = line.upstream ?? line.code ?? 'the router itself';
  const call = `${(line.listener ?? '').padEnd(8)}  ${line.method} ${line.path}`;
  const caller = line.caller === undefined ? '' : ` from ${line.caller}`;
  return `${call}${caller}, route ${line.route ?? 'none'} -> ${way}${version}: ${line.status}`;
}

/** Cuts a stream of text into lines. */
export function byLine(each: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) each(line);
  };
}
