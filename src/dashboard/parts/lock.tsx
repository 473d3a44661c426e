/**
 * Asks for the token, where the router wants one.
 *
 * Rule: a password field, so that it is neither shown nor remembered by the page; it is kept for this tab alone.
 */

import type { TargetedSubmitEvent } from 'preact';
import { setToken } from '../browser/api.ts';
import { change } from '../browser/store.ts';
import { Dialog } from './dialog.tsx';

export function Lock({ why, onToken }: { readonly why: string; readonly onToken: () => void }) {
  const close = (): void => change({ locked: undefined });
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setToken(String(new FormData(event.currentTarget).get('token') ?? '').trim());
    close();
    onToken();
  };
  return (
    <Dialog title="Access" onClose={close}>
      <form onSubmit={submit}>
        <p>{why}</p>
        <div class="fields">
          <label class="wide">
            Token
            <input name="token" type="password" required autocomplete="off" spellcheck={false} />
          </label>
        </div>
        <p class="dim">Kept until this tab is closed, and sent to this router alone.</p>
        <div class="buttons">
          <button type="submit" class="primary">
            Go on
          </button>
        </div>
      </form>
    </Dialog>
  );
}
