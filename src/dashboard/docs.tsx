/**
 * The page that lists the calls of the admin API and lets them be tried.
 *
 * Rule: everything on it comes from /v1/openapi.json, so that it cannot disagree with the router that serves it.
 */

import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask } from './browser/api.ts';
import { useStore } from './browser/store.ts';
import { CallView } from './docs/call-view.tsx';
import { byTag, operationsOf } from './logic/openapi.ts';
import { Lock } from './parts/lock.tsx';
import { ThemeSwitch } from './parts/theme-switch.tsx';

interface Loaded {
  readonly document: unknown;
  readonly problem: string;
}

function Docs() {
  const { locked } = useStore();
  const [{ document: api, problem }, setLoaded] = useState<Loaded>({ document: undefined, problem: '' });
  const load = (): void => {
    ask<unknown>('GET', '/v1/openapi.json').then(
      (document) => setLoaded({ document, problem: '' }),
      (error: unknown) =>
        setLoaded({ document: undefined, problem: String(error instanceof Error ? error.message : error) }),
    );
  };
  useEffect(load, []);
  return (
    <>
      <header class="top idle">
        <div class="bar">
          <h1>Signalbox: the API</h1>
          <div class="tools">
            <a class="quiet" href="/v1/openapi.json">
              OpenAPI
            </a>
            <a class="quiet" href="/">
              Dashboard
            </a>
            <ThemeSwitch />
          </div>
        </div>
      </header>
      <main class="docs">
        {problem !== '' && (
          <p class="card bad-text" role="alert">
            ▲ {problem}
          </p>
        )}
        {api === undefined && problem === '' && <p class="dim">Reading the description of the API…</p>}
        {api !== undefined && <Calls api={api} />}
      </main>
      {locked !== undefined && <Lock why={locked} onToken={load} />}
    </>
  );
}

function Calls({ api }: { readonly api: unknown }) {
  const groups = byTag(operationsOf(api));
  const [text, setText] = useState('');
  const matches = (call: { readonly key: string; readonly summary: string }): boolean =>
    `${call.key} ${call.summary}`.toLowerCase().includes(text.toLowerCase());
  return (
    <>
      <label class="filter">
        <span class="unseen">Filter the calls</span>
        <input
          type="search"
          placeholder="Filter the calls"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {groups.map(([tag, calls]) => {
        const shown = calls.filter(matches);
        if (shown.length === 0) return null;
        return (
          <section key={tag} class="card" aria-label={tag}>
            <h2>{tag}</h2>
            {shown.map((call) => (
              <CallView key={call.key} call={call} api={api} />
            ))}
          </section>
        );
      })}
    </>
  );
}

const page = document.getElementById('page');
if (page !== null) render(<Docs />, page);
