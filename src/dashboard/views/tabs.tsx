/**
 * The five views as tabs.
 *
 * Rule: one stop of Tab, arrows between them, the digits from anywhere (browser/navigate.ts). A count beside a name says
 * where something waits to be looked at.
 */

import { goTab } from '../browser/navigate.ts';
import { useStore } from '../browser/store.ts';
import { TABS, type Tab } from '../logic/place.ts';

const NAMES: Readonly<Record<Tab, string>> = {
  map: 'Map',
  routes: 'Routes',
  upstreams: 'Upstreams',
  revisions: 'Revisions',
  events: 'Events',
};

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };

export function Tabs() {
  const { place } = useStore();
  const onKey = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    const next = TABS[(TABS.indexOf(place.tab) + step + TABS.length) % TABS.length];
    goTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={onKey} tabIndex={-1}>
      {TABS.map((tab, i) => (
        <button
          key={tab}
          id={`tab-${tab}`}
          type="button"
          role="tab"
          aria-selected={place.tab === tab}
          aria-controls="view"
          tabIndex={place.tab === tab ? 0 : -1}
          onClick={() => goTab(tab)}
        >
          {NAMES[tab]} <kbd>{i + 1}</kbd>
        </button>
      ))}
    </div>
  );
}
