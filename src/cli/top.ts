/**
 * `signalbox top`: traffic as it is now, on a screen that is drawn anew each second.
 *
 * Rule: the terminal is as it was when the command ends, however it ends. Without a terminal it prints lines that a
 * program can cut. A router that restarts is waited for, and the screen says so.
 */

import type { LiveFrame } from '../admin/shapes/live.ts';
import { didYouMean } from '../config/suggest.ts';
import { type Admin, adminOf } from './admin.ts';
import type { Io, Run, Terminal } from './command.ts';
import { CommandEnd, DONE, WRONG } from './ends.ts';
import type { Given } from './given.ts';
import { untilTold } from './pause.ts';
import { type Paints, paints } from './print.ts';
import { flatLines, ORDERS, type Order, tableLines, totalText } from './top-lines.ts';
import { afterKey, FIRST_VIEW, fitted, keysIn, screenLines, type View } from './top-screen.ts';
import { type Watcher, watch } from './watch.ts';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';

export const top: Run = async (given, io) => {
  const admin = adminOf(given, io);
  const order = orderOf(given);
  if (given.flag('once')) return once(admin, order, given, io);
  if (io.terminal === undefined || given.flag('json')) return inLines(admin, order, given, io);
  const { terminal } = io;
  await untilTold(io, (signal) => new Screen(admin, terminal, io, order).show(signal));
  return DONE;
};

function orderOf(given: Given): Order {
  const word = given.text('sort') ?? 'rate';
  if (word === 'rate' || word === 'errors' || word === 'p99') return word;
  const known = Object.keys(ORDERS);
  throw new CommandEnd(WRONG, `--sort ${word}: ${didYouMean(word, known, `there are ${known.join(', ')}`)}`);
}

/** One frame, as the screen would show it: a line of a terminal that goes on in the next one is no table. A program reads all. */
async function once(admin: Admin, order: Order, given: Given, io: Io): Promise<number> {
  const ended = new AbortController();
  const frame = (one: LiveFrame) => {
    if (ended.signal.aborted) return;
    ended.abort();
    if (given.flag('json')) return io.out(`${JSON.stringify(one)}\n`);
    const paint = paints(io);
    // A terminal that does not know its width says 0.
    const columns = io.terminal?.size().columns || Number.POSITIVE_INFINITY;
    io.out(`${totalText(one)}\n\n`);
    for (const line of tableLines(one, order, columns)) io.out(`${fitted(line, columns, paint)}\n`);
  };
  const watcher = { frame, ...spoken(io) };
  await untilTold(io, (signal) => watch(admin, io, watcher, AbortSignal.any([signal, ended.signal])));
  return DONE;
}

async function inLines(admin: Admin, order: Order, given: Given, io: Io): Promise<number> {
  const linesOf = (one: LiveFrame) => (given.flag('json') ? [JSON.stringify(one)] : flatLines(one, order));
  const frame = (one: LiveFrame) =>
    io.out(
      linesOf(one)
        .map((line) => `${line}\n`)
        .join(''),
    );
  await untilTold(io, (signal) => watch(admin, io, { frame, ...spoken(io) }, signal));
  return DONE;
}

function spoken(io: Io): Pick<Watcher, 'lost' | 'back'> {
  return {
    lost: (why) => io.err(`signalbox top: ${why}; trying again\n`),
    back: () => io.err('signalbox top: the router is back\n'),
  };
}

class Screen {
  private readonly admin: Admin;
  private readonly terminal: Terminal;
  private readonly io: Io;
  private readonly paint: Paints;
  private view: View;
  private frame: LiveFrame | undefined = undefined;
  private note = '';

  constructor(admin: Admin, terminal: Terminal, io: Io, order: Order) {
    this.admin = admin;
    this.terminal = terminal;
    this.io = io;
    this.paint = paints(io);
    this.view = { ...FIRST_VIEW, order };
  }

  /** Nothing is drawn before the first frame: what keeps it from coming is said on the usual screen. */
  async show(told: AbortSignal): Promise<void> {
    const quit = new AbortController();
    const ends: (() => void)[] = [];
    const begin = () => {
      if (ends.length > 0) return;
      this.terminal.write(ENTER);
      ends.push(
        () => this.terminal.write(LEAVE),
        this.terminal.onKeys((text) => this.keys(text, quit)),
        this.terminal.onResize(() => this.draw()),
      );
    };
    try {
      await watch(this.admin, this.io, this.watcher(begin), AbortSignal.any([told, quit.signal]));
    } finally {
      for (const end of ends.reverse()) end();
    }
  }

  private watcher(begin: () => void): Watcher {
    return {
      frame: (frame) => {
        begin();
        this.frame = withQuiet(frame, this.frame);
        this.draw();
      },
      lost: (why) => {
        this.note = `the router is away, trying again: ${why}`;
        this.draw();
      },
      back: () => {
        this.note = '';
      },
    };
  }

  private keys(text: string, quit: AbortController): void {
    for (const key of keysIn(text)) {
      const next = afterKey(key, this.view, this.frame, this.terminal.size());
      if (next === 'quit') quit.abort();
      else if (next !== undefined) this.view = next;
    }
    this.draw();
  }

  /** Line by line over the old ones: clearing all first would flicker, and clearing behind a full line takes its last letter. */
  private draw(): void {
    if (this.frame === undefined) return;
    const shown = { frame: this.frame, address: this.admin.where.address, note: this.note };
    const room = this.terminal.size();
    const lines = screenLines(shown, this.view, room, this.paint);
    const rest = lines.length < room.rows ? '\r\n\x1b[J' : '';
    this.terminal.write(`\x1b[H${lines.map((line) => `\x1b[K${line}`).join('\r\n')}${rest}`);
  }
}

/** A frame leaves out routes without traffic; on a screen they would come and go under the reader's eyes. */
function withQuiet(frame: LiveFrame, before: LiveFrame | undefined): LiveFrame {
  if (before === undefined || before.revision !== frame.revision) return frame;
  const here = new Set(frame.routes.map(({ id }) => id));
  const quiet = before.routes
    .filter(({ id }) => !here.has(id))
    .map((route) => ({ ...route, rate: 0, errorShare: 0, p50: null, p95: null, p99: null }));
  return { ...frame, routes: [...frame.routes, ...quiet] };
}
