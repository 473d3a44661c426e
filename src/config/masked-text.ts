/**
 * Secrets of a whole text: hidden before it is shown, put back when it comes back.
 *
 * Rule: the same as for values (written.ts); everything else of the text stays byte for byte.
 */

import { type Edit, editText } from './edit.ts';
import { patchBetween } from './patch.ts';
import { maskSecrets, unmask, writtenOf } from './written.ts';

/** The text with `***` in place of every secret. */
export function maskText(text: string): Edit {
  const written = writtenOf(text);
  if (!written.ok) return { ok: false, reason: 'the text is not valid YAML' };
  return editText(text, patchBetween(written.value, maskSecrets(written.value)));
}

/** The text with what `running` says wherever a secret reads `***`. A text that cannot be read is left to who reads it. */
export function unmaskText(text: string, running: string): Edit {
  const written = writtenOf(text);
  const before = writtenOf(running);
  if (!written.ok || !before.ok) return { ok: true, text };
  return editText(text, patchBetween(written.value, unmask(written.value, before.value)));
}
