/**
 * What the pages know: one state, changed in one place, heard of by every view.
 *
 * Rule: views read it and call functions of the browser folder; only those change it. The history of figures is one
 * object that grows in place; a new frame is what tells views to look at it again.
 */

import { useEffect, useState } from 'preact/hooks';
import type { Revision } from '../../admin/shapes/change.ts';
import type { LiveFrame } from '../../admin/shapes/live.ts';
import type { EventItem, Status, UpstreamStatus } from '../../admin/shapes/status.ts';
import { History } from '../logic/history.ts';
import { type Place, placeOf } from '../logic/place.ts';
import type { Order, Part } from '../logic/rows.ts';
import type { Connection } from '../logic/troubles.ts';
import type { Plan } from './plan.ts';

export interface Toast {
  readonly number: number;
  readonly tone: 'ok' | 'bad';
  readonly text: string;
  readonly more: readonly string[];
}

export interface State {
  readonly connection: Connection;
  /** The router wants a token: why, in a sentence. */
  readonly locked: string | undefined;
  readonly place: Place;
  readonly filter: string;
  readonly upstreamFilter: string;
  /** Of the table of routes. */
  readonly order: Order;
  readonly frame: LiveFrame | undefined;
  readonly history: History;
  readonly status: Status | undefined;
  /** Revision of the document whose parts are on the page, or of one before it: what a write is made from. */
  readonly shown: string | undefined;
  readonly routes: readonly Part[];
  /** Of the upstreams that are looked at or in trouble. */
  readonly details: Readonly<Record<string, UpstreamStatus>>;
  readonly revisions: readonly Revision[];
  /** Further ones can be had. */
  readonly olderRevisions: string | undefined;
  readonly events: readonly EventItem[];
  /** What the dialog asks to confirm. */
  readonly plan: Plan | undefined;
  readonly keysShown: boolean;
  readonly toasts: readonly Toast[];
}

let state: State = {
  connection: 'connecting',
  locked: undefined,
  place: placeOf(location.hash),
  filter: '',
  upstreamFilter: '',
  order: { by: 'rate', down: true },
  frame: undefined,
  history: new History(),
  status: undefined,
  shown: undefined,
  routes: [],
  details: {},
  revisions: [],
  olderRevisions: undefined,
  events: [],
  plan: undefined,
  keysShown: false,
  toasts: [],
};

const listeners = new Set<() => void>();

export function current(): State {
  return state;
}

export function change(part: Partial<State>): void {
  state = { ...state, ...part };
  for (const listener of listeners) listener();
}

/** The state, and again whenever it changes. */
export function useStore(): State {
  const [seen, see] = useState(state);
  useEffect(() => {
    const listener = (): void => see(state);
    listeners.add(listener);
    listener();
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return seen;
}

/** The router's own time, as far as it was told; undefined before the first frame. */
export function routerTime(): number | undefined {
  return state.frame === undefined ? undefined : Date.parse(state.frame.at);
}

let toasts = 0;

/** Good news goes by itself; a problem stays until it is put away. */
export function tell(tone: Toast['tone'], text: string, more: readonly string[] = []): void {
  toasts++;
  const toast = { number: toasts, tone, text, more };
  change({ toasts: [...state.toasts.slice(-3), toast] });
  if (tone === 'ok') setTimeout(() => putAway(toast.number), 8000);
}

export function putAway(number: number): void {
  change({ toasts: state.toasts.filter((each) => each.number !== number) });
}
