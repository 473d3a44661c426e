/**
 * One call: what it is, what it takes and answers, and a form to try it.
 *
 * Rule: what is inside is made when somebody opens it; a page of forty forms would be slow and unreadable.
 */

import { useState } from 'preact/hooks';
import type { Operation } from '../logic/openapi.ts';
import { SchemaView } from './schema-view.tsx';
import { TryForm } from './try-form.tsx';

interface CallNeeds {
  readonly call: Operation;
  readonly api: unknown;
}

export function CallView({ call, api }: CallNeeds) {
  const [open, setOpen] = useState(false);
  return (
    <details class="call" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class={`method ${call.method.toLowerCase()}`}>{call.method}</span>
        <code>{call.path}</code>
        <span class="dim">{call.summary}</span>
      </summary>
      {open && <Inside call={call} api={api} />}
    </details>
  );
}

function Inside({ call, api }: CallNeeds) {
  return (
    <div class="call-body">
      {call.description !== '' && call.description !== call.summary && <p>{call.description}</p>}
      <div class="shapes">
        {call.bodies.map((body) => (
          <SchemaView key={body.type} title={`Body: ${body.type}`} schema={body.schema} api={api} />
        ))}
        {call.answers.map(({ status, description, bodies }) => (
          <div key={status}>
            {bodies.length === 0 && (
              <p>
                <b>{status}</b> {description}
              </p>
            )}
            {bodies.map(({ type, schema }) => (
              <SchemaView key={type} title={`${status}: ${description || type}`} schema={schema} api={api} />
            ))}
          </div>
        ))}
      </div>
      <TryForm call={call} api={api} />
    </div>
  );
}
