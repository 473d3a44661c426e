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
import { routerTime, type State, useStore } from '../browser/store.ts';
import { duration, left, rate, share } from '../logic/figures.ts';
import type { History } from '../logic/history.ts';
import { hashOf } from '../logic/place.ts';
import { circuitTone, circuitWord, membersTone, type Tone, toneOf, worse } from '../logic/tone.ts';
import { Act } from '../parts/act.tsx';
import { Spark } from '../parts/spark.tsx';
import { Badge, Mark } from '../parts/tone.tsx';

/** Rows shown at first; each is drawn once a second. */
const PAGE = 100;
const ORDER: readonly Tone[] = ['bad', 'warn', 'ok', 'idle'];

function stateOf(upstream: LiveUpstream, history: History): Tone {
  const { rate: asked } = history.recent(`upstream:${upstream.id}`);
  return worse(circuitTone(upstream.circuit), membersTone(upstream, asked));
}

export function Upstreams() {
  const state = useStore();
  const [most, setMost] = useState(PAGE);
  const rank = (upstream: LiveUpstream): number => ORDER.indexOf(stateOf(upstream, state.history));
  const rows = (state.frame?.upstreams ?? []).toSorted((one, other) => rank(one) - rank(other));
  return (
    <section class="card upstreams" aria-label="Upstreams">
      <table>
        <thead>
          <tr>
            <th scope="col">Upstream</th>
            <th scope="col">Circuit</th>
            <th scope="col" title="members that can serve, of all">
              Up
            </th>
            <th scope="col" class="number">
              Rate
            </th>
            <th scope="col" class="line roomy">
              Rate, 2 min
            </th>
            <th scope="col" class="number">
              Errors
            </th>
            <th scope="col" class="number roomy">
              p99
            </th>
            <th scope="col" class="number roomy">
              In flight
            </th>
            <th scope="col" class="number roomy spare">
              Queued
            </th>
            <th scope="col" class="number roomy spare">
              Retries / s
            </th>
            <th scope="col" class="roomy">
              <span class="unseen">Actions</span>
            </th>
          </tr>
        </thead>
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
      {rows.length === 0 && <p class="dim empty">The router has told of none yet.</p>}
    </section>
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
