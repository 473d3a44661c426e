/**
 * Which blocks of the codec an input reaches, and how often: V8's own block counts, read through the inspector.
 *
 * Rule: counts come for a batch of inputs at once, because reading them costs more than making them; who needs to know
 * which input of a batch it was runs them again one by one.
 */

import { readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';

export interface Reached {
  readonly file: string;
  readonly blocks: number;
  readonly of: number;
  /** Lines that no input reached. */
  readonly missed: readonly number[];
}

export class Coverage {
  private readonly session = new Session();
  private wanted = /^$/;
  private readonly seen = new Set<string>();
  private readonly files = new Map<string, { reached: Uint8Array; known: Map<string, boolean> }>();

  /** One for a whole run: V8 counts blocks only where it began to before the code was compiled for speed. */
  constructor() {
    this.session.connect();
    this.post('Profiler.enable');
    this.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** From here on these sources count, and all they do is new again. */
  aim(wanted: RegExp): void {
    this.take();
    this.wanted = wanted;
    this.seen.clear();
    this.files.clear();
  }

  /** How many things never seen before the code did since the last call: blocks, and blocks far more often than ever. */
  news(): number {
    let news = 0;
    for (const script of this.take()) {
      const file = this.fileOf(script.url);
      for (const { ranges } of script.functions) {
        paint(file.reached, ranges);
        for (const { startOffset, endOffset, count } of ranges) {
          const block = `${startOffset}-${endOffset}`;
          file.known.set(block, (file.known.get(block) ?? false) || count > 0);
          if (count === 0) continue;
          const key = `${script.url} ${block} ${bucketOf(count)}`;
          if (this.seen.has(key)) continue;
          this.seen.add(key);
          news++;
        }
      }
    }
    return news;
  }

  report(): Reached[] {
    return [...this.files].map(([url, { reached, known }]) => {
      const text = readFileSync(fileURLToPath(url), 'utf8');
      const missed: number[] = [];
      let offset = 0;
      for (const [i, line] of text.split('\n').entries()) {
        const from = offset + (line.length - line.trimStart().length);
        if (line.trim() !== '' && reached[from] === MISSED) missed.push(i + 1);
        offset += line.length + 1;
      }
      const hit = [...known.values()].filter((one) => one).length;
      return { file: url.slice(url.indexOf('/src/') + 1), blocks: hit, of: known.size, missed };
    });
  }

  private fileOf(url: string): { reached: Uint8Array; known: Map<string, boolean> } {
    let file = this.files.get(url);
    if (file === undefined) {
      // Types are stripped by blanks, so offsets are those of the source.
      file = { reached: new Uint8Array(readFileSync(fileURLToPath(url), 'utf8').length), known: new Map() };
      this.files.set(url, file);
    }
    return file;
  }

  private take(): Profiler.ScriptCoverage[] {
    const { result } = this.post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    return result.filter(({ url }) => this.wanted.test(url));
  }

  /** The inspector of one's own thread answers before `post` returns. */
  private post(method: string, params: object = {}): unknown {
    let answer: unknown;
    this.session.post(method, params, (error: Error | null, result?: unknown) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer;
  }
}

const MISSED = 1;
const HIT = 2;

/** Inner ranges come behind outer ones and overrule them; what was hit once stays hit. */
function paint(reached: Uint8Array, ranges: readonly Profiler.CoverageRange[]): void {
  const [whole] = ranges;
  const now = new Uint8Array(whole.endOffset - whole.startOffset);
  for (const { startOffset, endOffset, count } of ranges) {
    now.fill(count > 0 ? HIT : MISSED, startOffset - whole.startOffset, endOffset - whole.startOffset);
  }
  for (let i = 0; i < now.length; i++) {
    const at = whole.startOffset + i;
    if (now[i] > reached[at]) reached[at] = now[i];
  }
}

/** Powers of eight: a loop that runs once, a few times, or very often is another thing. */
function bucketOf(count: number): number {
  return Math.floor(Math.log2(count) / 3);
}
