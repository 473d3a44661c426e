/**
 * What came of an action: good news for a few seconds, a problem until it is put away.
 *
 * Rule: a live region of its own, so that a screen reader hears it without losing its place.
 */

import { putAway, useStore } from '../browser/store.ts';
import { Mark } from './tone.tsx';

export function Toasts() {
  const { toasts } = useStore();
  return (
    <section class="toasts" aria-live="polite" aria-label="Results">
      {toasts.map(({ number, tone, text, more }) => (
        <div key={number} class={`toast ${tone}`}>
          <Mark tone={tone} />
          <div>
            <p>{text}</p>
            {more.map((line) => (
              <p key={line} class="dim">
                {line}
              </p>
            ))}
          </div>
          <button type="button" class="quiet" aria-label="Put away" onClick={() => putAway(number)}>
            ✕
          </button>
        </div>
      ))}
    </section>
  );
}
