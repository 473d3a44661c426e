/**
 * A reading of HTTP/1.1 messages straight from the grammars: slow, obvious, sharing no line with the router.
 *
 * Rule: each rule stands under its name in the RFC (ABNF case-insensitivity included) and is a regular expression over
 * latin1 text. Where RFC 9112 lets a recipient choose between repairing and refusing, this one refuses, except for white
 * space in chunk lines and lists of equal lengths, which it takes as written there.
 */

export type Field = readonly [name: string, value: string];

export interface Message {
  readonly is: 'message';
  /** Method, target, version; or version, status, reason. */
  readonly start: readonly [string, string, string];
  readonly fields: readonly Field[];
  readonly body: string;
  readonly trailers: readonly Field[];
  readonly end: number;
}
export type Reading = Message | { readonly is: 'incomplete' } | { readonly is: 'invalid'; readonly why: string };

// RFC 5234 appendix B.1, RFC 9110 sections 5.5 and 5.6.
const VCHAR = '\\x21-\\x7e';
const OBS_TEXT = '\\x80-\\xff';
const OWS = '[ \\t]*';
const BWS = OWS;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QDTEXT = `\\t \\x21\\x23-\\x5b\\x5d-\\x7e${OBS_TEXT}`;
const QUOTED_STRING = `"(?:[${QDTEXT}]|\\\\[\\t ${VCHAR}${OBS_TEXT}])*"`;
// field-value = *field-content: nothing, or visible at both ends.
const FIELD_VALUE = `(?:[${VCHAR}${OBS_TEXT}](?:[ \\t${VCHAR}${OBS_TEXT}]*[${VCHAR}${OBS_TEXT}])?)?`;

// RFC 3986 sections 2 and 3.
const PCT_ENCODED = '%[0-9A-Fa-f]{2}';
const UNRESERVED = 'A-Za-z0-9._~\\-';
const SUB_DELIMS = "!$&'()*+,;=";
const PCHAR = `(?:[${UNRESERVED}${SUB_DELIMS}:@]|${PCT_ENCODED})`;
const QUERY = `(?:${PCHAR}|[/?])*`;
const REG_NAME = `(?:[${UNRESERVED}${SUB_DELIMS}]|${PCT_ENCODED})*`;
const IP_LITERAL = `\\[[0-9A-Fa-f:.]+\\]`;
const AUTHORITY = `(?:${IP_LITERAL}|${REG_NAME})(?::[0-9]*)?`;

// RFC 9112 section 3.2: request-target.
const ORIGIN_FORM = new RegExp(`^(?:/${PCHAR}*)+(?:\\?${QUERY})?$`);
const ABSOLUTE_FORM = new RegExp(`^http://(${AUTHORITY})((?:/${PCHAR}*)*(?:\\?${QUERY})?)$`, 'i');
const AUTHORITY_FORM = new RegExp(`^(?:${IP_LITERAL}|${REG_NAME}):[0-9]*$`);
const HOST = new RegExp(`^${AUTHORITY}$`);

// RFC 9112 sections 2.3, 3 and 4; HTTP-name is case-sensitive. The reason may be missing together with its space, as
// section 4 lets recipients read it.
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([^ ]+) (HTTP/[0-9]\\.[0-9])$`);
const STATUS_LINE = new RegExp(`^(HTTP/[0-9]\\.[0-9]) ([0-9]{3})(?: ([\\t ${VCHAR}${OBS_TEXT}]*))?$`);
// Section 5.
const FIELD_LINE = new RegExp(`^(${TOKEN}):${OWS}(${FIELD_VALUE})${OWS}$`);
// Section 7.1.
const CHUNK_EXT = `(?:${BWS};${BWS}${TOKEN}(?:${BWS}=${BWS}(?:${TOKEN}|${QUOTED_STRING}))?)*`;
const CHUNK_LINE = new RegExp(`^([0-9A-Fa-f]+)${CHUNK_EXT}$`);
// Section 7: transfer-coding.
const TRANSFER_CODING = new RegExp(`^(${TOKEN})(?:${OWS};${OWS}${TOKEN}${BWS}=${BWS}(?:${TOKEN}|${QUOTED_STRING}))*$`);

class Invalid extends Error {}
class Incomplete extends Error {}

function reading(read: () => Message): Reading {
  try {
    return read();
  } catch (error) {
    if (error instanceof Incomplete) return { is: 'incomplete' };
    if (error instanceof Invalid) return { is: 'invalid', why: error.message };
    throw error;
  }
}

/** Text with a position. */
class Cursor {
  readonly text: string;
  at: number;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  /** Up to the next CRLF, which is taken too. */
  line(): string {
    const end = this.text.indexOf('\r\n', this.at);
    if (end === -1) throw new Incomplete();
    const line = this.text.slice(this.at, end);
    this.at = end + 2;
    return line;
  }

  exactly(count: number): string {
    if (this.text.length - this.at < count) throw new Incomplete();
    this.at += count;
    return this.text.slice(this.at - count, this.at);
  }

  /** *( field-line CRLF ) CRLF */
  fields(): Field[] {
    const fields: Field[] = [];
    for (let line = this.line(); line !== ''; line = this.line()) {
      const parts = FIELD_LINE.exec(line);
      if (parts === null) throw new Invalid(`no field line: ${JSON.stringify(line)}`);
      fields.push([parts[1], parts[2]]);
    }
    return fields;
  }
}

/** Reads one request that begins at `at`. */
export function readRequest(text: string, at = 0): Reading {
  return reading(() => {
    const cursor = new Cursor(text, at);
    const parts = REQUEST_LINE.exec(cursor.line());
    if (parts === null) throw new Invalid('no request line');
    const [, method, target, version] = parts;
    if (!/^HTTP\/1\.[01]$/.test(version)) throw new Invalid('another version');
    const fields = cursor.fields();
    checkHost(version, values(fields, 'host'));
    checkTarget(method, target);
    const framing = framingSaid(version, fields);
    if (framing === 'other') throw new Invalid('a request whose final coding is not chunked (section 6.3)');
    const rest = framing === undefined ? NO_BODY : bodyOf(cursor, framing);
    return { is: 'message', start: [method, target, version], fields, ...rest, end: cursor.at };
  });
}

/** Reads one reply that begins at `at`, to a request with this method. `closed`: no byte follows the text. */
export function readReply(text: string, at: number, method: string, closed: boolean): Reading {
  return reading(() => {
    const cursor = new Cursor(text, at);
    const parts = STATUS_LINE.exec(cursor.line());
    if (parts === null) throw new Invalid('no status line');
    const [, version, status, reason = ''] = parts;
    if (!/^HTTP\/1\.[01]$/.test(version)) throw new Invalid('another version');
    const fields = cursor.fields();
    const framing = framingSaid(version, fields);
    // RFC 9110 section 8.6 and RFC 9112 section 6.1: no coding in 1xx and 204.
    if (/^(?:1..|204)$/.test(status) && values(fields, 'transfer-encoding').length > 0) throw new Invalid('a coding');
    const bodiless = method === 'HEAD' || /^(?:1..|204|304)$/.test(status);
    const byClose = framing === undefined || framing === 'other';
    const rest = bodiless ? NO_BODY : byClose ? untilClose(cursor, closed) : bodyOf(cursor, framing);
    return { is: 'message', start: [version, status, reason], fields, ...rest, end: cursor.at };
  });
}

type Rest = Pick<Message, 'body' | 'trailers'>;
const NO_BODY: Rest = { body: '', trailers: [] };

function values(fields: readonly Field[], name: string): string[] {
  return fields.filter((field) => field[0].toLowerCase() === name).map((field) => field[1]);
}

/** RFC 9110 section 5.6.1: a list, empty elements left out. */
function elements(lines: readonly string[]): string[] {
  const list = lines.join(',').split(',');
  return list.map((one) => one.replace(/^[ \t]+|[ \t]+$/g, '')).filter((one) => one !== '');
}

/** RFC 9112 section 3.2. */
function checkHost(version: string, hosts: readonly string[]): void {
  if (version === 'HTTP/1.1' && hosts.length === 0) throw new Invalid('no Host');
  if (hosts.length > 1 || !hosts.every((host) => HOST.test(host))) throw new Invalid('not one valid Host');
}

function checkTarget(method: string, target: string): void {
  if (method === 'CONNECT' ? AUTHORITY_FORM.test(target) : ORIGIN_FORM.test(target)) return;
  if (ABSOLUTE_FORM.test(target) || (method === 'OPTIONS' && target === '*')) return;
  throw new Invalid(`no request target: ${JSON.stringify(target)}`);
}

/** What a target means: the host it names, and path and query (section 3.2.1 to 3.2.4). */
export function meaningOf(method: string, target: string, host: string): { host: string; path: string } {
  const absolute = ABSOLUTE_FORM.exec(target);
  if (absolute === null) return { host, path: target };
  const [, authority, rest] = absolute;
  if (rest === '') return { host: authority, path: method === 'OPTIONS' ? '*' : '/' };
  return { host: authority, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** RFC 9112 section 6.3, as far as the fields say it: chunked, another coding last, a length, or nothing. */
function framingSaid(version: string, fields: readonly Field[]): 'chunked' | 'other' | number | undefined {
  const codings = values(fields, 'transfer-encoding');
  const lengths = values(fields, 'content-length');
  if (codings.length > 0) {
    if (lengths.length > 0) throw new Invalid('Transfer-Encoding with Content-Length');
    if (version === 'HTTP/1.0') throw new Invalid('Transfer-Encoding in HTTP/1.0 (section 6.1)');
    const names = elements(codings).map((one) => TRANSFER_CODING.exec(one)?.[1].toLowerCase());
    if (names.length === 0 || names.includes(undefined)) throw new Invalid('no list of codings');
    if (names.slice(0, -1).includes('chunked')) throw new Invalid('chunked before another coding (section 6.1)');
    return names.at(-1) === 'chunked' ? 'chunked' : 'other';
  }
  if (lengths.length === 0) return undefined;
  const said = elements(lengths);
  if (said.length === 0 || !said.every((one) => /^[0-9]+$/.test(one))) throw new Invalid('no length');
  if (new Set(said).size > 1) throw new Invalid('lengths that differ');
  return Number(said[0]);
}

function bodyOf(cursor: Cursor, framing: 'chunked' | number): Rest {
  if (framing === 'chunked') return chunkedBody(cursor);
  return { body: cursor.exactly(framing), trailers: [] };
}

function untilClose(cursor: Cursor, closed: boolean): Rest {
  if (!closed) throw new Incomplete();
  return { body: cursor.exactly(cursor.text.length - cursor.at), trailers: [] };
}

/** RFC 9112 section 7.1: chunked-body = *chunk last-chunk trailer-section CRLF. */
function chunkedBody(cursor: Cursor): Rest {
  let body = '';
  for (;;) {
    const line = CHUNK_LINE.exec(cursor.line());
    if (line === null) throw new Invalid('no chunk line');
    const size = Number.parseInt(line[1], 16);
    if (size === 0) return { body, trailers: cursor.fields() };
    body += cursor.exactly(size);
    if (cursor.exactly(2) !== '\r\n') throw new Invalid('no CRLF behind chunk data');
  }
}

/** The chunked body alone, for readers of bodies. */
export function readChunked(text: string): Reading {
  return reading(() => {
    const cursor = new Cursor(text, 0);
    return { is: 'message', start: ['', '', ''], fields: [], ...chunkedBody(cursor), end: cursor.at };
  });
}
