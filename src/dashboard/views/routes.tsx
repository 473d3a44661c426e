/**
 * The table of routes: what flows, how fast, what goes wrong, and where it goes.
 *
 * Rule: one row a route, idle ones too; the name is the link that opens its details. A document of a thousand routes is
 * shown a hundred rows at a time, since every row is drawn once a second.
 */

import { useState } from 'preact/hooks';
import { change, type State, useStore } from '../browser/store.ts';
import { counted, duration, rate, share } from '../logic/figures.ts';
import { labelOf } from '../logic/graph.ts';
import { hashOf } from '../logic/place.ts';
import { filtered, type Order, type RouteRow, rowsOf, type Sort, sorted, type Target } from '../logic/rows.ts';
import { toneOf } from '../logic/tone.ts';
import { Filter } from '../parts/filter.tsx';
import { Spark } from '../parts/spark.tsx';
import { Mark } from '../parts/tone.tsx';

const PAGE = 100;

const HEADS: readonly { readonly sort?: Sort; readonly text: string; readonly kind: string }[] = [
  { sort: 'id', text: 'Route', kind: '' },
  { sort: 'rate', text: 'Rate', kind: 'number' },
  { text: 'Rate, 2 min', kind: 'line roomy' },
  { sort: 'errorShare', text: 'Errors', kind: 'number' },
  { sort: 'p50', text: 'p50', kind: 'number roomy spare' },
  { sort: 'p95', text: 'p95', kind: 'number roomy spare' },
  { sort: 'p99', text: 'p99', kind: 'number' },
  { text: 'p99, 2 min', kind: 'line roomy' },
  { text: 'Goes to', kind: 'roomy' },
];

export function Routes() {
  const state = useStore();
  const { order } = state;
  const [most, setMost] = useState(PAGE);
  const all = rowsOf(state.routes, state.frame, state.history);
  const rows = sorted(filtered(all, state.filter), order.by, order.down);
  return (
    <section class="card" aria-label="Routes">
      <div class="card-head">
        <Filter
          words="Filter by name, path or upstream"
          value={state.filter}
          onInput={(text) => change({ filter: text })}
        />
        <span class="dim" role="status">
          {rows.length === all.length
            ? counted(all.length, 'route')
            : `${rows.length} of ${counted(all.length, 'route')}`}
        </span>
      </div>
      <table>
        <Heads order={order} onOrder={(next) => change({ order: next })} />
        <tbody>
          {rows.slice(0, most).map((row) => (
            <Row key={row.id} row={row} state={state} />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && (
        <p class="dim empty">{all.length > 0 ? 'No route is like that.' : 'The router has told of none yet.'}</p>
      )}
      {rows.length > most && (
        <button type="button" onClick={() => setMost(most + PAGE)}>
          {rows.length - most} more
        </button>
      )}
    </section>
  );
}

function Heads({ order, onOrder }: { readonly order: Order; readonly onOrder: (order: Order) => void }) {
  const turned = (by: Sort): Order => ({ by, down: order.by === by ? !order.down : by !== 'id' });
  return (
    <thead>
      <tr>
        {HEADS.map(({ sort, text, kind }) =>
          sort === undefined ? (
            <th key={text} scope="col" class={kind}>
              {text}
            </th>
          ) : (
            <th
              key={text}
              scope="col"
              class={kind}
              aria-sort={order.by !== sort ? 'none' : order.down ? 'descending' : 'ascending'}
            >
              <button type="button" onClick={() => onOrder(turned(sort))}>
                {text}
                <span aria-hidden="true">{order.by !== sort ? '' : order.down ? ' ↓' : ' ↑'}</span>
              </button>
            </th>
          ),
        )}
      </tr>
    </thead>
  );
}

function Row({ row, state }: { readonly row: RouteRow; readonly state: State }) {
  const { id, match } = row;
  const { history, place } = state;
  const tone = toneOf(row.rate, row.errorShare);
  const name = `route:${id}`;
  return (
    <tr class={place.kind === 'route' && place.id === id ? 'looked' : ''}>
      <th scope="row">
        <span class="row-name">
          <Mark tone={tone} />
          <a class="row-link" title={id} href={hashOf({ tab: 'routes', kind: 'route', id })}>
            {labelOf('route', id)}
          </a>
        </span>
        <span class="match dim" title={match}>
          {match}
        </span>
      </th>
      <td class="number">{rate(row.rate)}</td>
      <td class="line roomy">
        <Spark values={history.line(name, 'rate')} label={`Rate of ${id}`} say={rate} />
      </td>
      <td class={`number ${tone}-text`}>{share(row.errorShare)}</td>
      <td class="number roomy spare">{duration(row.p50)}</td>
      <td class="number roomy spare">{duration(row.p95)}</td>
      <td class="number">{duration(row.p99)}</td>
      <td class="line roomy">
        <Spark values={history.line(name, 'p99')} label={`p99 of ${id}`} say={duration} />
      </td>
      <td class="roomy">
        <Targets targets={row.targets} />
      </td>
    </tr>
  );
}

export function Targets({ targets }: { readonly targets: readonly Target[] }) {
  if (targets.length === 0) return <span class="dim">answers itself</span>;
  return (
    <span class="targets">
      {targets.map(({ upstream, share: part }) => (
        <span key={upstream} class="target" title={upstream}>
          <span class="name">{upstream}</span>
          {part !== undefined && <b>{share(part)}</b>}
        </span>
      ))}
    </span>
  );
}
