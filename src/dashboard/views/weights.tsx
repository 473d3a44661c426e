/**
 * The weights of a split, to be moved.
 *
 * Rule: a slider and a number for each side, the shares beside them as they would be; nothing is sent before the dialog has
 * said what it would do.
 */

import { useState } from 'preact/hooks';
import { reweigh } from '../browser/plans.ts';
import { share } from '../logic/figures.ts';
import { portion, type Split, withWeights } from '../logic/weights.ts';
import { Act } from '../parts/act.tsx';

interface WeightsNeeds {
  readonly route: string;
  readonly written: unknown;
  readonly split: Split;
}

export function Weights({ route, written, split }: WeightsNeeds) {
  const [weights, setWeights] = useState(split.weights);
  // As it stands in the field: an empty one, or `7.`, is on its way to a number, and must not become another one meanwhile.
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const ids = Object.keys(split.weights);
  const most = Math.max(100, ...Object.values(split.weights));
  const moved = ids.some((id) => weights[id] !== split.weights[id]);
  const empty = ids.every((id) => (weights[id] ?? 0) === 0);
  const wrong = ids.find((id) => typed[id] !== undefined && weightIn(typed[id]) === undefined);
  const on: Hands = {
    move: (id, text, byHand) => {
      const weight = weightIn(text);
      if (weight !== undefined) setWeights({ ...weights, [id]: weight });
      setTyped(byHand ? { ...typed, [id]: text } : without(typed, id));
    },
    leave: (id, text) => {
      if (weightIn(text) !== undefined) setTyped(without(typed, id));
    },
  };
  const back = (): void => {
    setWeights(split.weights);
    setTyped({});
  };
  const not = objectionTo({ wrong, moved, empty });
  return (
    <fieldset class="weights">
      <legend>Weights{split.label === 'split' ? '' : `: ${split.label}`}</legend>
      {ids.map((id) => (
        <Side
          key={id}
          id={id}
          weight={weights[id] ?? 0}
          typed={typed[id]}
          part={portion(weights, id)}
          most={most}
          on={on}
        />
      ))}
      <div class="row-of-buttons">
        <Act plan={() => reweigh(route, withWeights(written, split.path, weights))} kind="primary" not={not}>
          Apply weights…
        </Act>
        {(moved || wrong !== undefined) && (
          <button type="button" onClick={back}>
            As they were
          </button>
        )}
      </div>
    </fieldset>
  );
}

interface Hands {
  readonly move: (id: string, text: string, byHand: boolean) => void;
  readonly leave: (id: string, text: string) => void;
}

interface SideNeeds {
  readonly id: string;
  readonly weight: number;
  readonly typed: string | undefined;
  /** Of all, 0 to 1. */
  readonly part: number;
  readonly most: number;
  readonly on: Hands;
}

function Side({ id, weight, typed, part, most, on }: SideNeeds) {
  return (
    <div class="weight">
      <span class="name" title={id}>
        {id}
      </span>
      <input
        type="range"
        min="0"
        max={most}
        value={weight}
        aria-label={`Weight of ${id}`}
        onInput={(event) => on.move(id, event.currentTarget.value, false)}
      />
      <input
        type="number"
        min="0"
        step="any"
        value={typed ?? weight}
        aria-label={`Weight of ${id} as a number`}
        onInput={(event) => on.move(id, event.currentTarget.value, true)}
        onBlur={(event) => on.leave(id, event.currentTarget.value)}
      />
      <span class="number">{share(part)}</span>
    </div>
  );
}

function weightIn(text: string): number | undefined {
  const weight = Number(text);
  return text !== '' && Number.isFinite(weight) && weight >= 0 ? weight : undefined;
}

function without(typed: Readonly<Record<string, string>>, id: string): Record<string, string> {
  return Object.fromEntries(Object.entries(typed).filter(([each]) => each !== id));
}

interface Moved {
  /** Whose field holds no number. */
  readonly wrong: string | undefined;
  readonly moved: boolean;
  readonly empty: boolean;
}

function objectionTo({ wrong, moved, empty }: Moved): string | undefined {
  if (wrong !== undefined) return `The weight of ${wrong} is no number from 0 up.`;
  if (!moved) return 'No weight was moved.';
  return empty ? 'At least one weight must be above 0.' : undefined;
}
