/**
 * How large a regular expression becomes once its repetitions are written out, which is what the engine does.
 *
 * Rule: an estimate that is never much too small. The engine allows 1,000 repetitions a part and any number of parts, so that
 * 6 KB of a document can be 500,000 steps of a program, which every thread compiles without a pause and walks through for
 * every request. Whether the expression is one at all is for the engine to say.
 */

/** Steps that an expression may have: a tenth of a second of compiling at worst. */
export const MOST_STEPS = 20_000;

/** What counts as one step, or says how often the one before it is repeated. */
const TOKENS = new RegExp(
  [
    String.raw`(?<quoted>\\Q[\s\S]*?(?:\\E|$))`,
    String.raw`\\(?:[pP]\{[^}]{0,40}\}|x\{[^}]{0,10}\}|[pP][A-Za-z]|[\s\S])`,
    String.raw`\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]?`,
    String.raw`(?<open>\((?:\?(?:P?<\w+>|[a-zA-Z-]*:|[a-zA-Z-]+(?=\))))?)`,
    String.raw`(?<close>\))`,
    String.raw`\{(?<least>\d+)(?:,(?<most>\d*))?\}`,
    String.raw`[\s\S]`,
  ].join('|'),
  'gu',
);

export function stepsOf(source: string): number {
  const outer: number[] = [];
  // Of the group that is read, and of the last part of it, which a repetition would repeat.
  let sum = 0;
  let last = 0;
  for (const { 0: token, groups = {} } of source.matchAll(TOKENS)) {
    const { quoted, open, close, least, most } = groups;
    if (open !== undefined) {
      outer.push(sum);
      sum = 0;
      last = 0;
    } else if (close !== undefined) {
      last = sum + 1;
      sum = (outer.pop() ?? 0) + last;
    } else if (least !== undefined) {
      const more = last * (Math.max(1, Number(least), Number(most ?? 0)) - 1);
      last += more;
      sum += more;
    } else {
      last = quoted === undefined ? 1 : token.length;
      sum += last;
    }
  }
  return outer.reduce((all, part) => all + part, sum);
}
