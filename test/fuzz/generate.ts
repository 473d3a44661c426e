/**
 * Messages made from the grammar, and damage done to them.
 *
 * Rule: what is made here is well-formed more often than not; what `damaged` does to it is what attackers and broken
 * programs do: odd bytes, lines doubled, moved, respelt, padded, two messages spliced, framing said twice.
 */

import type { Chance } from './chance.ts';

const TOKEN_MARKS = "!#$%&'*+-.^_`|~";
const ALNUM = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const PLAIN = `${ALNUM} ,;=/"()<>@[]{}?\\:-_.`;
const TARGETS = '/%2e.?&=a\\"{}|:@Z~';

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'get',
  'PURGE',
  'M-SEARCH',
  'X',
  'PRI',
  'PLAY',
];
const HOSTS = ['a', 'A.Example', 'a:8080', 'a:80', 'a:', '[::1]:80', '127.0.0.1', 'a%41', 'a_b', '[::ffff:1.2.3.4]'];
const VALUES: Readonly<Record<string, readonly string[]>> = {
  Connection: [
    'close',
    'keep-alive',
    'Upgrade',
    'TE',
    'x-own, close',
    'Keep-Alive,, x-own',
    'content-length',
    'Host',
    '',
  ],
  'Content-Length': ['0', '5', '05', '5, 5', '+5', '0x5', '-1', '', '5 ', '18446744073709551621'],
  'Transfer-Encoding': [
    'chunked',
    'Chunked',
    'chunked, chunked',
    'gzip, chunked',
    'identity',
    'xchunked',
    '',
    'chunked;a=b',
  ],
  Upgrade: ['websocket', 'h2c', 'websocket, h2c', 'TLS/1.0'],
  TE: ['trailers', 'gzip, trailers', 'chunked'],
  Trailer: ['X-Sum', 'Content-Length'],
  Expect: ['100-continue', '100-Continue', 'y 100-continue', 'other', ''],
  'Keep-Alive': ['timeout=5', 'timeout="7", max=3', ''],
  'Proxy-Connection': ['keep-alive'],
  'HTTP2-Settings': ['AAMAAABkAARAAAAAAAIAAAAA'],
  'X-Forwarded-For': ['203.0.113.9', ''],
  Forwarded: ['for=203.0.113.9'],
  traceparent: ['00-0123456789abcdef0123456789abcdef-0123456789abcdef-01', 'x'],
  'X-Correlation-Id': ['abc', 'a b', ''],
  'X-User-Id': ['7'],
  'X-Caller': ['cart'],
  Cookie: ['a=b'],
  'Set-Cookie': ['a=b; Path=/'],
  'Content-Type': ['text/plain'],
  'X-Own': ['one', 'two'],
};
const NAMES = Object.keys(VALUES);

function respelt(chance: Chance, name: string): string {
  const way = chance.int(12);
  // ASCII alone: other letters may leave latin1 when their case changes.
  if (way === 0) return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  if (way === 1) return name.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  if (way === 2) return name.replaceAll('-', '_');
  if (way === 3) return name.replace('-', () => chance.letter(TOKEN_MARKS));
  return name;
}

function blanks(chance: Chance): string {
  return chance.once(6) ? chance.text(' \t', chance.int(3)) : ' ';
}

function randomValue(chance: Chance): string {
  const text = chance.text(chance.once(4) ? `${PLAIN}\x80\x85\xa0\xff\t` : PLAIN, chance.int(30));
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

function line(chance: Chance): string {
  if (chance.once(3)) {
    return `${chance.text(ALNUM + TOKEN_MARKS, 1 + chance.int(14))}:${blanks(chance)}${randomValue(chance)}\r\n`;
  }
  const name = chance.pick(NAMES);
  return `${respelt(chance, name)}:${blanks(chance)}${chance.pick(VALUES[name])}${chance.once(9) ? ' \t' : ''}\r\n`;
}

const FRAMES = /^(?:content.length|transfer.encoding|host)$/i;

function otherLines(chance: Chance, most: number): string[] {
  const lines = Array.from({ length: chance.int(most) }, () => line(chance));
  // Framing is another's to say; but once in a while it is said here as well.
  return chance.once(8) ? lines : lines.filter((one) => !FRAMES.test(one.slice(0, one.indexOf(':'))));
}

/** A chunked body, well-formed. */
export function chunkedBody(chance: Chance): string {
  let text = '';
  for (let i = chance.int(4); i > 0; i--) {
    const data = chance.once(4) ? chance.pick(HIDDEN) : randomBytes(chance, 1 + chance.int(20));
    text += `${sized(chance, data.length)}${extension(chance)}\r\n${data}\r\n`;
  }
  text += `${chance.pick(['0', '0', '000'])}${extension(chance)}\r\n`;
  for (let i = chance.once(3) ? chance.int(3) : 0; i > 0; i--) {
    text += chance.once(5) ? line(chance) : `X-${chance.text(ALNUM, 3)}:${blanks(chance)}${randomValue(chance)}\r\n`;
  }
  return `${text}\r\n`;
}

function sized(chance: Chance, size: number): string {
  const hex = size.toString(16);
  const cased = chance.once(2) ? hex.toUpperCase() : hex;
  return chance.once(8) ? '0'.repeat(chance.int(18)) + cased : cased;
}

function extension(chance: Chance): string {
  if (!chance.once(4)) return '';
  const value = chance.pick([
    '',
    `=${chance.text(ALNUM, 3)}`,
    '="a b"',
    '="a\\"b;\\\\ \t\xe9"',
    `="${randomValue(chance)}"`,
  ]);
  return `;${chance.text(ALNUM + TOKEN_MARKS, 1 + chance.int(4))}${value}`;
}

function randomBytes(chance: Chance, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(chance.int(256));
  return text;
}

/** Bodies that would be messages if a reader found them. */
const HIDDEN = [
  'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n',
  '0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
];

/** A body and the line that frames it. */
function framed(chance: Chance): { lines: string[]; body: string } {
  const way = chance.int(5);
  if (way === 0) return { lines: ['Transfer-Encoding: chunked\r\n'], body: chunkedBody(chance) };
  if (way === 1) return { lines: [`transfer-encoding:\tCHUNKED \r\n`], body: chunkedBody(chance) };
  if (way < 4) {
    const body = chance.once(3) ? chance.pick(HIDDEN) : randomBytes(chance, chance.int(40));
    return { lines: [`${respelt(chance, 'Content-Length')}:${blanks(chance)}${body.length}\r\n`], body };
  }
  return { lines: [], body: '' };
}

function target(chance: Chance, host: string): string {
  const way = chance.int(8);
  const path = `/${chance.text(TARGETS, chance.int(12))}`;
  if (way === 0) return `http://${host}${chance.once(3) ? '' : path}`;
  if (way === 1)
    return chance.pick(['*', `http://${host}?x`, 'a:80', 'http://b/', 'https://a/', `http://${host}\\x`, 'x']);
  return path;
}

/** One request, sometimes a second one behind it. */
export function request(chance: Chance): string {
  const host = chance.pick(HOSTS);
  const { lines, body } = framed(chance);
  const hosts = chance.once(20) ? [] : [`${respelt(chance, 'Host')}:${blanks(chance)}${host}\r\n`];
  const all = chance.shuffled([...hosts, ...lines, ...otherLines(chance, 6)]);
  const version = chance.once(8) ? '1.0' : '1.1';
  const head = `${chance.pick(METHODS)} ${target(chance, host)} HTTP/${version}\r\n${all.join('')}\r\n`;
  return head + body + (chance.once(4) ? request(chance) : '');
}

const STATUSES = [200, 200, 200, 204, 205, 206, 304, 404, 500, 599, 101];

/** The reply to one request: interim ones now and then, a final one, sometimes bytes behind it. */
export function reply(chance: Chance): string {
  let text = '';
  for (let i = chance.once(5) ? 1 + chance.int(2) : 0; i > 0; i--) {
    text += `HTTP/1.1 ${chance.pick([100, 102, 103])} Wait\r\n${otherLines(chance, 2).join('')}\r\n`;
  }
  const { lines, body } = framed(chance);
  const reason = chance.pick([' OK', ' ', '', ' Tr\xe8s bien\t!', ' 200 OK']);
  const all = chance.shuffled([...lines, ...otherLines(chance, 6)]);
  text += `HTTP/1.${chance.once(6) ? 0 : 1} ${chance.pick(STATUSES)}${reason}\r\n${all.join('')}\r\n${body}`;
  return text + (chance.once(8) ? chance.pick([...HIDDEN, '\r\n', 'x']) : '');
}

/** Bytes that mean something somewhere. */
const ODD = [
  ...'\r\n\t :;,=%/?#*@[]"\\-+_.0159aAfFxXzZ',
  ...'\x00\x01\x0b\x0c\x1b\x1f\x7f\x80\x85\xa0\xff',
  ...[
    '\r\n',
    '\n\n',
    '\r\n ',
    '\r\n\t',
    '\r\n\r\n',
    '\n\r\n',
    '\r\r\n',
    ' \r\n',
    '\x00\r\n',
    ' :',
    ': ',
    '0x',
    '0\r\n\r\n',
  ],
  ...[
    'HTTP/1.1',
    'HTTP/1.0',
    'HTTP/2.0',
    'GET / HTTP/1.1\r\n',
    'HTTP/1.1 200 OK\r\n',
    '18446744073709551616',
    'ffffffffffffffff',
  ],
];

/** The text with a few damages done to it; `other` is spliced in now and then. */
export function damaged(chance: Chance, text: string, other: () => string): string {
  let result = text;
  for (let i = 1 + chance.int(3); i > 0; i--) result = damagedOnce(chance, result, other);
  return result;
}

function damagedOnce(chance: Chance, text: string, other: () => string): string {
  const at = chance.int(text.length + 1);
  const before = text.slice(0, at);
  const behind = text.slice(at);
  switch (chance.int(9)) {
    case 0:
      return before + chance.pick(ODD) + behind;
    case 1:
      return before + chance.pick(ODD) + behind.slice(1);
    case 2:
      return before + behind.slice(1 + chance.int(3));
    case 3:
      return before + flipped(chance, behind);
    case 4:
    case 5:
    case 6:
      return withOtherLines(chance, text);
    case 7:
      return before + other().slice(chance.once(2) ? 0 : chance.int(40));
    default:
      return before + behind.slice(0, 1 + chance.int(12)) + behind;
  }
}

function flipped(chance: Chance, behind: string): string {
  if (behind === '') return behind;
  return String.fromCharCode(behind.charCodeAt(0) ^ (1 << chance.int(8))) + behind.slice(1);
}

/** A line doubled, moved, left out, respelt, padded, or a new one put in. */
function withOtherLines(chance: Chance, text: string): string {
  const lines = text.split('\r\n');
  const at = chance.int(lines.length);
  const one = lines[at];
  switch (chance.int(7)) {
    case 0:
      lines.splice(chance.int(lines.length), 0, one);
      break;
    case 1:
      lines.splice(chance.int(lines.length), 0, ...lines.splice(at, 1));
      break;
    case 2:
      lines.splice(at, 1);
      break;
    case 3:
      lines[at] = one.replace(/^[^:]*/, (name) => respelt(chance, name));
      break;
    case 4:
      lines[at] = one.replace(':', () => chance.pick([' :', '\t:', ':\x0b', '\x00:', ':\r', '::', '\xa0:', '']));
      break;
    case 5:
      lines[at] =
        chance.pick([' ', '\t', '\x0b', '']) + one + chance.pick(['', ' ', '\t', '\x0c', '\r', '\x00', '\x85']);
      break;
    default:
      lines.splice(at, 0, line(chance).slice(0, -2));
  }
  return lines.join('\r\n');
}

/** A message at the edge of a limit: so long a target, so many lines, so large a head. */
export function atLimit(chance: Chance, limits: { target: number; head: number; headers: number }): string {
  const near = (limit: number): number => limit - 2 + chance.int(5);
  const way = chance.int(3);
  if (way === 0) return `GET /${'x'.repeat(Math.max(near(limits.target) - 1, 0))} HTTP/1.1\r\nHost: a\r\n\r\n`;
  if (way === 1) return `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(Math.max(near(limits.headers) - 1, 0))}\r\n`;
  const frame = 'GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n';
  return frame.replace('X: ', () => `X: ${'y'.repeat(Math.max(near(limits.head) - frame.length, 0))}`);
}
