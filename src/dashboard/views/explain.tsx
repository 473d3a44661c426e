/**
 * Why a request would go where: asked of the running table, without sending anything.
 *
 * Rule: the form begins with a request that this route should take.
 */

import type { TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import type { Explanation } from '../../admin/shapes/status.ts';
import { ask } from '../browser/api.ts';
import { share } from '../logic/figures.ts';
import { headersIn, requestFor } from '../logic/sample-request.ts';
import { circuitTone } from '../logic/tone.ts';
import { Badge } from '../parts/tone.tsx';

type Said =
  | { readonly is: 'said'; readonly explanation: Explanation }
  | { readonly is: 'refused'; readonly text: string };

export function Explain({ written }: { readonly written: unknown }) {
  const [said, setSaid] = useState<Said>();
  const sample = requestFor(written);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const headers = headersIn(String(form.get('headers') ?? ''));
    const body = { method: String(form.get('method')), url: String(form.get('url')), headers };
    try {
      setSaid({ is: 'said', explanation: await ask<Explanation>('POST', '/v1/explain', { body }) });
    } catch (error) {
      setSaid({ is: 'refused', text: String(error instanceof Error ? error.message : error) });
    }
  };
  return (
    <details open>
      <summary>Explain a request</summary>
      <form class="explain" onSubmit={(event) => void submit(event)}>
        <div class="fields">
          <label>
            Method
            <input name="method" type="text" required value={sample.method} size={7} />
          </label>
          <label class="wide">
            URL
            <input name="url" type="text" required value={sample.url} spellcheck={false} />
          </label>
        </div>
        <div class="fields">
          <label class="wide">
            Headers, one a line
            <textarea name="headers" rows={2} spellcheck={false} placeholder="x-user-id: ada" value={sample.headers} />
          </label>
        </div>
        <button type="submit">Explain</button>
      </form>
      <div role="status">
        {said?.is === 'refused' && <p class="bad-text">▲ {said.text}</p>}
        {said?.is === 'said' && <Answer explanation={said.explanation} />}
      </div>
    </details>
  );
}

function Answer({ explanation }: { readonly explanation: Explanation }) {
  const { words, upstreams, policies, others } = explanation;
  return (
    <div class="answer">
      {words.map((word) => (
        <p key={word}>{word}</p>
      ))}
      {upstreams.map(({ id, share: part, circuit, up, members }) => (
        <p key={id}>
          <b>{share(part)}</b> to {id} <Badge tone={circuitTone(circuit)}>{circuit}</Badge> {up} of {members} up
        </p>
      ))}
      {policies.length > 0 && (
        <dl class="pairs">
          {policies.map(({ name, text }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
      {others.map(({ route, why }) => (
        <p key={route} class="dim">
          not {route}: {why}
        </p>
      ))}
    </div>
  );
}
