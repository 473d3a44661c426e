/**
 * The corpus of request lines, and of things that are no HTTP/1.1 at all, that are refused.
 *
 * Rule: as in refusals.ts, one entry is wrong for one reason. Where an entry never ends its first line, the refusal must
 * come from the bytes there are.
 */

import type { Refusal } from './refusals.ts';

function line(text: string, name: string): Refusal {
  return { name, bytes: `${text}\r\nHost: a\r\n\r\n` };
}

/** RFC 9112 section 3: method SP request-target SP HTTP-version. */
export const LINES: readonly Refusal[] = [
  line('G(T /bad HTTP/1.1', 'a parenthesis in the method'),
  line('G@T /bad HTTP/1.1', 'an at sign in the method'),
  line('GE\x00T /bad HTTP/1.1', 'NUL in the method'),
  line('GE\xe9T /bad HTTP/1.1', 'a byte above 0x7f in the method'),
  line('"GET" /bad HTTP/1.1', 'a quoted method'),
  line('GET: /bad HTTP/1.1', 'a colon behind the method'),
  line(' /bad HTTP/1.1', 'an empty method'),
  line(' GET /bad HTTP/1.1', 'a space before the method'),
  line('GET  /bad HTTP/1.1', 'two spaces before the target'),
  line('GET /bad  HTTP/1.1', 'two spaces behind the target'),
  line('GET\t/bad HTTP/1.1', 'a tab before the target'),
  line('GET /bad\tHTTP/1.1', 'a tab behind the target'),
  line('GET\x0b/bad HTTP/1.1', 'a vertical tab before the target'),
  line('GET HTTP/1.1', 'a missing target'),
  line('GET  HTTP/1.1', 'an empty target'),
  line('GET /bad /bad HTTP/1.1', 'a second target'),
  line('GET /b ad HTTP/1.1', 'a space in the target'),
  line('GET /b\tad HTTP/1.1', 'a tab in the target'),
  line('GET /b\x00ad HTTP/1.1', 'NUL in the target'),
  line('GET /b\x01ad HTTP/1.1', 'a control byte in the target'),
  line('GET /b\x0bad HTTP/1.1', 'a vertical tab in the target'),
  line('GET /b\x7fad HTTP/1.1', 'DEL in the target'),
  line('GET /b\x80ad HTTP/1.1', 'a byte of 0x80 in the target'),
  line('GET /b\xffad HTTP/1.1', 'a byte of 0xff in the target'),
  line('GET /b\rad HTTP/1.1', 'a bare CR in the target'),
  line('GET /bad\nX: y HTTP/1.1', 'a bare LF in the target'),
  line('GET /bad#part HTTP/1.1', 'a fragment in the target'),
  line('GET /bad?x#part HTTP/1.1', 'a fragment behind the query'),
  line('GET bad HTTP/1.1', 'a target without a slash'),
  line('GET ?bad HTTP/1.1', 'a target of a query alone'),
  line('GET * HTTP/1.1', 'an asterisk with another method than OPTIONS'),
  line('GET a:80 HTTP/1.1', 'an authority with another method than CONNECT'),
  line('CONNECT a:80 HTTP/1.1', 'CONNECT'),
  line('CONNECT /bad HTTP/1.1', 'CONNECT with a path'),
  line('GET /bad HTTP/2.0', 'HTTP/2.0'),
  line('GET /bad HTTP/3.0', 'HTTP/3.0'),
  line('GET /bad HTTP/0.9', 'HTTP/0.9 in the version'),
  line('GET /bad HTTP/1.2', 'HTTP/1.2'),
  line('GET /bad HTTP/1.10', 'a minor version of two digits'),
  line('GET /bad HTTP/01.1', 'a major version of two digits'),
  line('GET /bad HTTP/1', 'a version without a minor'),
  line('GET /bad HTTP/1.', 'a version with an empty minor'),
  line('GET /bad HTTP/1.x', 'a version with a letter'),
  line('GET /bad HTTP/1,1', 'a version with a comma'),
  line('GET /bad HTTP /1.1', 'a version with a space'),
  line('GET /bad http/1.1', 'a version in lower case'),
  line('GET /bad HTTP/1.1 ', 'a space behind the version'),
  line('GET /bad HTTP/1.1\t', 'a tab behind the version'),
  line('GET /bad HTTP/1.1\r', 'a CR behind the version'),
  line('GET /bad XTTP/1.1', 'another protocol'),
  line('GET /bad', 'a request line without a version'),
  line('GET /bad ', 'a request line with an empty version'),
  { name: 'a space and a bare LF behind the version', bytes: 'GET /bad HTTP/1.1 \nHost: a\r\n\r\n' },
  { name: 'two bare LFs behind the version', bytes: 'GET /bad HTTP/1.1\n\nHost: a\r\n\r\n' },
  { name: 'a simple request of HTTP/0.9', bytes: 'GET /bad\r\n' },
  { name: 'the preface of HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
  { name: 'a bare LF before the request', bytes: '\nGET /bad HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'a bare CR before the request', bytes: '\rGET /bad HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'a TLS handshake', bytes: `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\x5a'.repeat(64)}` },
  { name: 'a stream of NULs', bytes: '\x00'.repeat(64) },
  { name: 'a PROXY protocol line', bytes: 'PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET /bad HTTP/1.1\r\n' },
  { name: 'a reply', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
  { name: 'a SOCKS greeting', bytes: '\x05\x01\x00' },
];
