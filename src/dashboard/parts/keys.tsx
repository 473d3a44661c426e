/**
 * The keys of the dashboard, shown by `?`.
 *
 * Rule: what stands here is what browser/navigate.ts listens to.
 */

import { change } from '../browser/store.ts';
import { Dialog } from './dialog.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['1 – 5', 'map, routes, upstreams, revisions, events'],
  ['/', 'filter the upstreams, or the routes'],
  ['Tab, Enter', 'to the next thing; open it'],
  ['← →', 'between the tabs, on a tab'],
  ['Esc', 'close what is open'],
  ['?', 'these keys'],
];

export function Keys() {
  const close = (): void => change({ keysShown: false });
  return (
    <Dialog title="Keys" onClose={close}>
      <dl class="keys">
        {KEYS.map(([key, words]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <p class="dim">
        Every call behind this page can be tried at <a href="/docs">/docs</a>.
      </p>
      <div class="buttons">
        <button type="button" class="primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
