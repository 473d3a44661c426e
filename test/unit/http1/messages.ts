/**
 * Arbitrary messages: valid heads and bodies of every shape the wire knows, and small damage done to them.
 */

import fc from 'fast-check';

const TOKENS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const VALUES = Array.from({ length: 256 }, (_, byte) => byte).filter(
  (byte) => byte === 9 || (byte >= 32 && byte !== 127),
);

function text(characters: readonly string[] | string, minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...characters), { minLength, maxLength }).map((all) => all.join(''));
}

export const token = text(TOKENS, 1, 10);
const value = text(
  VALUES.map((byte) => String.fromCharCode(byte)),
  0,
  16,
);
const blanks = text(' \t', 0, 3);

/** A field line as some client might write it: any case, any white space where it may stand. */
function line(name: string, content: string): fc.Arbitrary<string> {
  return fc
    .record({ upper: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), before: blanks, behind: blanks })
    .map(({ upper, before, behind }) => {
      const cased = [...name].map((letter, i) => (upper[i % 4] ? letter.toUpperCase() : letter)).join('');
      return `${cased}:${before}${content}${behind}\r\n`;
    });
}

/** Names the wire acts on are made by others; a random line must not collide with them. */
const ACTED_ON = /^(?:host|content-length|transfer-encoding|connection)$/i;
const otherLine = fc
  .tuple(token, value)
  .filter(([name]) => !ACTED_ON.test(name))
  .chain(([name, content]) => line(name, content));

const pick = (name: string, ...contents: string[]): fc.Arbitrary<string> =>
  fc.constantFrom(...contents).chain((content) => line(name, content));

const knownLine = fc.oneof(
  pick('te', 'trailers', 'gzip', 'gzip, trailers'),
  pick('upgrade', 'websocket', 'h2c', 'a/1, b'),
  pick('expect', '100-continue', 'other'),
  pick('keep-alive', 'timeout=5', 'timeout="7", max=3', ''),
  pick('proxy-connection', 'keep-alive'),
  pick('traceparent', '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01', ''),
  pick('x-forwarded-for', '203.0.113.9', ''),
  pick('cookie', 'a=b', 'c=d; e=f'),
  pick('x-own', 'one', 'two'),
);

const connectionLine = pick('connection', 'close', 'keep-alive', 'Upgrade', 'TE, x-own', 'x-own,, close', '', 'cookie');

const framingLine = fc.oneof(
  fc.constant(''),
  pick('content-length', '0', '5', '007', '9007199254740991'),
  pick('transfer-encoding', 'chunked', 'Chunked'),
);

const SOME_HOSTS = ['a', 'A.Example', 'a:8080', '[::1]:80', '127.0.0.1'] as const;

const target = fc.oneof(
  text('/%2e.?&=a\\"{}|:@Z~', 0, 12).map((rest) => `/${rest}`),
  fc.constant('/'),
);

/** A valid request head of HTTP/1.1. */
export const requestHead: fc.Arbitrary<string> = fc
  .record({
    method: fc.oneof(fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE'), token),
    target,
    host: fc.constantFrom(...SOME_HOSTS),
    absolute: fc.nat({ max: 4 }).map((n) => n === 0),
    lines: fc.array(fc.oneof(otherLine, otherLine, knownLine, connectionLine), { maxLength: 8 }),
    framing: framingLine,
  })
  .filter(({ method }) => method !== 'CONNECT')
  // Said twice, 100-continue is not said clearly.
  .filter(({ lines }) => lines.filter((one) => /^expect:/i.test(one)).length < 2)
  .chain((parts) =>
    line('host', parts.host).chain((hostLine) =>
      fc
        .shuffledSubarray([hostLine, parts.framing, ...parts.lines], { minLength: parts.lines.length + 2 })
        .map((lines) => {
          const whole = parts.absolute ? `http://${parts.host}${parts.target}` : parts.target;
          return `${parts.method} ${whole} HTTP/1.1\r\n${lines.join('')}\r\n`;
        }),
    ),
  );

/** A valid reply head. */
export const replyHead: fc.Arbitrary<string> = fc
  .record({
    version: fc.constantFrom('1.1', '1.1', '1.0'),
    status: fc.constantFrom(100, 103, 200, 200, 204, 206, 304, 404, 500, 599),
    reason: fc.oneof(
      fc.constant(''),
      value.map((words) => ` ${words}`),
    ),
    lines: fc.array(fc.oneof(otherLine, knownLine, connectionLine), { maxLength: 8 }),
    framing: framingLine,
  })
  .filter(({ version, status, framing }) => {
    return !/^transfer/i.test(framing) || (version === '1.1' && status >= 200 && status !== 204);
  })
  .map(({ version, status, reason, lines, framing }) => {
    return `HTTP/${version} ${status}${reason}\r\n${framing}${lines.join('')}\r\n`;
  });

const extension = fc
  .tuple(
    token,
    fc.oneof(
      fc.constant(''),
      token.map((one) => `=${one}`),
      fc.constant('="a\\"b;\\\\ \t\xe9"'),
    ),
  )
  .map(([name, content]) => `;${name}${content}`);

const chunk = fc
  .record({
    data: fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 40 }),
    zeros: fc.nat({ max: 3 }),
    upper: fc.boolean(),
    extensions: fc.array(extension, { maxLength: 2 }),
  })
  .map(({ data, zeros, upper, extensions }) => {
    const size = data.length.toString(16);
    const bytes = data.map((byte) => String.fromCharCode(byte)).join('');
    const line = `${'0'.repeat(zeros)}${upper ? size.toUpperCase() : size}${extensions.join('')}`;
    return { text: `${line}\r\n${bytes}\r\n`, data: bytes };
  });

const trailer = fc.tuple(token, value).map(([name, content]) => `x-${name}:${content}\r\n`);

/** A valid chunked body, with the data in it. */
export const chunkedBody: fc.Arbitrary<{ text: string; data: string }> = fc
  .record({
    chunks: fc.array(chunk, { maxLength: 6 }),
    last: fc.constantFrom('0', '000', '0;a=b', '0;a="b"'),
    trailers: fc.array(trailer, { maxLength: 3 }),
  })
  .map(({ chunks, last, trailers }) => ({
    text: `${chunks.map((one) => one.text).join('')}${last}\r\n${trailers.join('')}\r\n`,
    data: chunks.map((one) => one.data).join(''),
  }));

/** Bytes that mean something somewhere. */
const ODD = '\r\n \t:;,=%/?#*@[]"\\\x00\x01\x0b\x1f\x7f\x80\xa0\xff0159aAfFgzZ-+_.';

/** A place as a share of a length. Doubles of their own would crowd at 0. */
const share = fc.nat({ max: 9_999 }).map((place) => place / 10_000);

/** One small damage: a byte put in, left out, replaced or doubled. `at` is a share of the length. */
const damage = fc.record({
  kind: fc.constantFrom('in', 'out', 'replace', 'double'),
  at: share,
  byte: fc.constantFrom(...ODD),
});

/** The text with small damages done to it, one after another. */
export function damaged(source: fc.Arbitrary<string>, most = 3): fc.Arbitrary<string> {
  return fc.tuple(source, fc.array(damage, { minLength: 1, maxLength: most })).map(([whole, all]) => {
    let result = whole;
    for (const { kind, at, byte } of all) {
      const i = Math.floor(at * result.length);
      const [before, here, behind] = [result.slice(0, i), result.slice(i, i + 1), result.slice(i + 1)];
      if (kind === 'in') result = before + byte + here + behind;
      else if (kind === 'out') result = before + behind;
      else result = kind === 'replace' ? before + byte + behind : before + here + here + behind;
    }
    return result;
  });
}

/** Bytes in no order at all, leaning towards those that mean something. */
export const noise: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.nat({ max: 255 }).map((byte) => String.fromCharCode(byte)),
      fc.constantFrom(...ODD),
      fc.constantFrom(
        '\r\n',
        '\r\n\r\n',
        'GET / ',
        'HTTP/1.1',
        'HTTP/1.1 200 OK\r\n',
        'Host: a',
        '5\r\nhello\r\n',
        '0\r\n\r\n',
      ),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(''));

/** Places to cut a text at, as shares of its length. */
export const cuts = fc.array(share, { maxLength: 6 });

/** The text in pieces, none of them empty. */
export function pieces(whole: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => Math.floor(place * whole.length)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => whole.slice(from, at[i])).filter((piece) => piece !== '');
}
