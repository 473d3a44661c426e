/**
 * The map: callers on the left, routes in the middle, upstreams on the right, and what flows between them.
 *
 * Rule: links are SVG and say nothing that nodes do not; nodes are buttons with figures in words. Placing stands in
 * logic/map-layout.ts; positions are set as properties, which the content security policy allows.
 */

import { useEffect, useRef, useState } from 'preact/hooks';
import { close, goTab, open } from '../browser/navigate.ts';
import { useStore } from '../browser/store.ts';
import { rate, share } from '../logic/figures.ts';
import { graphOf } from '../logic/graph.ts';
import { layOut, type MapLayout, NODE_HEIGHT, neighbours, type PlacedNode } from '../logic/map-layout.ts';
import { toneOf } from '../logic/tone.ts';
import { Mark } from '../parts/tone.tsx';

export function TrafficMap() {
  const { frame, history, routes, place } = useStore();
  const [box, width] = useWidth();
  const graph = graphOf(
    frame,
    history,
    routes.map(({ id }) => id),
  );
  const layout = layOut(graph, width);
  const looked = place.kind === undefined ? undefined : `${place.kind}:${place.id}`;
  const near = neighbours(graph, looked);
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
          <Node key={node.key} node={node} width={layout.nodeWidth} looked={looked} near={near} />
        ))}
      </div>
      {graph.nodes.length === 0 && <p class="dim empty">Nothing has flowed yet.</p>}
      <p class="legend dim">
        Width: requests a second. <Mark tone="ok" /> under 1% errors <Mark tone="warn" /> from 1% <Mark tone="bad" />{' '}
        from 5%, or stopped <Mark tone="idle" /> idle
      </p>
    </section>
  );
}

/** Width of the box in pixels, again whenever it changes. */
function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (box.current === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}

interface LinksNeeds {
  readonly layout: MapLayout;
  readonly width: number;
  readonly near: ReadonlySet<string> | undefined;
}

function Links({ layout, width, near }: LinksNeeds) {
  return (
    <svg class="links" aria-hidden="true" width={width} height={layout.height}>
      {layout.links.map(({ key, path, thickness, tone }) => {
        const state = near === undefined ? '' : near.has(key) ? 'near' : 'far';
        return (
          <g key={key} class={`link ${tone} ${state}`}>
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
}

function Node({ node, width, looked, near }: NodeNeeds) {
  const { key, column, id, label, tone, note, folded } = node;
  const isLooked = looked === key;
  const state = near === undefined || near.has(key) ? '' : 'far';
  const figures = tone === 'idle' && note === '' ? 'idle' : `${rate(node.rate)}/s`;
  const errors = node.errorShare > 0 ? share(node.errorShare) : '';
  const pressed = (): void => {
    if (folded) goTab(column === 'upstream' ? 'upstreams' : 'routes');
    else if (isLooked) close();
    else if (id !== '') open(column, id);
  };
  const words = [`${column} ${label}: ${rate(node.rate)} requests a second`, note, errors && `${errors} errors`];
  return (
    <button
      type="button"
      class={`node ${tone} ${state} ${folded ? 'folded' : ''}`}
      aria-pressed={isLooked}
      aria-label={words.filter(Boolean).join(', ')}
      title={label}
      style={{ left: `${node.x}px`, top: `${node.y}px`, width: `${width}px`, height: `${NODE_HEIGHT}px` }}
      onClick={pressed}
    >
      <span class="name">{label}</span>
      {!folded && (
        <span class="facts">
          <Mark tone={tone} />
          <span class={note === '' ? 'flowing' : 'note'}>{note === '' ? figures : note}</span>
          {errors !== '' && <span class={`${toneOf(node.rate, node.errorShare)}-text`}>{errors}</span>}
        </span>
      )}
    </button>
  );
}
