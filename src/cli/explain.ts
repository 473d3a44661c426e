/**
 * `signalbox explain`: where a request would go, and why.
 *
 * Rule: the router's own sentences first, then the figures behind them.
 */

import type { ExplainRequest, Explanation } from '../admin/shapes/status.ts';
import { percentOf } from '../core/percent.ts';
import { adminOf } from './admin.ts';
import type { Io, Run } from './command.ts';
import { CommandEnd, DONE, WRONG } from './ends.ts';
import type { Given } from './given.ts';
import { json, paints, table } from './print.ts';

export const explain: Run = async (given, io) => {
  const call = { method: 'POST', path: ['explain'], json: requestOf(given) } as const;
  const { value } = await adminOf(given, io).json<Explanation>(call);
  io.out(given.flag('json') ? json(value) : textOf(value, io));
  return DONE;
};

/** The method may be left out. */
function requestOf(given: Given): ExplainRequest {
  const [first, second] = given.words;
  const [method, url] = second === undefined ? ['GET', first] : [first, second];
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url))
    throw new CommandEnd(WRONG, `${url}: write the whole URL, such as http://cart.internal/cart/7`);
  const headers = headersOf(given.texts('header'));
  const listener = given.text('listener');
  return {
    method,
    url,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(listener === undefined ? {} : { listener }),
  };
}

/** A name that stands twice is two lines. */
function headersOf(lines: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const line of lines) {
    const match = /^([^\s:]+):\s*(.*?)\s*$/.exec(line);
    if (match === null) throw new CommandEnd(WRONG, `-H '${line}': write 'name: value'`);
    const [, name, value] = match;
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

const UPSTREAMS = [
  { title: 'UPSTREAM' },
  { title: 'SHARE', right: true },
  { title: 'CIRCUIT' },
  { title: 'MEMBERS UP', right: true },
] as const;

function textOf(explanation: Explanation, io: Io): string {
  const paint = paints(io);
  const { words, upstreams, policies, others } = explanation;
  const blocks = [`${heading(explanation, io)}\n${words.map((line) => `${line}\n`).join('')}`];
  if (upstreams.length > 0) {
    const rows = upstreams.map(({ id, share, circuit, up, members }) => [
      id,
      percentOf(share),
      circuit === 'closed' ? circuit : paint.bad(circuit),
      `${up}/${members}`,
    ]);
    blocks.push(table(UPSTREAMS, rows, paint));
  }
  if (policies.length > 0)
    blocks.push(
      table(
        [{ title: 'POLICY' }, { title: '' }],
        policies.map(({ name, text }) => [name, text]),
        paint,
      ),
    );
  if (others.length > 0)
    blocks.push(
      table(
        [{ title: 'NOT THIS ROUTE' }, { title: 'WHY' }],
        others.map(({ route, why }) => [route, why]),
        paint,
      ),
    );
  return blocks.join('\n');
}

function heading({ outcome, status, code, listener, route }: Explanation, io: Io): string {
  const { bold, good, bad } = paints(io);
  const answer = status === undefined ? '' : ` with ${status}${code === undefined ? '' : ` ${code}`}`;
  const by = route === undefined ? 'no route' : `route ${bold(route)}`;
  const paint = outcome === 'refused' ? bad : good;
  return `${paint(`${outcome}${answer}`)}: ${by}, listener ${listener}`;
}
