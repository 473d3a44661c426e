/**
 * Random calls of the admin API: known and unknown ids, odd queries and headers, bodies of every kind, and a connection
 * that is kept to send them over.
 *
 * Rule: calls are drawn over all operations of the served document, so that a new one is among them by itself. The one
 * that never ends (a stream) is left out.
 */

import { Agent, request } from 'node:http';
import fc from 'fast-check';
import { type ArbitraryBody, arbitraryBody, nearlyValidDocument } from './any-document.ts';
import { type OpenApiDocument, operationsOf } from './openapi-document.ts';

export interface AnyCall {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ArbitraryBody | undefined;
}

export interface Heard {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const ID = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('cart', 'checkout', 'checkout-v2', 'tax', 'cart-to-tax', 'new', 'a.b_c-d') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '..', '.', '_none', '-', 'x'.repeat(300)),
  },
  { weight: 2, arbitrary: fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }) },
);
const REV = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('0123456789ab', 'REV', 'REV') }, ID);

const QUERY = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'dryRun=true',
      'dryRun=false',
      'dryRun=',
      'limit=1',
      'limit=1e3',
      'limit=-1',
      'after=1',
      'after=%00',
      'wait=1ms',
      'wait=0s',
      'wait=1',
      '__proto__[x]=1',
      '&&=',
      '%',
      'a=1&a=2',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 10 }).map(encodeURI) },
);

/** What may stand in a head. */
const TEXT = fc
  .string({ maxLength: 20, unit: 'binary-ascii' })
  .map((text) => text.replace(/[^\x20-\x7e]/g, '\xe9').trim());
const SOME_HEADERS = fc.record(
  {
    'if-match': fc.oneof(fc.constantFrom('*', '"REV"', '"0123456789ab"', 'W/"REV"', '""', '"abc", "def"'), TEXT),
    'x-author': TEXT,
    'x-reason': TEXT,
    accept: fc.constantFrom('application/yaml', '*/*', 'text/html'),
  },
  { requiredKeys: [] },
);

const HEADERS = fc.oneof({ weight: 8, arbitrary: fc.constant({}) }, { weight: 2, arbitrary: SOME_HEADERS });

/** `REV` in a call stands for the revision that runs. */
export function anyCall(document: OpenApiDocument): fc.Arbitrary<AnyCall> {
  const operations = operationsOf(document).filter(({ path }) => path !== '/v1/live');
  const known = fc.oneof(
    ...operations.map(({ path, method, operation }) => {
      const target = fc.tuple(REV, ID).map((pair) => filled(path, pair));
      // A body that is missing, and one that nobody asked for, are nonsense too.
      const [without, withIt] = operation.requestBody === undefined ? [6, 1] : [1, 20];
      const body = fc.oneof(
        { weight: without, arbitrary: fc.constant(undefined) },
        { weight: withIt, arbitrary: bodyFor(path) },
      );
      return fc.record({ method: fc.constant(method.toUpperCase()), target, body });
    }),
  );
  const lost = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'PROPFIND', 'TRACE'),
    target: fc.string({ maxLength: 30 }).map((text) => `/v1/${encodeURI(text)}`),
    body: fc.option(arbitraryBody(), { nil: undefined }),
  });
  const call = fc.oneof({ weight: 30, arbitrary: known }, { weight: 1, arbitrary: lost });
  return fc.tuple(call, QUERY, HEADERS).map(([{ method, target, body }, query, headers]) => {
    const whole = query === '' || target.includes('?') ? target : `${target}?${query}`;
    return { method, target: whole, headers, body };
  });
}

/** Of a call that takes a part, such parts as well. */
function bodyFor(path: string): fc.Arbitrary<ArbitraryBody> {
  const section = /^\/v1\/(\w+)\/\{id\}$/.exec(path)?.[1];
  return section === undefined ? arbitraryBody() : fc.oneof(arbitraryBody(), nearlyValidPart(section));
}

function nearlyValidPart(section: string): fc.Arbitrary<ArbitraryBody> {
  return fc.tuple(nearlyValidDocument(), fc.nat(5)).map(([document, at]) => {
    const parts: unknown = (document as Record<string, unknown>)[section];
    const values = typeof parts === 'object' && parts !== null ? Object.values(parts) : [parts];
    const payload = JSON.stringify(values[at % values.length] ?? null);
    return { contentType: 'application/json', payload };
  });
}

function filled(path: string, [rev, id]: readonly [string, string]): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent((name === 'rev' ? rev : id).toWellFormed()),
  );
}

/** Sends calls one after the other over a connection that is kept. */
export class KeptConnection {
  private readonly port: number;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(port: number) {
    this.port = port;
  }

  send({ method, target, headers, body }: AnyCall, revision: string): Promise<Heard> {
    const named = Object.entries(headers).map(([name, value]) => [name, value.replace('REV', revision)]);
    // By itself, node:http sends the body of a DELETE without saying how long it is.
    const length = body === undefined ? 0 : Buffer.byteLength(body.payload);
    const type = body === undefined ? {} : { 'content-type': body.contentType, 'content-length': length };
    return new Promise((resolve, reject) => {
      const asked = request({
        port: this.port,
        host: '127.0.0.1',
        agent: this.agent,
        method,
        path: target.replace('REV', revision),
        headers: { ...Object.fromEntries(named), ...type },
      });
      asked.on('error', reject);
      asked.on('response', (reply) => {
        let text = '';
        reply.setEncoding('utf8');
        reply.on('data', (part: string) => {
          text += part;
        });
        reply.on('error', reject);
        reply.on('end', () => {
          resolve({ status: reply.statusCode ?? 0, type: reply.headers['content-type'] ?? '', text });
        });
      });
      asked.end(body?.payload);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
