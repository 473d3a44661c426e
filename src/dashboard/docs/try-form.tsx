/**
 * A form to try a call, and the reply.
 *
 * Rule: it sends what stands in it, to the router that served the page. Whatever changes something says so on its button.
 */

import type { TargetedSubmitEvent } from 'preact';
import { useId, useState } from 'preact/hooks';
import { type Came, send } from '../browser/send.ts';
import { addressOf, bodyExample, headersFor, type Operation, type Parameter } from '../logic/openapi.ts';

type Reply = { readonly is: 'came'; readonly came: Came } | { readonly is: 'failed'; readonly text: string };

interface TryNeeds {
  readonly call: Operation;
  readonly api: unknown;
}

export function TryForm({ call, api }: TryNeeds) {
  const [reply, setReply] = useState<Reply>();
  const [busy, setBusy] = useState(false);
  const inAddress = call.parameters.filter((each) => each.in !== 'header');
  const headers = headersFor(call);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      setReply({ is: 'came', came: await send(sentBy(form, call, headers)) });
    } catch (error) {
      setReply({ is: 'failed', text: `Nothing came back: ${String(error instanceof Error ? error.message : error)}` });
    }
    setBusy(false);
  };
  return (
    <form class="try" aria-label={`Try ${call.method} ${call.path}`} onSubmit={(event) => void submit(event)}>
      <div class="fields">
        {[...inAddress, ...headers].map((each) => (
          <Field key={`${each.in} ${each.name}`} parameter={each} />
        ))}
      </div>
      {call.bodies.length > 0 && <BodyFields call={call} api={api} />}
      <button type="submit" class={call.method === 'GET' ? 'primary' : 'danger'} disabled={busy}>
        Send {call.method}
      </button>
      <div role="status">
        {reply?.is === 'failed' && <p class="bad-text">▲ {reply.text}</p>}
        {reply?.is === 'came' && <ReplyView came={reply.came} />}
      </div>
    </form>
  );
}

function sentBy(form: FormData, call: Operation, headers: readonly Parameter[]) {
  const value = (place: string, name: string): string => String(form.get(`${place} ${name}`) ?? '').trim();
  const inAddress = call.parameters.filter((each) => each.in !== 'header');
  const values = Object.fromEntries(inAddress.map((each) => [each.name, value(each.in, each.name)]));
  const written = headers.map(({ name }) => [name, value('header', name)] as const).filter(([, text]) => text !== '');
  const type = String(form.get('type') ?? '');
  const hasBody = type !== '' && String(form.get('body')).trim() !== '';
  return {
    method: call.method,
    address: addressOf(call, values),
    headers: { ...Object.fromEntries(written), ...(hasBody ? { 'content-type': type } : {}) },
    body: hasBody ? String(form.get('body')) : undefined,
  };
}

function Field({ parameter }: { readonly parameter: Parameter }) {
  const { name, in: place, required, description, schema } = parameter;
  const choices = schema.enum ?? schema.anyOf?.map((each) => each.const).filter((each) => each !== undefined);
  const field = useId();
  return (
    <label title={description} for={field}>
      <span>
        {name} <span class="dim">{place}</span>
        {required && <span class="required">required</span>}
      </span>
      {schema.type === 'boolean' || (choices !== undefined && choices.length > 0) ? (
        <select id={field} name={`${place} ${name}`} required={required}>
          <option value="" />
          {(choices ?? [true, false]).map((each) => (
            <option key={String(each)} value={String(each)}>
              {String(each)}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={field}
          name={`${place} ${name}`}
          type="text"
          required={required}
          placeholder={schema.default === undefined ? description : String(schema.default)}
          spellcheck={false}
          autocomplete="off"
        />
      )}
    </label>
  );
}

function BodyFields({ call, api }: TryNeeds) {
  const [type, setType] = useState(call.bodies[0]?.type ?? '');
  const body = call.bodies.find((each) => each.type === type) ?? call.bodies[0];
  const example = body === undefined ? '' : bodyExample(body, api);
  return (
    <div class="fields">
      {call.bodies.length > 1 ? (
        <label>
          Content-Type
          <select name="type" value={type} onChange={(event) => setType(event.currentTarget.value)}>
            {call.bodies.map((each) => (
              <option key={each.type} value={each.type}>
                {each.type}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <input type="hidden" name="type" value={type} />
      )}
      <label class="wide">
        Body
        <textarea
          key={type}
          name="body"
          rows={Math.min(14, example.split('\n').length + 1)}
          spellcheck={false}
          defaultValue={example}
        />
      </label>
    </div>
  );
}

function ReplyView({ came: { status, headers, body } }: { readonly came: Came }) {
  const tone = status.startsWith('2') ? 'ok' : status.startsWith('4') ? 'warn' : 'bad';
  return (
    <div class="reply">
      <p>
        <b class={`${tone}-text`}>{status}</b>
      </p>
      <details>
        <summary>{headers.length} headers</summary>
        <pre>{headers.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>
      </details>
      <pre>{body}</pre>
    </div>
  );
}
