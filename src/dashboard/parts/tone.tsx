/**
 * How bad something is: a shape, a word and a colour, always together.
 *
 * Rule: the shape is for eyes, the word for everybody; a screen reader hears the word alone.
 */

import type { ComponentChildren } from 'preact';
import { SHAPE, type Tone } from '../logic/tone.ts';

/** Where the word stands beside it anyway. */
export function Mark({ tone }: { readonly tone: Tone }) {
  return (
    <span class={`mark ${tone}`} aria-hidden="true">
      {SHAPE[tone]}
    </span>
  );
}

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <Mark tone={tone} />
      {children}
    </span>
  );
}
