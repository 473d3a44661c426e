/**
 * Going from place to place, and the keys that do.
 *
 * Rule: the address is the truth; a view that asks to go somewhere is there at once, since the browser tells of the address
 * later than the next key may come. No key is taken from somebody who types, nor while a dialog is open.
 */

import { hashOf, type Kind, type Place, placeOf, TABS, type Tab } from '../logic/place.ts';
import { lookAtUpstreams } from './session.ts';
import { change, current } from './store.ts';

export function go(to: Partial<Place>): void {
  arrive({ ...current().place, ...to });
}

export function goTab(tab: Tab): void {
  arrive({ tab });
}

function arrive(place: Place): void {
  change({ place });
  location.hash = hashOf(place);
}

export function open(kind: Kind, id: string): void {
  go({ kind, id });
}

/** Puts away what is looked at. */
export function close(): void {
  goTab(current().place.tab);
}

/** Begins to listen. */
export function listen(): void {
  addEventListener('hashchange', () => {
    change({ place: placeOf(location.hash) });
    void lookAtUpstreams();
  });
  addEventListener('keydown', onKey);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return;
  if (event.key === 'Escape') {
    // The first Esc leaves a field, the next one puts the panel away.
    if (isTyping(event.target)) (event.target as HTMLElement).blur();
    else if (current().place.kind !== undefined) leavePanel();
    return;
  }
  if (isTyping(event.target)) return;
  const tab = TABS[Number(event.key) - 1];
  if (tab !== undefined) goTab(tab);
  else if (event.key === '?') change({ keysShown: true });
  else if (event.key === '/') focusFilter();
  else return;
  event.preventDefault();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select');
}

let filterWanted = false;

/** To the table that can be filtered, where this tab has none. */
function focusFilter(): void {
  const field = document.querySelector<HTMLElement>('[data-filter]');
  // At once where it is there: what is typed next would be keys of the page, and `/2` leave the routes.
  if (field !== null) field.focus();
  else {
    filterWanted = true;
    goTab('routes');
  }
}

/** Whether the filter that just came was asked for by its key; it is told once. */
export function takesFocus(): boolean {
  const wanted = filterWanted;
  filterWanted = false;
  return wanted;
}

let opener: HTMLElement | undefined;

/** Whoever opens a panel gets the focus back when it closes. */
export function rememberOpener(): void {
  const { activeElement } = document;
  opener = activeElement instanceof HTMLElement && activeElement !== document.body ? activeElement : undefined;
}

export function leavePanel(): void {
  close();
  const back = opener;
  requestAnimationFrame(() => back?.isConnected && back.focus());
}
