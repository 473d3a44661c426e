/**
 * The dashboard: what the router does now, what is wrong and where, and the few things an operator does about it.
 *
 * Rule: this file only puts the parts together. What they know stands in browser/, what they reckon in logic/.
 */

import { render, type VNode } from 'preact';
import { listen } from './browser/navigate.ts';
import { begin } from './browser/session.ts';
import { useStore } from './browser/store.ts';
import type { Tab } from './logic/place.ts';
import { Confirm } from './parts/confirm.tsx';
import { Keys } from './parts/keys.tsx';
import { Lock } from './parts/lock.tsx';
import { Toasts } from './parts/toasts.tsx';
import { Events } from './views/events.tsx';
import { Header } from './views/header.tsx';
import { TrafficMap } from './views/map.tsx';
import { Panel } from './views/panel.tsx';
import { Revisions } from './views/revisions.tsx';
import { Routes } from './views/routes.tsx';
import { Tabs } from './views/tabs.tsx';
import { Upstreams } from './views/upstreams.tsx';

const VIEWS: Readonly<Record<Tab, () => VNode>> = {
  map: TrafficMap,
  routes: Routes,
  upstreams: Upstreams,
  revisions: Revisions,
  events: Events,
};

function App() {
  const { place, plan, locked, keysShown } = useStore();
  const View = VIEWS[place.tab];
  return (
    <>
      <Header />
      <Tabs />
      <div class={place.kind === undefined ? 'body' : 'body with-panel'}>
        <main>
          <div id="view" role="tabpanel" aria-labelledby={`tab-${place.tab}`}>
            <View />
          </div>
        </main>
        {place.kind !== undefined && place.id !== undefined && <Panel kind={place.kind} id={place.id} />}
      </div>
      {locked !== undefined && <Lock why={locked} onToken={() => void begin()} />}
      {plan !== undefined && <Confirm plan={plan} />}
      {keysShown && <Keys />}
      <Toasts />
    </>
  );
}

const page = document.getElementById('page');
if (page !== null) {
  listen();
  void begin();
  render(<App />, page);
}
