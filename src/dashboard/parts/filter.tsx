/**
 * The field that a table is filtered by, which `/` leads to.
 *
 * Rule: what is in it stands in the store, so that it is there again when somebody comes back to the table.
 */

import { useLayoutEffect, useRef } from 'preact/hooks';
import { takesFocus } from '../browser/navigate.ts';

interface FilterNeeds {
  readonly words: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
}

export function Filter({ words, value, onInput }: FilterNeeds) {
  const field = useRef<HTMLInputElement>(null);
  // Before it is painted, so that what is typed next goes into it.
  useLayoutEffect(() => {
    if (takesFocus()) field.current?.focus();
  }, []);
  return (
    <label class="filter">
      <span class="unseen">{words}</span>
      <input
        ref={field}
        data-filter
        type="search"
        placeholder={words}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <kbd>/</kbd>
    </label>
  );
}
