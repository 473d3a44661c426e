/**
 * The map: callers on the left, routes in the middle, upstreams on the right, and what flows between them.
 *
 * Rule: links are SVG and say nothing that nodes do not; nodes are buttons with figures in words. What is shown and where
 * stands in logic/fold.ts and logic/map-layout.ts; positions are set as properties, which the content security policy allows.
 */

import { useEffect, useRef, useState } from 'preact/hooks';
import { close, goTab, open } from '../browser/navigate.ts';
import { change, useStore } from '../browser/store.ts';
import { rate, share } from '../logic/figures.ts';
import { folded, NO_ORDERS, type Orders } from '../logic/fold.ts';
import { graphOf } from '../logic/graph.ts';
import { layOut, type MapLayout, NODE_HEIGHT, neighbours, type PlacedNode, rowsFor } from '../logic/map-layout.ts';
import { toneOf } from '../logic/tone.ts';
import { Mark } from '../parts/tone.tsx';

export function TrafficMap() {
  const { frame, history, routes, place } = useStore();
  const { box, width, rows } = useRoom();
  const [callerRows, setCallerRows] = useState(0);
  const before = useRef({ orders: NO_ORDERS as Orders, wishes: new Map() as MapLayout['wishes'] });
  const looked = place.kind === undefined ? undefined : `${place.kind}:${place.id}`;
  const all = graphOf(
    frame,
    history,
    routes.map(({ id }) => id),
  );
  const room = { caller: rows + callerRows, route: rows, upstream: rows };
  const { graph, orders } = folded(all, { rows: room, looked, before: before.current.orders });
  const layout = layOut(graph, width, before.current.wishes);
  before.current = { orders, wishes: layout.wishes };
  const near = neighbours(graph, looked);
  const unfold = (node: PlacedNode): void => {
    if (node.column === 'caller') setCallerRows(callerRows + rows);
    else if (node.column === 'upstream') goTab('upstreams');
    else {
      change({ order: node.tone === 'idle' ? { by: 'rate', down: true } : { by: 'errorShare', down: true } });
      goTab('routes');
    }
  };
  return (
    <section class="card map" aria-label="Map of the traffic">
      <div class="map-heads" aria-hidden="true">
        <span>callers</span>
        <span>routes</span>
        <span>upstreams</span>
      </div>
      <div class="map-box" ref={box} style={{ height: `${layout.height}px` }}>
        <Links layout={layout} width={width} near={near} />
        {layout.nodes.map((node) => (
          <Node key={node.key} node={node} width={layout.nodeWidth} looked={looked} near={near} onUnfold={unfold} />
        ))}
      </div>
      {graph.nodes.length === 0 && <p class="dim empty">Nothing has flowed yet.</p>}
      <p class="legend dim">
        Width: requests a second. <Mark tone="ok" /> under 1% errors <Mark tone="warn" /> from 1% <Mark tone="bad" />{' '}
        from 5%, or stopped <Mark tone="idle" /> idle
        {callerRows > 0 && (
          <button type="button" class="quiet" onClick={() => setCallerRows(0)}>
            Fewer callers
          </button>
        )}
      </p>
    </section>
  );
}

/** Width of the box in pixels, and rows for the height of the window, again whenever they change. */
function useRoom() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [rows, setRows] = useState(rowsFor(innerHeight));
  useEffect(() => {
    if (box.current === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(box.current);
    const resized = (): void => setRows(rowsFor(innerHeight));
    addEventListener('resize', resized);
    return () => {
      observer.disconnect();
      removeEventListener('resize', resized);
    };
  }, []);
  return { box, width, rows };
}

interface LinksNeeds {
  readonly layout: MapLayout;
  readonly width: number;
  readonly near: ReadonlySet<string> | undefined;
}

function Links({ layout, width, near }: LinksNeeds) {
  return (
    <svg class="links" aria-hidden="true" width={width} height={layout.height}>
      {layout.links.map(({ key, path, thickness, tone, faint }) => {
        const state = near === undefined ? '' : near.has(key) ? 'near' : 'far';
        return (
          <g key={key} class={`link ${tone} ${faint ? 'faint' : ''} ${state}`}>
            <path d={path} stroke-width={thickness} />
            <path class="flow" d={path} stroke-width={Math.max(1, thickness / 3)} />
          </g>
        );
      })}
    </svg>
  );
}

interface NodeNeeds {
  readonly node: PlacedNode;
  readonly width: number;
  readonly looked: string | undefined;
  readonly near: ReadonlySet<string> | undefined;
  readonly onUnfold: (node: PlacedNode) => void;
}

function Node({ node, width, looked, near, onUnfold }: NodeNeeds) {
  const { key, column, id, label, tone, stands } = node;
  const isLooked = looked === key;
  const state = near === undefined || near.has(key) ? '' : 'far';
  const pressed = (): void => {
    if (stands > 0) onUnfold(node);
    else if (isLooked) close();
    else if (id !== '') open(column, id);
  };
  return (
    <button
      type="button"
      class={`node ${tone} ${state} ${stands > 0 ? 'folded' : ''}`}
      aria-pressed={stands > 0 ? undefined : isLooked}
      aria-label={wordsOf(node)}
      title={stands > 0 ? wordsOf(node) : label}
      style={{ left: `${node.x}px`, top: `${node.y}px`, width: `${width}px`, height: `${NODE_HEIGHT}px` }}
      onClick={pressed}
    >
      <span class="name">{label}</span>
      <Facts node={node} />
    </button>
  );
}

/** All that a node shows, in words. */
function wordsOf({ column, label, rate: each, errorShare, note, stands }: PlacedNode): string {
  const name = stands === 0 || label.endsWith('s') ? `${column} ${label}` : `${label} ${column}s`;
  const errors = errorShare > 0 ? `${share(errorShare)} errors` : '';
  return [`${name}: ${rate(each)} requests a second`, note, errors].filter(Boolean).join(', ');
}

function Facts({ node }: { readonly node: PlacedNode }) {
  const { tone, note, stands, errorShare } = node;
  if (stands > 0 && node.rate === 0) return null;
  const figures = tone === 'idle' && stands === 0 && note === '' ? 'idle' : `${rate(node.rate)}/s`;
  return (
    <span class="facts">
      {(stands === 0 || tone !== 'idle') && <Mark tone={tone} />}
      <span class={note === '' ? 'flowing' : 'note'}>{note === '' ? figures : note}</span>
      {errorShare > 0 && <span class={`${toneOf(node.rate, errorShare)}-text`}>{share(errorShare)}</span>}
    </span>
  );
}
