/**
 * What to do about a text that is no YAML.
 *
 * Rule: the parser says what it tripped over; people ask what to change. The advice looks at the line itself, because one
 * reason of the parser ("bad indentation") stands for half a dozen slips.
 */

/** The place to look at: where the parser gave up, or the last line with anything on it where it ran out of text. */
export function syntaxOffset(text: string, offset: number): number {
  if (text.slice(offset).trim() !== '') return offset;
  const end = text.trimEnd().length;
  const start = text.lastIndexOf('\n', end - 1) + 1;
  return start + text.slice(start, end).search(/\S|$/);
}

/** Advice for the parser's `reason` at `offset` of `text`. */
export function syntaxAdvice(text: string, offset: number, reason: string): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const line = text.slice(start, end === -1 ? text.length : end);
  return byReason(reason) ?? byLine(line, text[offset] ?? '');
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/tab characters/, 'indent with spaces'],
  [/null byte|non-printable/, 'remove the character, or write it as an escape in double quotes'],
  [/deficient indentation/, 'close the bracket, brace or quote that was opened here or above'],
  [/unexpected end/, 'close the bracket, brace or quote that was opened here or above'],
  [/missed comma/, `put a comma between the entries, and quotes around a text that holds brackets, as in "\${NAME}"`],
  [/escape sequence|hexadecimal/, 'write a backslash twice, or use single quotes, in which it stands for itself'],
  [/maxDepth/, 'no part of a document is nested this deeply'],
  [/YAML version|directive/, 'remove the line that begins with %'],
  [/alias|anchor|tag/, 'put the text in quotes; anchors, aliases and tags are not supported'],
];

function byReason(reason: string): string | undefined {
  return REASONS.find(([pattern]) => pattern.test(reason))?.[1];
}

function byLine(line: string, found: string): string {
  if (/^\s*\t/.test(line)) return 'indent with spaces';
  if (found !== '' && ']}'.includes(found)) return `remove the ${found}, or put the text that holds it in quotes`;
  if (found !== '' && '@`%'.includes(found)) return `put a text that begins with ${found} in quotes`;
  if (/^\s*["'].*["']/.test(line) || /:\s+(?:"[^"]*"|'[^']*')\s*[^\s,}\]#]/.test(line))
    return 'put the whole text in one pair of quotes, and a colon and a space behind a key';
  if (/^[^'"#{[]*:\s[^'"#{[]*:\s/.test(line)) return 'put a text that holds ": " in quotes';
  if (!/:(?:\s|$)/.test(line)) return 'write a key, a colon and a space in front of a value';
  return 'check the indentation of this line and of the one above, and put a text that holds ": " or " #" in quotes';
}
