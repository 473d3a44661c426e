/**
 * Durations and sizes as people write them: `250ms`, `2h30m`, `64KiB`.
 *
 * Rule: a number without a unit is refused, because every reader guesses another one; whoever is refused is told what to
 * write. Inside the product durations are milliseconds, sizes bytes, and `off` is Infinity. Where a value may be `off`
 * is for the shape of the document to say.
 */

export type Quantity = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly advice: string };

/** What a duration looks like, as the source of a regular expression: units from large to small, each at most once. */
export const DURATION_PATTERN = '^(?=\\d)(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?(?:(\\d+)ms)?$';
/** What a size looks like, as the source of a regular expression. */
export const SIZE_PATTERN = '^(\\d+)(B|kB|KB|KiB|MB|MiB|GB|GiB)$';

/** Timers of the platform count in 31 bits: the longest duration that is waited for, about 24 days, in milliseconds. */
export const LONGEST = 2 ** 31 - 1;
/** The longest that is only compared with a date: ten years. */
export const LONGEST_AGE = 87_600 * 3_600_000;

const DURATION = new RegExp(DURATION_PATTERN);
const SIZE = new RegExp(SIZE_PATTERN);

/** Milliseconds, from large to small. */
const DURATION_UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** Bytes, from large to small; the first of each value is the one that is written. */
const SIZE_UNITS = [
  ['GiB', 2 ** 30],
  ['GB', 1e9],
  ['MiB', 2 ** 20],
  ['MB', 1e6],
  ['KiB', 1024],
  ['kB', 1000],
  ['KB', 1000],
  ['B', 1],
] as const;

/** `2h30m` -> 9000000. Milliseconds. */
export function parseDuration(text: string, longest = LONGEST): Quantity {
  const match = DURATION.exec(text);
  if (match === null) return { ok: false, advice: durationAdvice(text) };
  let value = 0;
  DURATION_UNITS.forEach(([, unit], index) => {
    value += Number(match[index + 1] ?? 0) * unit;
  });
  if (value <= longest) return { ok: true, value };
  return { ok: false, advice: `the longest duration is ${formatDuration(longest - (longest % 3_600_000))}` };
}

/** 9000000 -> `2h30m`; Infinity is `off`. The shortest form that `parseDuration` reads back as the same value. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === Number.POSITIVE_INFINITY) return 'off';
  let rest = Math.round(milliseconds);
  let text = '';
  for (const [name, unit] of DURATION_UNITS) {
    const count = Math.floor(rest / unit);
    if (count > 0) text += `${count}${name}`;
    rest -= count * unit;
  }
  return text === '' ? '0s' : text;
}

/** `64KiB` -> 65536. Bytes; KiB, MiB and GiB count by 1024, kB (or KB), MB and GB by 1000. */
export function parseSize(text: string): Quantity {
  const match = SIZE.exec(text);
  if (match === null) return { ok: false, advice: sizeAdvice(text) };
  const unit = SIZE_UNITS.find(([name]) => name === match[2])?.[1] ?? 1;
  const value = Number(match[1]) * unit;
  if (Number.isSafeInteger(value)) return { ok: true, value };
  return { ok: false, advice: 'the size is too large to count' };
}

/** 65536 -> `64KiB`; Infinity is `off`. The largest unit that divides it. */
export function formatSize(bytes: number): string {
  if (bytes === Number.POSITIVE_INFINITY) return 'off';
  if (bytes === 0) return '0B';
  const [name, unit] = SIZE_UNITS.find(([, size]) => bytes % size === 0) ?? ['B', 1];
  return `${bytes / unit}${name}`;
}

/** Words that people use for the units, in lower case. */
const DURATION_WORDS: readonly (readonly [RegExp, number])[] = [
  [/^(?:h|hr|hrs|hour|hours)$/, 3_600_000],
  [/^(?:m|min|mins|minute|minutes)$/, 60_000],
  [/^(?:s|sec|secs|second|seconds)$/, 1000],
  [/^(?:ms|msec|msecs|millis|millisecond|milliseconds)$/, 1],
];

const DURATION_FORM = 'write a whole number and its unit: `250ms`, `3s`, `5m`, `1h` or `2h30m`';

function durationAdvice(text: string): string {
  const match = /^\s*(\d{1,9}(?:\.\d{1,6})?)\s*([A-Za-z]*)\s*$/.exec(text);
  if (match === null) return DURATION_FORM;
  const [, count, word] = match;
  if (word === '') return `write the unit: \`${count}s\` for seconds, \`${count}ms\` for milliseconds`;
  const unit = DURATION_WORDS.find(([words]) => words.test(word.toLowerCase()))?.[1];
  const meant = unit === undefined ? 0 : Math.round(Number(count) * unit);
  return meant > 0 && meant <= LONGEST ? `write \`${formatDuration(meant)}\`` : DURATION_FORM;
}

const SIZE_FORM = 'write a whole number and its unit: `256B`, `64KiB`, `1MiB` (by 1024), or `64kB`, `1MB` (by 1000)';

function sizeAdvice(text: string): string {
  const match = /^\s*(\d{1,9}(?:\.\d{1,6})?)\s*([A-Za-z]*)\s*$/.exec(text);
  if (match === null) return SIZE_FORM;
  const [, count, word] = match;
  if (word === '') return `write the unit: \`${count}B\` for bytes, \`${count}KiB\` for units of 1024 bytes`;
  const lower = word.toLowerCase();
  // A lone letter means units of 1024 to everyone who writes one.
  const name = lower.length === 1 && lower !== 'b' ? `${lower}ib` : lower;
  const unit = SIZE_UNITS.find(([known]) => known.toLowerCase() === name)?.[1];
  const meant = unit === undefined ? 0 : Math.round(Number(count) * unit);
  return meant > 0 && Number.isSafeInteger(meant) ? `write \`${formatSize(meant)}\`` : SIZE_FORM;
}
