/**
 * The corpus of replies that go wrong in their body, after a good head and a good part of the body, each for one reason.
 * `EVIL` marks what must never reach a client. Bytes are latin1.
 */

export interface BadBody {
  /** Object of the sentence "a reply with ... breaks the client's connection". */
  readonly name: string;
  /** The line that frames it. */
  readonly line: string;
  readonly good: string;
  readonly bad: string;
  /** stay: the origin says nonsense and waits; else it breaks off so. */
  readonly how: 'stay' | 'end' | 'reset';
}

const chunked = { line: 'Transfer-Encoding: chunked', good: '5\r\nhello\r\n' };
const sized = { line: 'Content-Length: 100', good: 'hello' };
const closing = { line: 'X: y', good: 'hello' };

/** A chunk line or trailer that is wrong, and what a lenient reader would find behind it. */
const wrong = (name: string, bad: string): BadBody => ({ ...chunked, name, bad, how: 'stay' });
const trailer = (name: string, bad: string): BadBody => wrong(`${name} in its trailers`, `0\r\n${bad}`);

const EVIL = 'EVIL\r\n0\r\n\r\n';

/** RFC 9112 section 7.1. */
const CHUNKS: readonly BadBody[] = [
  wrong('a chunk size of letters', `xyz\r\n${EVIL}`),
  wrong('no chunk size', `\r\n${EVIL}`),
  wrong('a negative chunk size', `-4\r\n${EVIL}`),
  wrong('a chunk size with a plus', `+4\r\n${EVIL}`),
  wrong('a chunk size with 0x', `0x4\r\n${EVIL}`),
  wrong('a space before a chunk size', ` 4\r\n${EVIL}`),
  wrong('a space behind a chunk size', `4 \r\n${EVIL}`),
  wrong('a tab behind a chunk size', `4\t\r\n${EVIL}`),
  wrong('a chunk size beyond 2^53', `FFFFFFFFFFFFFFFF\r\n${EVIL}`),
  wrong('a chunk size of 17 digits', `00000000000000004\r\n${EVIL}`),
  wrong('a bare LF behind a chunk size', `4\n${EVIL}`),
  wrong('a bare CR behind a chunk size', `4\rX${EVIL}`),
  wrong('a chunk longer than its size', `4\r\ngood${EVIL}`),
  wrong('a bare LF behind a chunk', '4\r\ngood\n4\r\nEVIL\r\n0\r\n\r\n'),
  wrong('a bare CR behind a chunk', '4\r\ngood\rX4\r\nEVIL\r\n0\r\n\r\n'),
  wrong('an empty extension', `4;\r\n${EVIL}`),
  wrong('an extension without a name', `4;=a\r\n${EVIL}`),
  wrong('an extension without its value', `4;a=\r\n${EVIL}`),
  wrong('an extension whose quote never ends', `4;a="b\r\n${EVIL}`),
  wrong('NUL in an extension', `4;a="\x00"\r\n${EVIL}`),
  wrong('extensions of more than 16 KiB', `4;a=${'x'.repeat(16_400)}\r\n${EVIL}`),
  wrong('a CR without LF behind its last chunk', '0\r\n\rXEVIL\r\n\r\n'),
];

/** RFC 9110 section 6.5.1, and what the router vouches for in a head. */
const TRAILERS: readonly BadBody[] = [
  ...['Content-Length', 'Transfer-Encoding', 'Connection', 'Set-Cookie', 'Content-Type', 'Content-Encoding'].map(
    (name) => trailer(name, `${name}: 5\r\n\r\nEVIL`),
  ),
  ...['X-Correlation-Id', 'x-signalbox-upstream'].map((name) => trailer(name, `${name}: EVIL\r\n\r\n`)),
  trailer('a bare LF', 'X: a\nEVIL: b\r\n\r\n'),
  trailer('a bare CR', 'X: a\rEVIL: b\r\n\r\n'),
  trailer('NUL', 'X: \x00EVIL\r\n\r\n'),
  trailer('a folded line', 'X: a\r\n EVIL\r\n\r\n'),
  trailer('a line without a colon', 'X\r\nEVIL: a\r\n\r\n'),
  trailer('a space before the colon', 'X : EVIL\r\n\r\n'),
  trailer('more than 64 KiB', `X: ${'x'.repeat(65_600)}\r\n\r\nEVIL`),
];

const breaks = (name: string, part: typeof chunked, bad: string): BadBody[] => [
  { ...part, name: `an end by FIN ${name}`, bad, how: 'end' },
  { ...part, name: `an end by a reset ${name}`, bad, how: 'reset' },
];

const BREAKS: readonly BadBody[] = [
  ...breaks('before its length', sized, 'half of it'),
  ...breaks('instead of a last chunk', chunked, ''),
  ...breaks('in a chunk size', chunked, '4'),
  ...breaks('in a chunk', chunked, '4\r\nha'),
  ...breaks('behind the data of a chunk', chunked, '4\r\nhalf'),
  ...breaks('behind the size of the last chunk', chunked, '0\r\n'),
  ...breaks('before the last line feed', chunked, '0\r\n\r'),
  ...breaks('in the trailers', chunked, '0\r\nX-Sum: 1'),
  ...breaks('behind a trailer', chunked, '0\r\nX-Sum: 1\r\n'),
  { ...closing, name: 'a reset before its end by close', bad: 'half of it', how: 'reset' },
];

export const BAD_BODIES: readonly BadBody[] = [...CHUNKS, ...TRAILERS, ...BREAKS];
