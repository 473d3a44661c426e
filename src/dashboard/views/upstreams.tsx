/**
 * The table of upstreams: circuits, members, what is under way.
 *
 * Rule: what is in trouble stands first, whatever its name. The one thing that is done in a hurry, stopping the traffic to
 * an upstream or letting it go, has its button in the row; everything else stands in the details.
 */

import { useState } from 'preact/hooks';
import type { LiveUpstream } from '../../admin/shapes/live.ts';
import type { UpstreamStatus } from '../../admin/shapes/status.ts';
import { forceClosed, isolate, letGo } from '../browser/plans.ts';
import { change, routerTime, type State, useStore } from '../browser/store.ts';
import { counted, duration, left, rate, share } from '../logic/figures.ts';
import type { History } from '../logic/history.ts';
import { hashOf } from '../logic/place.ts';
import { having } from '../logic/rows.ts';
import { circuitTone, circuitWord, membersTone, type Tone, toneOf, worse } from '../logic/tone.ts';
import { Act } from '../parts/act.tsx';
import { Filter } from '../parts/filter.tsx';
import { Spark } from '../parts/spark.tsx';
import { Badge, Mark } from '../parts/tone.tsx';

/** Rows shown at first; each is drawn once a second. */
const PAGE = 100;
const ORDER: readonly Tone[] = ['bad', 'warn', 'ok', 'idle'];

/** Seconds whose errors decide: a row that jumps with every unlucky second is not found again. */
const ERRORS = 30;

function stateOf(upstream: LiveUpstream, history: History): Tone {
  const name = `upstream:${upstream.id}`;
  const { rate: asked, errorShare } = history.recent(name, ERRORS);
  const own = worse(circuitTone(upstream.circuit), membersTone(upstream, history.recent(name).rate));
  return worse(own, toneOf(asked, errorShare));
}

export function Upstreams() {
  const state = useStore();
  const [most, setMost] = useState(PAGE);
  const rank = (upstream: LiveUpstream): number => ORDER.indexOf(stateOf(upstream, state.history));
  const all = state.frame?.upstreams ?? [];
  const words = ({ id, circuit }: LiveUpstream): string[] => [id, circuitWord(circuit)];
  const rows = having(all, state.upstreamFilter, words).sort((one, other) => rank(one) - rank(other));
  return (
    <section class="card upstreams" aria-label="Upstreams">
      <div class="card-head">
        <Filter
          words="Filter by name or circuit"
          value={state.upstreamFilter}
          onInput={(text) => change({ upstreamFilter: text })}
        />
        <span class="dim" role="status">
          {rows.length === all.length ? '' : `${rows.length} of `}
          {counted(all.length, 'upstream')}
        </span>
      </div>
      <table>
        <Heads />
        <tbody>
          {rows.slice(0, most).map((upstream) => (
            <Row key={upstream.id} upstream={upstream} state={state} />
          ))}
        </tbody>
      </table>
      {rows.length > most && (
        <button type="button" onClick={() => setMost(most + PAGE)}>
          {rows.length - most} more
        </button>
      )}
      {rows.length === 0 && (
        <p class="dim empty">{all.length > 0 ? 'No upstream is like that.' : 'The router has told of none yet.'}</p>
      )}
    </section>
  );
}

/** Class, text and what it means, where that is not clear. */
const HEADS: readonly (readonly [string, string, string?])[] = [
  ['', 'Upstream'],
  ['', 'Circuit'],
  ['', 'Up', 'members that can serve, of all'],
  ['number', 'Rate'],
  ['line roomy', 'Rate, 2 min'],
  ['number', 'Errors'],
  ['number roomy', 'p99'],
  ['number roomy', 'In flight'],
  ['number roomy spare', 'Queued'],
  ['number roomy spare', 'Retries / s'],
];

function Heads() {
  return (
    <thead>
      <tr>
        {HEADS.map(([kind, text, title]) => (
          <th key={text} scope="col" class={kind} title={title}>
            {text}
          </th>
        ))}
        <th scope="col" class="roomy">
          <span class="unseen">Actions</span>
        </th>
      </tr>
    </thead>
  );
}

function Row({ upstream, state }: { readonly upstream: LiveUpstream; readonly state: State }) {
  const { id, circuit, up, members, inFlight, queued, retries } = upstream;
  const { history, place, details } = state;
  const recent = history.recent(`upstream:${id}`);
  const limit = details[id]?.limit;
  const p99 = history.last(`upstream:${id}`).p99;
  return (
    <tr class={place.kind === 'upstream' && place.id === id ? 'looked' : ''}>
      <th scope="row">
        <span class="row-name">
          <Mark tone={stateOf(upstream, history)} />
          <a class="row-link" title={id} href={hashOf({ tab: 'upstreams', kind: 'upstream', id })}>
            {id}
          </a>
        </span>
      </th>
      <td>
        <CircuitState circuit={circuit} detail={details[id]} />
      </td>
      <td class={`${membersTone(upstream, recent.rate)}-text`}>
        {up}/<wbr />
        {members}
      </td>
      <td class="number">{rate(recent.rate)}</td>
      <td class="line roomy">
        <Spark values={history.line(`upstream:${id}`, 'rate')} label={`Rate of ${id}`} say={rate} />
      </td>
      <td class={`number ${toneOf(recent.rate, recent.errorShare)}-text`}>{share(recent.errorShare)}</td>
      <td class="number roomy">{duration(p99)}</td>
      <td class="number roomy">
        {inFlight}
        {limit !== undefined && <span class="dim"> / {limit}</span>}
      </td>
      <td class={`number roomy spare ${queued > 0 ? 'warn-text' : ''}`}>{queued}</td>
      <td class="number roomy spare">{rate(retries)}</td>
      <td class="roomy actions">
        {circuit === 'isolated' || circuit === 'forced' ? (
          <Act plan={() => letGo(id)} label={`Back to automatic: ${id}`}>
            To automatic…
          </Act>
        ) : (
          <Act plan={() => isolate(id)} label={`Isolate ${id}`}>
            Isolate…
          </Act>
        )}
      </td>
    </tr>
  );
}

interface CircuitNeeds {
  readonly circuit: string;
  readonly detail: UpstreamStatus | undefined;
}

/** The state in a word, why, and for how much longer. */
export function CircuitState({ circuit, detail }: CircuitNeeds) {
  const { reason = '', until } = detail?.circuit ?? {};
  const words = [until === undefined ? '' : left(until, routerTime()), reason].filter(Boolean).join(': ');
  return (
    <>
      {circuit === 'closed' ? (
        <span class="dim">closed</span>
      ) : (
        <Badge tone={circuitTone(circuit)}>{circuitWord(circuit)}</Badge>
      )}
      {circuit !== 'closed' && words !== '' && (
        <span class="why dim" title={words}>
          {words}
        </span>
      )}
    </>
  );
}

/** All that can be done with a circuit; what it is in already cannot. */
export function CircuitActions({ id, circuit }: { readonly id: string; readonly circuit: string }) {
  const held = circuit === 'isolated' || circuit === 'forced';
  return (
    <div class="row-of-buttons">
      <Act plan={() => isolate(id)} kind="danger" not={circuit === 'isolated' ? 'It is isolated already.' : undefined}>
        Isolate…
      </Act>
      <Act plan={() => forceClosed(id)} not={circuit === 'forced' ? 'It is forced closed already.' : undefined}>
        Force closed…
      </Act>
      <Act plan={() => letGo(id)} not={held ? undefined : 'Nobody holds it: it is automatic.'}>
        To automatic…
      </Act>
    </div>
  );
}
