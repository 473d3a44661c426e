/**
 * The corpus of replies that make no sense: each is wrong in its head, for one reason, so that nothing of it may reach a
 * client. Bytes are latin1.
 */

import type { OriginConnection } from '../support/raw-origin.ts';
import { breathe } from '../support/wait.ts';

/** How an origin may say it. */
export type Speak = (connection: OriginConnection, bytes: string) => Promise<void>;

export const atOnce: Speak = async (connection, bytes) => connection.send(bytes);

/** Byte by byte; what is long, in pieces that a path through the network might make of it. */
export const inBytes: Speak = async (connection, bytes) => {
  const size = bytes.length > 2_000 ? 1_460 : 1;
  for (let at = 0; at < bytes.length && connection.ending === undefined; at += size) {
    connection.send(bytes.slice(at, at + size));
    await breathe(1);
  }
};

const EMPTY = 'Content-Length: 0\r\n\r\n';
const FINE = `HTTP/1.1 200 OK\r\n${EMPTY}`;

export interface Nonsense {
  /** Object of the sentence "a reply with ... is 502". */
  readonly name: string;
  readonly bytes: string;
}

function reply(name: string, bytes: string): Nonsense {
  return { name, bytes };
}

/** RFC 9112 sections 4, 5 and 6, from the side of a client. */
export const NONSENSE: readonly Nonsense[] = [
  reply('a status of two digits', `HTTP/1.1 20 OK\r\n${EMPTY}`),
  reply('a status of four digits', `HTTP/1.1 2000 OK\r\n${EMPTY}`),
  reply('a status below 100', `HTTP/1.1 099 OK\r\n${EMPTY}`),
  reply('a status of 600', `HTTP/1.1 600 Odd\r\n${EMPTY}`),
  reply('a reason glued to its status', `HTTP/1.1 200OK\r\n${EMPTY}`),
  reply('a status of letters', `HTTP/1.1 abc OK\r\n${EMPTY}`),
  reply('a negative status', `HTTP/1.1 -20 OK\r\n${EMPTY}`),
  reply('no status', `HTTP/1.1\r\n${EMPTY}`),
  reply('two spaces before the status', `HTTP/1.1  200 OK\r\n${EMPTY}`),
  reply('a tab before the status', `HTTP/1.1\t200 OK\r\n${EMPTY}`),
  reply('an HTTP version of 2.0', `HTTP/2.0 200 OK\r\n${EMPTY}`),
  reply('an HTTP version of 1.2', `HTTP/1.2 200 OK\r\n${EMPTY}`),
  reply('an HTTP version in lower case', `http/1.1 200 OK\r\n${EMPTY}`),
  reply('another protocol', `ICY 200 OK\r\n${EMPTY}`),
  reply('a greeting of another protocol', '220 mail.example ESMTP\r\n'),
  reply('a TLS alert', '\x15\x03\x01\x00\x02\x02\x46'),
  reply('HTTP/0.9', '<html>hello</html>\r\n\r\n'),
  reply('a request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  reply('an empty line first', `\r\nHTTP/1.1 200 OK\r\n${EMPTY}`),
  reply('NUL in the status line', `HTTP/1.1 200 O\x00K\r\n${EMPTY}`),
  reply('a bare CR in the status line', `HTTP/1.1 200 O\rK\r\n${EMPTY}`),
  reply('a bare LF behind the status line', `HTTP/1.1 200 OK\n${EMPTY}`),
  reply('bare LFs', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'),
  reply('a bare LF behind a field', `HTTP/1.1 200 OK\r\nX: y\n${EMPTY}`),
  reply('a bare CR in a field', `HTTP/1.1 200 OK\r\nX: a\rb\r\n${EMPTY}`),
  reply('NUL in a field', `HTTP/1.1 200 OK\r\nX: a\x00b\r\n${EMPTY}`),
  reply('a control byte in a field', `HTTP/1.1 200 OK\r\nX: a\x1bb\r\n${EMPTY}`),
  reply('DEL in a field', `HTTP/1.1 200 OK\r\nX: a\x7fb\r\n${EMPTY}`),
  reply('a byte above 0x7f in a name', `HTTP/1.1 200 OK\r\nX\xe9: a\r\n${EMPTY}`),
  reply('a CR where its last line should be', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\rX\r\n\r\n'),
  reply('a bare LF where its last line should be', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n'),
  reply('a folded line', `HTTP/1.1 200 OK\r\nX: a\r\n b\r\n${EMPTY}`),
  reply('a space before a colon', `HTTP/1.1 200 OK\r\nX : a\r\n${EMPTY}`),
  reply('a space in a name', `HTTP/1.1 200 OK\r\nX Y: a\r\n${EMPTY}`),
  reply('an empty name', `HTTP/1.1 200 OK\r\n: a\r\n${EMPTY}`),
  reply('a line without a colon', `HTTP/1.1 200 OK\r\nX\r\n${EMPTY}`),
  reply('Content-Length with Transfer-Encoding', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${EMPTY}0\r\n\r\n`),
  reply('two different lengths', `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n${EMPTY}`),
  reply('the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n'),
  reply('a list of the same length', 'HTTP/1.1 200 OK\r\nContent-Length: 0, 0\r\n\r\n'),
  reply('a length with a letter', 'HTTP/1.1 200 OK\r\nContent-Length: 0x\r\n\r\n'),
  reply('a length beyond 2^53', 'HTTP/1.1 200 OK\r\nContent-Length: 9007199254740993\r\n\r\nx'),
  reply(
    'Transfer-Encoding behind Content-Length',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  reply('a list of different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0, 1\r\n\r\n'),
  reply('a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'),
  reply('a length with a plus', 'HTTP/1.1 200 OK\r\nContent-Length: +0\r\n\r\n'),
  reply('a hexadecimal length', 'HTTP/1.1 200 OK\r\nContent-Length: 0x0\r\n\r\n'),
  reply('an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n'),
  reply('a length beyond 2^64', 'HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\nx'),
  reply('an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n'),
  reply('chunked that is not the last coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n'),
  reply('another coding before chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'),
  reply(
    'two lines of Transfer-Encoding',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  reply('chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'),
  reply('a coding of identity', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n'),
  reply('a coding in 204', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  reply('a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  reply('a coding in an interim reply', `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n${FINE}`),
  reply('Connection that names Content-Length', `HTTP/1.1 200 OK\r\nConnection: content-length\r\n${EMPTY}`),
  reply(
    'Connection that names Transfer-Encoding',
    'HTTP/1.1 200 OK\r\nConnection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  reply('Connection that names Host', `HTTP/1.1 200 OK\r\nConnection: Host\r\n${EMPTY}`),
  reply('Connection that names no token', `HTTP/1.1 200 OK\r\nConnection: a b\r\n${EMPTY}`),
  reply('101 without Upgrade', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n'),
  reply('101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
  reply('a head of two megabytes', `HTTP/1.1 200 OK\r\n${`X: ${'y'.repeat(1000)}\r\n`.repeat(2000)}${EMPTY}`),
  reply('a head of a hundred thousand lines', `HTTP/1.1 200 OK\r\n${'X:y\r\n'.repeat(100_000)}${EMPTY}`),
];
