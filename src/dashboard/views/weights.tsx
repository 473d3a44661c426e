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
  const ids = Object.keys(split.weights);
  const most = Math.max(100, ...Object.values(split.weights));
  const moved = ids.some((id) => weights[id] !== split.weights[id]);
  const empty = ids.every((id) => (weights[id] ?? 0) === 0);
  const move = (id: string, text: string): void => {
    const weight = Number(text);
    if (text !== '' && Number.isFinite(weight) && weight >= 0) setWeights({ ...weights, [id]: weight });
  };
  const not = !moved ? 'No weight was moved.' : empty ? 'At least one weight must be above 0.' : undefined;
  return (
    <fieldset class="weights">
      <legend>Weights{split.label === 'split' ? '' : `: ${split.label}`}</legend>
      {ids.map((id) => (
        <div key={id} class="weight">
          <span class="name" title={id}>
            {id}
          </span>
          <input
            type="range"
            min="0"
            max={most}
            value={weights[id]}
            aria-label={`Weight of ${id}`}
            onInput={(event) => move(id, event.currentTarget.value)}
          />
          <input
            type="number"
            min="0"
            step="any"
            value={weights[id]}
            aria-label={`Weight of ${id} as a number`}
            onInput={(event) => move(id, event.currentTarget.value)}
          />
          <span class="number">{share(portion(weights, id))}</span>
        </div>
      ))}
      <div class="row-of-buttons">
        <Act plan={() => reweigh(route, withWeights(written, split.path, weights))} kind="primary" not={not}>
          Apply weights…
        </Act>
        {moved && (
          <button type="button" onClick={() => setWeights(split.weights)}>
            As they were
          </button>
        )}
      </div>
    </fieldset>
  );
}
