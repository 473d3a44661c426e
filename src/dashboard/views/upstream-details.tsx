/**
 * One upstream: its circuit and what can be done with it, its members, what is under way.
 *
 * Rule: members that come from a lease can be drained here; those of the document and of names are changed where they
 * are written. Of many, those that cannot serve are at the top, and one can be looked for.
 */

import { useState } from 'preact/hooks';
import type { Member } from '../../admin/shapes/status.ts';
import { drain } from '../browser/plans.ts';
import { useStore } from '../browser/store.ts';
import { counted, rate } from '../logic/figures.ts';
import { inTrouble, membersLike, stateWords } from '../logic/members.ts';
import { hashOf } from '../logic/place.ts';
import type { Tone } from '../logic/tone.ts';
import { Act } from '../parts/act.tsx';
import { More } from '../parts/more.tsx';
import { Badge } from '../parts/tone.tsx';
import { FlowFigures } from './flow-figures.tsx';
import { CircuitActions, CircuitState } from './upstreams.tsx';

const MEMBER_TONES: Readonly<Record<string, Tone>> = { up: 'ok', unhealthy: 'bad', ejected: 'warn', draining: 'idle' };
/** Members and routes shown at first; so few need no filter either. */
const PAGE = 12;
const ORIGINS: Readonly<Record<Member['from'], string>> = { file: 'document', name: 'DNS', lease: 'lease' };

export function UpstreamDetails({ id }: { readonly id: string }) {
  const { frame, details } = useStore();
  const live = frame?.upstreams.find((each) => each.id === id);
  // A frame names every upstream there is: a kept address may ask for one that is gone.
  if (frame !== undefined && live === undefined) return <p class="dim">The router has no upstream of this name.</p>;
  const detail = details[id];
  const circuit = live?.circuit ?? detail?.circuit.state ?? 'closed';
  return (
    <>
      <FlowFigures name={`upstream:${id}`} />
      <h3>Circuit</h3>
      <p>
        <CircuitState circuit={circuit} detail={detail} />
        {detail !== undefined && circuit === 'closed' && detail.circuit.failures > 0 && (
          <span class="dim"> {counted(detail.circuit.failures, 'failure')} in a row</span>
        )}
      </p>
      <CircuitActions id={id} circuit={circuit} />
      <h3>Under way</h3>
      <p>
        {live?.inFlight ?? 0} in flight{detail?.limit === undefined ? '' : ` of ${detail.limit}`}, {live?.queued ?? 0}{' '}
        queued, {rate(live?.retries ?? 0)} retries a second
      </p>
      {detail === undefined ? (
        <p class="dim">Asking for its members…</p>
      ) : (
        <>
          <Members id={id} members={detail.members} />
          <LeadingRoutes routes={detail.routes} />
        </>
      )}
    </>
  );
}

function Members({ id, members }: { readonly id: string; readonly members: readonly Member[] }) {
  const [filter, setFilter] = useState('');
  const [most, setMost] = useState(PAGE);
  const found = membersLike(inTrouble(members), filter);
  return (
    <>
      <h3>Members</h3>
      {members.length > 1 && (
        <p class="dim" role="status">
          {filter.trim() === '' ? stateWords(members) : `${found.length} of ${members.length}`}
        </p>
      )}
      {members.length > PAGE && (
        <input
          class="member-filter"
          type="search"
          aria-label="Filter the members"
          placeholder="Filter by address, state, version or zone"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      )}
      <ul class="members">
        {found.slice(0, most).map((member) => (
          <MemberLine key={member.id} upstream={id} member={member} />
        ))}
      </ul>
      <More count={found.length - most} what="member" onMore={() => setMost(most + 100)} />
      {found.length === 0 && <p class="dim">{members.length === 0 ? 'None.' : 'No member is like that.'}</p>}
    </>
  );
}

function LeadingRoutes({ routes }: { readonly routes: readonly string[] }) {
  const { place } = useStore();
  const [most, setMost] = useState(PAGE);
  return (
    <>
      <h3>Routes that lead here</h3>
      <p class="targets">
        {routes.length === 0 && <span class="dim">none</span>}
        {routes.slice(0, most).map((route) => (
          <a key={route} class="target" href={hashOf({ tab: place.tab, kind: 'route', id: route })}>
            {route}
          </a>
        ))}
      </p>
      <More count={routes.length - most} what="route" onMore={() => setMost(most + 100)} />
    </>
  );
}

function MemberLine({ upstream, member }: { readonly upstream: string; readonly member: Member }) {
  const { id, from, state, weight, version, zone, instance, good, bad } = member;
  const total = good + bad;
  const facts = [
    ORIGINS[from],
    `weight ${weight}`,
    version === undefined ? '' : `version ${version}`,
    zone === undefined ? '' : `zone ${zone}`,
    total === 0 ? 'no attempts yet' : `${bad} of ${counted(total, 'attempt')} failed`,
  ];
  return (
    <li>
      <div class="member">
        <Badge tone={MEMBER_TONES[state] ?? 'warn'}>{state}</Badge>
        <b>{instance ?? id}</b>
        {from === 'lease' && instance !== undefined && (
          <Act
            plan={() => drain(upstream, member)}
            label={`Drain ${instance}`}
            not={state === 'draining' ? 'It drains already.' : undefined}
          >
            Drain…
          </Act>
        )}
      </div>
      {instance !== undefined && <div class="dim">{id}</div>}
      <div class="dim">{facts.filter(Boolean).join(' · ')}</div>
    </li>
  );
}
