/**
 * What `top` shows: a head of three lines, and under it as much of the tables as the screen has room for.
 *
 * Rule: pure. What the user chose (order, where the tables are scrolled to) is a value; a key makes another one of it.
 */

import type { LiveFrame } from '../admin/shapes/live.ts';
import { type Paints, printable } from './print.ts';
import { type Line, type Order, tableLines, totalText } from './top-lines.ts';

export interface View {
  readonly order: Order;
  /** Lines of the tables above the screen. */
  readonly offset: number;
}

export interface Room {
  readonly columns: number;
  readonly rows: number;
}

export const FIRST_VIEW: View = { order: 'rate', offset: 0 };

const HEAD = 3;
const KEYS = 'r rate  e errors  p p99  arrows scroll  q quit';

/** What a screen shows: `note` is said in place of the keys. */
export interface Shown {
  readonly frame: LiveFrame | undefined;
  readonly address: string;
  readonly note: string;
}

/** At most `rows` lines of at most `columns` characters. */
export function screenLines({ frame, address, note }: Shown, view: View, room: Room, paints: Paints): string[] {
  const title = `signalbox ${address.replace(/^https?:\/\//, '')}`;
  const head: Line[] =
    frame === undefined
      ? [{ text: title, paint: 'bold' }]
      : [
          { text: `${title}  revision ${frame.revision}  ${timeOf(frame.at)}  by ${view.order}`, paint: 'bold' },
          { text: totalText(frame), paint: undefined },
        ];
  head.push(note === '' ? { text: KEYS, paint: 'dim' } : { text: note, paint: 'bad' });
  const body =
    frame === undefined ? [] : tableLines(frame, view.order, room.columns).slice(clamped(view, frame, room).offset);
  return [...head, ...body].slice(0, room.rows).map((line) => fitted(line, room.columns, paints));
}

/** At most `columns` characters of it, in its paint. */
export function fitted({ text, paint }: Line, columns: number, paints: Paints): string {
  const cut = [...printable(text)].slice(0, columns).join('');
  return paint === undefined ? cut : paints[paint](cut);
}

/** The view after a key; 'quit'; or undefined where the key means nothing. */
export function afterKey(key: string, view: View, frame: LiveFrame | undefined, room: Room): View | 'quit' | undefined {
  if (key === 'q' || key === 'Q' || key === '\x03') return 'quit';
  const order = ({ r: 'rate', e: 'errors', p: 'p99' } as const)[key.toLowerCase()];
  if (order !== undefined) return { order, offset: 0 };
  const step = steps(room)[key];
  return step === undefined ? undefined : clamped({ ...view, offset: view.offset + step }, frame, room);
}

/** Keys that scroll, as terminals send them. */
function steps({ rows }: Room): Readonly<Record<string, number | undefined>> {
  const page = Math.max(1, rows - HEAD - 1);
  return {
    '\x1b[A': -1,
    '\x1bOA': -1,
    k: -1,
    '\x1b[B': 1,
    '\x1bOB': 1,
    j: 1,
    '\x1b[5~': -page,
    '\x1b[6~': page,
    '\x1b[H': -1e9,
    '\x1b[F': 1e9,
  };
}

function clamped(view: View, frame: LiveFrame | undefined, { rows }: Room): View {
  const lines = frame === undefined ? 0 : frame.routes.length + frame.upstreams.length + 3;
  const most = Math.max(0, lines - Math.max(1, rows - HEAD));
  return { ...view, offset: Math.min(most, Math.max(0, view.offset)) };
}

/** Keys in what came from a terminal at once. */
export function keysIn(text: string): string[] {
  return text.match(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|[\s\S]/g) ?? [];
}

function timeOf(at: string): string {
  return new Date(at).toTimeString().slice(0, 8);
}
