/**
 * The corpus of heads and framings that are refused, never repaired: one entry, one way to be wrong.
 *
 * Rule: an entry is refused for one reason alone; everything else about it is as it should be. The paths say `/bad`, so
 * that whatever reaches an origin is known at once. Bytes are latin1.
 */

export interface Refusal {
  /** Subject of the sentence "... is refused". */
  readonly name: string;
  readonly bytes: string;
}

function get(line: string, name: string): Refusal {
  return { name, bytes: `GET /bad HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n` };
}

function post(lines: string, name: string, body = 'hello'): Refusal {
  return { name, bytes: `POST /bad HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}` };
}

function length(value: string, name: string): Refusal {
  return post(`Content-Length:${value}`, `a Content-Length of ${name}`);
}

const CHUNKED = '5\r\nhello\r\n0\r\n\r\n';

function coding(value: string, name: string): Refusal {
  return post(`Transfer-Encoding:${value}`, `a Transfer-Encoding of ${name}`, CHUNKED);
}

/** RFC 9112 section 6: what delimits a body must be said once, in one way. */
export const FRAMING: readonly Refusal[] = [
  post('Content-Length: 5\r\nTransfer-Encoding: chunked', 'Content-Length before Transfer-Encoding', CHUNKED),
  post('Transfer-Encoding: chunked\r\nContent-Length: 5', 'Content-Length after Transfer-Encoding', CHUNKED),
  post('Content-Length: 0\r\nTransfer-Encoding: chunked', 'Content-Length: 0 with Transfer-Encoding', CHUNKED),
  post('Content-Length: 5\r\ntransfer-encoding: identity', 'Content-Length with a coding of identity'),
  post('Content-Length: 5\r\nContent-Length: 5', 'a repeated Content-Length'),
  post('Content-Length: 5\r\ncontent-length: 6', 'a Content-Length that differs from another'),
  post('Content-Length: 5\r\nX: y\r\nCONTENT-LENGTH: 5', 'a repeated Content-Length far apart'),
  length(' 5, 5', 'a list of equal values'),
  length(' 5,6', 'a list of different values'),
  length(' +5', 'a number with a plus'),
  length(' -5', 'a negative number'),
  length(' -0', 'minus zero'),
  length(' 5 5', 'two numbers with a space'),
  length(' 5\t5', 'two numbers with a tab'),
  length(' 0x5', 'a hexadecimal number'),
  length(' 5h', 'a number with a letter behind it'),
  length(' 5.0', 'a number with a fraction'),
  length(' 5e0', 'a number with an exponent'),
  length(' 5_0', 'a number with an underscore'),
  length('', 'nothing'),
  length('  ', 'blanks'),
  length(' "5"', 'a quoted number'),
  length(' 5;', 'a number with a semicolon'),
  length(' \xb2', 'a superscript digit'),
  length(' 9007199254740993', '2^53 + 1'),
  length(' 18446744073709551621', '2^64 + 5'),
  length(` 1${'0'.repeat(400)}`, 'four hundred digits'),
  coding(' chunked, chunked', 'chunked twice'),
  coding(' gzip, chunked', 'gzip and chunked'),
  coding(' chunked, gzip', 'chunked and gzip'),
  coding(' identity', 'identity'),
  coding(' chunked, identity', 'chunked and identity'),
  coding(' gzip', 'gzip'),
  coding('', 'nothing'),
  coding(' ,', 'a comma'),
  coding(' chunked,', 'chunked with a comma behind it'),
  coding(' , chunked', 'chunked with a comma before it'),
  coding(' xchunked', 'xchunked'),
  coding(' chunkedx', 'chunkedx'),
  coding(' chunke', 'chunke'),
  coding(' "chunked"', 'quoted chunked'),
  coding(' chunked;q=1', 'chunked with a parameter'),
  coding(' chunked\x0b', 'chunked with a vertical tab behind it'),
  coding(' \x0bchunked', 'chunked with a vertical tab before it'),
  coding(' chunked\x0c', 'chunked with a form feed behind it'),
  coding(' chunked\xa0', 'chunked with a no-break space behind it'),
  coding(' chun ked', 'chunked with a space inside'),
  coding(' c\xe8unked', 'chunked with a foreign letter'),
  post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'a repeated Transfer-Encoding', CHUNKED),
  post('Transfer-Encoding: chunked\r\ntransfer-encoding: identity', 'a second Transfer-Encoding', CHUNKED),
  post('Transfer-Encoding: \r\nTransfer-Encoding: chunked', 'an empty Transfer-Encoding before another', CHUNKED),
  {
    name: 'Transfer-Encoding from an HTTP/1.0 client',
    bytes: `POST /bad HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`,
  },
];

/** RFC 9112 section 5 and 2.2: field lines. */
export const FIELDS: readonly Refusal[] = [
  get('X: a\rb', 'a bare CR in a value'),
  get('X: a\r', 'a bare CR at the end of a value'),
  get('X: \rTransfer-Encoding: chunked', 'a bare CR that hides a field'),
  get('X: a\nY: b', 'a bare LF as a line end'),
  get('X: a\n\tb', 'a bare LF and a tab'),
  get('X\r: a', 'a bare CR in a name'),
  get('X: a\x00b', 'NUL in a value'),
  get('X: \x00', 'a value of NUL'),
  get('X\x00: a', 'NUL in a name'),
  get('X: a\x01b', 'a control byte in a value'),
  get('X: a\x08b', 'a backspace in a value'),
  get('X: a\x0bb', 'a vertical tab in a value'),
  get('X: a\x0cb', 'a form feed in a value'),
  get('X: a\x1bb', 'an escape in a value'),
  get('X: a\x1fb', 'a unit separator in a value'),
  get('X: a\x7fb', 'DEL in a value'),
  get('X\x01: a', 'a control byte in a name'),
  get('X\x7f: a', 'DEL in a name'),
  get('X : a', 'a space before the colon'),
  get('X\t: a', 'a tab before the colon'),
  get('Content-Length : 0', 'a space before the colon of Content-Length'),
  get('Transfer-Encoding : chunked', 'a space before the colon of Transfer-Encoding'),
  get('X Y: a', 'a space in a name'),
  get('X(Y): a', 'a parenthesis in a name'),
  get('X\xe9: a', 'a byte above 0x7f in a name'),
  get('"X": a', 'a quoted name'),
  get('X,Y: a', 'a comma in a name'),
  get('X[0]: a', 'a bracket in a name'),
  get('X@: a', 'an at sign in a name'),
  get('X/Y: a', 'a slash in a name'),
  get(': a', 'an empty name'),
  get('X', 'a line without a colon'),
  get('X: a\r\n b', 'a folded line'),
  get('X: a\r\n\tb', 'a line folded with a tab'),
  get('X: a\r\n \r\nY: b', 'a folded line of blanks'),
  get('Content-Length:\r\n 0', 'a folded Content-Length'),
  get('Transfer-Encoding:\r\n chunked', 'a folded Transfer-Encoding'),
  { name: 'a blank before the first field', bytes: 'GET /bad HTTP/1.1\r\n Host: a\r\nX: y\r\n\r\n' },
  { name: 'a folded first field', bytes: 'GET /bad HTTP/1.1\r\nHost: a\r\n b\r\n\r\n' },
  { name: 'a tab before the first field', bytes: 'GET /bad HTTP/1.1\r\n\tX: y\r\nHost: a\r\n\r\n' },
  { name: 'a head that ends with a bare LF', bytes: 'GET /bad HTTP/1.1\r\nHost: a\r\n\n' },
  { name: 'a head of bare LFs', bytes: 'GET /bad HTTP/1.1\nHost: a\n\n' },
  { name: 'a request line that ends with a bare LF', bytes: 'GET /bad HTTP/1.1\nHost: a\r\n\r\n' },
  { name: 'a field line that ends with CR CR LF', bytes: 'GET /bad HTTP/1.1\r\nHost: a\r\r\n\r\n' },
  { name: 'a bare CR in the place of the empty line', bytes: 'GET /bad HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n' },
];

function host(lines: string, name: string): Refusal {
  return { name, bytes: `GET /bad HTTP/1.1\r\n${lines}X: y\r\n\r\n` };
}

/** RFC 9112 section 3.2: one valid Host, and one that agrees with the target. */
export const HOSTS: readonly Refusal[] = [
  host('', 'a missing Host'),
  host('Host: a\r\nHost: a\r\n', 'a doubled Host'),
  host('Host: a\r\nhOST: b\r\n', 'a second Host'),
  host('Host:\r\n', 'an empty Host'),
  host(`Host: ${'a'.repeat(1000)}\r\n`, 'a Host of a thousand letters'),
  host('Host: a, b\r\n', 'a list of hosts'),
  host('Host: a b\r\n', 'a Host with a space'),
  host('Host: a/b\r\n', 'a Host with a slash'),
  host('Host: u@a\r\n', 'a Host with user information'),
  host('Host: a?b\r\n', 'a Host with a question mark'),
  host('Host: a#b\r\n', 'a Host with a hash'),
  host('Host: a\\b\r\n', 'a Host with a backslash'),
  host('Host: a"b\r\n', 'a Host with a quote'),
  host('Host: <a>\r\n', 'a Host in angle brackets'),
  host('Host: a\x80\r\n', 'a Host with a byte above 0x7f'),
  host('Host: a:b\r\n', 'a Host with a port that is no number'),
  host('Host: a:80:80\r\n', 'a Host with two ports'),
  host('Host: a:-1\r\n', 'a Host with a negative port'),
  host('Host: [::1\r\n', 'a Host with an open bracket'),
  host('Host: ::1\r\n', 'a Host of an IPv6 address without brackets'),
  host('Host: http://a\r\n', 'a Host with a scheme'),
  { name: 'a Host that disagrees with the target', bytes: 'GET http://a/bad HTTP/1.1\r\nHost: b\r\n\r\n' },
  { name: 'a port that disagrees with the target', bytes: 'GET http://a:81/bad HTTP/1.1\r\nHost: a:82\r\n\r\n' },
  { name: 'a Host that continues the one of the target', bytes: 'GET http://a/bad HTTP/1.1\r\nHost: a.b\r\n\r\n' },
  { name: 'an absolute target without Host', bytes: 'GET http://a/bad HTTP/1.1\r\nX: y\r\n\r\n' },
  { name: 'user information in the target', bytes: 'GET http://u@a/bad HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'an absolute target without a host', bytes: 'GET http:///bad HTTP/1.1\r\nHost: a\r\n\r\n' },
];
