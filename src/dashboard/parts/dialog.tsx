/**
 * A modal dialog: the browser's own, which keeps the focus inside, closes by Esc and gives the focus back.
 *
 * Rule: it is open as long as it is on the page; whoever shows it takes it away when `onClose` is called.
 */

import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

interface DialogNeeds {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogNeeds) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const here = useRef(true);
  // Before it is painted, so that what is typed next goes into it.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      here.current = false;
      element?.close();
    };
  }, []);
  // The event of a dialog that was taken away comes late, and may meet the next one.
  const closed = (): void => {
    if (here.current) onClose();
  };
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={closed}>
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}
