/**
 * Readers with bad habits: what servers and clients are known to let pass, each habit on its own switch.
 *
 * Rule: a reader here never refuses; it makes the best of what it sees, as its habits tell it. What the router sends must
 * mean the same to all of them, so that nobody further on finds a second message in it.
 */

export interface Habits {
  /** Which wins where a length and a coding stand side by side. */
  readonly wins: 'length' | 'chunked';
  /** Which of several lines of one name counts. */
  readonly counts: 'first' | 'last';
  /** A bare LF ends a line. */
  readonly bareLf: boolean;
  /** A bare CR ends a line. */
  readonly bareCr: boolean;
  /** Blanks around a name, and vertical tabs, form feeds and no-break spaces around a value, are trimmed. */
  readonly blanks: boolean;
  /** A line that begins with a blank goes on with the one before. */
  readonly folds: boolean;
  /** `chunked` anywhere in a coding. */
  readonly within: boolean;
  /** Chunk sizes end at the first byte that is no digit; the rest of the line is passed over. */
  readonly sizeJunk: boolean;
  /** Lengths with sign, base, underscores, or something behind them. */
  readonly numbers: boolean;
  /** NUL ends a string. */
  readonly nul: boolean;
  /** `_` and every other mark in a name is read as `-`, as environment variables of CGI make them alike. */
  readonly marks: boolean;
  /** The framing of the message before is taken from trailers too. */
  readonly trailersCount: boolean;
  /** 205 has no body, whatever its head says of one. */
  readonly resetEmpty: boolean;
}

export const STRICT: Habits = {
  wins: 'chunked',
  counts: 'first',
  bareLf: false,
  bareCr: false,
  blanks: false,
  folds: false,
  within: false,
  sizeJunk: false,
  numbers: false,
  nul: false,
  marks: false,
  trailersCount: false,
  resetEmpty: false,
};

const SWITCHES = Object.keys(STRICT).filter((key) => STRICT[key as keyof Habits] === false);
const ALL: Habits = { ...STRICT, ...Object.fromEntries(SWITCHES.map((key) => [key, true])) };

/** Every habit alone, all of them, and both with every winner. */
export const READERS: readonly Habits[] = [
  ...[STRICT, ALL].flatMap((habits): Habits[] => [
    habits,
    { ...habits, wins: 'length' },
    { ...habits, counts: 'last' },
    { ...habits, wins: 'length', counts: 'last' },
  ]),
  ...SWITCHES.map((key): Habits => ({ ...STRICT, [key]: true })),
  ...SWITCHES.map((key): Habits => ({ ...ALL, [key]: false })),
];

export function describeHabits(habits: Habits): string {
  const on = SWITCHES.filter((key) => habits[key as keyof Habits] === true);
  return [`${habits.wins} wins`, `the ${habits.counts} counts`, ...on].join(', ');
}

export interface Loose {
  /** Method and target, or status. */
  readonly start: string;
  readonly values: ReadonlyMap<string, string>;
  readonly body: string;
  readonly end: number;
}

/** Finds messages until the text ends. `method`: of the request, for replies. */
export class LenientReader {
  private readonly text: string;
  private readonly habits: Habits;
  private at = 0;

  constructor(text: string, habits: Habits) {
    this.text = text;
    this.habits = habits;
  }

  /** All requests in the text, at most so many. */
  requests(most: number): Loose[] {
    const found: Loose[] = [];
    while (this.at < this.text.length && found.length < most) {
      const start = this.line().trim();
      // Empty lines before a request are passed over by all.
      if (start === '') continue;
      const [method = '', target = ''] = start.split(/\s+/);
      const values = this.fields();
      found.push({ start: `${method} ${target}`, values, body: this.body(values, 'none'), end: this.at });
    }
    return found;
  }

  /** All replies in the text; `methods` of their requests in order, one for each final reply. */
  replies(methods: readonly string[], most: number): Loose[] {
    const found: Loose[] = [];
    let answered = 0;
    while (this.at < this.text.length && found.length < most) {
      const start = this.line();
      const status = /^\S+\s+(\d+)/.exec(start)?.[1] ?? start;
      const values = this.fields();
      const interim = /^1\d\d$/.test(status) && status !== '101';
      const said = values.has('content-length') || values.has('transfer-encoding');
      const reset = status === '205' && said && this.habits.resetEmpty;
      const empty = reset || /^(?:1\d\d|204|304)$/.test(status);
      const bodiless = empty || (!interim && methods[answered] === 'HEAD');
      found.push({ start: status, values, body: bodiless ? '' : this.body(values, 'close'), end: this.at });
      if (!interim) answered++;
    }
    return found;
  }

  /** One line, without its end. */
  private line(): string {
    const { bareLf, bareCr, nul } = this.habits;
    const ends = ['\r\n', bareLf ? '\n' : '', bareCr ? '\r' : ''].filter((end) => end !== '');
    let at = this.text.length;
    let length = 0;
    for (const end of ends) {
      const place = this.text.indexOf(end, this.at);
      if (place !== -1 && place < at) [at, length] = [place, end.length];
    }
    if (this.text.startsWith('\r\n', at)) length = 2;
    const line = this.text.slice(this.at, at);
    this.at = at + length;
    return nul ? line.replace(/\x00.*$/s, '') : line;
  }

  private fields(): Map<string, string> {
    const { habits } = this;
    const values = new Map<string, string>();
    let last = '';
    while (this.at < this.text.length) {
      const line = this.line();
      if (line === '') break;
      if (/^[ \t]/.test(line) && habits.folds) {
        values.set(last, `${values.get(last) ?? ''} ${line.trim()}`.trim());
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === -1) continue;
      last = this.nameOf(line.slice(0, colon));
      if (habits.counts === 'first' && values.has(last)) continue;
      const value = line.slice(colon + 1);
      values.set(last, habits.blanks ? value.trim() : value.replace(/^[ \t]+|[ \t]+$/g, ''));
    }
    return values;
  }

  private nameOf(text: string): string {
    const name = (this.habits.blanks ? text.trim() : text).toLowerCase();
    return this.habits.marks ? name.replace(/[^a-z0-9]/g, '-') : name;
  }

  private body(values: ReadonlyMap<string, string>, otherwise: 'none' | 'close'): string {
    const coding = values.get('transfer-encoding')?.toLowerCase();
    const chunked =
      coding !== undefined && (coding === 'chunked' || (this.habits.within && coding.includes('chunked')));
    const length = this.length(values.get('content-length'));
    if (chunked && (length === undefined || this.habits.wins === 'chunked')) return this.chunks();
    if (length !== undefined) return this.take(length);
    return otherwise === 'none' ? '' : this.take(this.text.length);
  }

  private length(value: string | undefined): number | undefined {
    if (value === undefined) return undefined;
    if (/^\d+$/.test(value)) return Number(value);
    if (!this.habits.numbers) return undefined;
    const plain = value.replaceAll('_', '').replace(/^[\s"+]+/, '');
    const number = /^0x/i.test(plain) ? Number.parseInt(plain.slice(2), 16) : Number.parseInt(plain, 10);
    return Number.isNaN(number) ? undefined : Math.abs(number);
  }

  private take(count: number): string {
    const taken = this.text.slice(this.at, this.at + count);
    this.at = Math.min(this.text.length, this.at + count);
    return taken;
  }

  private chunks(): string {
    let body = '';
    while (this.at < this.text.length) {
      const line = this.line();
      const size = this.size(line);
      if (size === 0) break;
      body += this.take(size);
      this.lineEnd();
    }
    const trailers = this.fields();
    // A reader that believes a length behind the body takes that many bytes more.
    if (this.habits.trailersCount) body += this.take(this.length(trailers.get('content-length')) ?? 0);
    return body;
  }

  private size(line: string): number {
    const pattern = this.habits.sizeJunk ? /^\s*[+-]?(?:0x)?([0-9a-f]+)/i : /^([0-9a-f]+)[ \t]*(?:;.*)?$/is;
    const size = Number.parseInt(pattern.exec(line)?.[1] ?? '0', 16);
    return Number.isNaN(size) ? 0 : size;
  }

  /** The line end behind chunk data, or what the habits take for one. */
  private lineEnd(): void {
    if (this.text.startsWith('\r\n', this.at)) this.at += 2;
    else if (this.habits.bareLf && this.text[this.at] === '\n') this.at++;
    else if (this.habits.bareCr && this.text[this.at] === '\r') this.at++;
    else if (this.habits.sizeJunk) this.at += 2;
  }
}
