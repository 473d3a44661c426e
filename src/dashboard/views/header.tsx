/**
 * The top of the page: the state in words and colour, what is wrong and where, and the figures of the whole router.
 *
 * Rule: two seconds are enough to know whether something is wrong. The tab's title and icon say it too, for a page that
 * stands behind others.
 */

import { useEffect, useState } from 'preact/hooks';
import { token } from '../browser/api.ts';
import { go } from '../browser/navigate.ts';
import { change, routerTime, type State, useStore } from '../browser/store.ts';
import { ago, counted, duration, rate, share, short, timeOfDay } from '../logic/figures.ts';
import { hashOf } from '../logic/place.ts';
import { SHAPE, type Tone, toneOf } from '../logic/tone.ts';
import { type Connection, overallOf, type Trouble, troublesOf } from '../logic/troubles.ts';
import { Spark } from '../parts/spark.tsx';
import { ThemeSwitch } from '../parts/theme-switch.tsx';
import { Mark } from '../parts/tone.tsx';

const CONNECTION: Readonly<Record<Connection, readonly [Tone, string]>> = {
  connecting: ['idle', 'connecting'],
  live: ['ok', 'live'],
  reconnecting: ['warn', 'reconnecting'],
  gone: ['bad', 'router gone'],
};

/** Troubles named in the header; the others are counted, and named when asked for. */
const NAMED = 6;

export function Header() {
  const state = useStore();
  const { status, frame, history, connection } = state;
  const troubles = troublesOf(status, frame, history);
  const { tone, headline } = overallOf(connection, troubles, frame !== undefined && status !== undefined);
  useEffect(() => sayInTitle(tone, headline), [tone, headline]);
  return (
    <header class={`top ${tone}`}>
      <div class="bar">
        <h1>Signalbox</h1>
        <Identity state={state} />
        <div class="tools">
          {(status === undefined || token() !== '') && (
            <button type="button" class="quiet" onClick={() => change({ locked: 'Another token, for this tab.' })}>
              Token…
            </button>
          )}
          <a class="quiet" href="/docs">
            API
          </a>
          <ThemeSwitch />
        </div>
      </div>
      <div class="summary">
        <div class="overall" role="status">
          <span class="sign" aria-hidden="true">
            {SHAPE[tone]}
          </span>
          <strong>{headline}</strong>
        </div>
        <Figures state={state} />
      </div>
      {troubles.length === 0 ? <Calm state={state} /> : <Troubles troubles={troubles} />}
    </header>
  );
}

/** Who runs, since when, who looks, and whether what is seen is fresh. */
function Identity({ state }: { readonly state: State }) {
  const { status, connection, frame } = state;
  const [tone, word] = CONNECTION[connection];
  const revision = frame?.revision ?? status?.revision;
  const since = status?.since;
  return (
    <ul class="identity" aria-label="Router">
      {revision !== undefined && (
        <li>
          <span class="dim">revision</span> <a href={hashOf({ tab: 'revisions' })}>{short(revision)}</a>
          {since !== undefined && (
            <span class="dim" title={since}>
              {' '}
              since {timeOfDay(since)}, {ago(since, routerTime())}
            </span>
          )}
        </li>
      )}
      {status !== undefined && (
        <li>
          <span class="dim">you</span> {[status.you.name, status.you.role].filter(Boolean).join(', ')}
        </li>
      )}
      <li>
        <Mark tone={tone} /> {word}
      </li>
    </ul>
  );
}

function Figures({ state }: { readonly state: State }) {
  const { history } = state;
  const total = history.recent('total');
  const last = history.last('total');
  return (
    <dl class="figures">
      <div>
        <dt>requests / s</dt>
        <dd>
          <span data-figure="rate">{rate(total.rate)}</span>
          <Spark values={history.line('total', 'rate')} label="Requests a second" say={rate} />
        </dd>
      </div>
      <div>
        <dt>p99</dt>
        <dd>
          <span>{duration(last.p99)}</span>
          <Spark values={history.line('total', 'p99')} label="p99" say={duration} />
        </dd>
      </div>
      <div>
        <dt>errors</dt>
        <dd>
          <span class={`${toneOf(total.rate, total.errorShare)}-text`}>{share(total.errorShare)}</span>
          <Spark values={history.line('total', 'errors')} label="Errors a second" say={rate} tone="errors" />
        </dd>
      </div>
    </dl>
  );
}

function Calm({ state: { status, frame } }: { readonly state: State }) {
  if (status === undefined || frame === undefined) return <p class="calm dim">Asking the router…</p>;
  const { threads, routes, upstreams, members } = status;
  const words = [
    `${threads.running} of ${counted(threads.wanted, 'thread')}`,
    counted(routes, 'route'),
    counted(upstreams, 'upstream'),
    `${members.up} of ${counted(members.total, 'member')} up`,
    counted(frame.connections, 'connection'),
  ];
  return <p class="calm dim">{words.join(' · ')}</p>;
}

function Troubles({ troubles }: { readonly troubles: readonly Trouble[] }) {
  const [all, setAll] = useState(false);
  const more = troubles.length - NAMED;
  return (
    <ul class="troubles" aria-label="What is wrong">
      {troubles.slice(0, all ? troubles.length : NAMED).map(({ tone, text, place }) => (
        <li key={text}>
          <button type="button" class={`trouble ${tone}`} onClick={() => go(place)}>
            <Mark tone={tone} />
            <span>{text}</span>
          </button>
        </li>
      ))}
      {more > 0 && (
        <li>
          <button type="button" class="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'fewer' : `and ${more} more`}
          </button>
        </li>
      )}
    </ul>
  );
}

const ICON_COLOURS: Readonly<Record<Tone, string>> = { ok: '1f9d61', idle: '6b7785', warn: 'd99a1c', bad: 'd6333b' };
const ICON_SHAPES: Readonly<Record<Tone, string>> = {
  ok: "<circle cx='8' cy='8' r='6' ",
  idle: "<circle cx='8' cy='8' r='5' ",
  warn: "<path d='M8 1l7 7-7 7-7-7z' ",
  bad: "<path d='M8 1l7.5 14H.5z' ",
};

function sayInTitle(tone: Tone, headline: string): void {
  document.title = `${SHAPE[tone]} ${headline} · Signalbox`;
  const shape = `${ICON_SHAPES[tone]}fill='#${ICON_COLOURS[tone]}'/>`;
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>${shape}</svg>`;
  document.getElementById('icon')?.setAttribute('href', `data:image/svg+xml,${encodeURIComponent(svg)}`);
}
