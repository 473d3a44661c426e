/**
 * A flame graph as one SVG file: open it in a browser, point at a frame for its figures, click it to widen it.
 *
 * Rule: the width of a frame is its share of the time, callees stand on their callers, and colours say whose code it is.
 * Nothing is loaded from elsewhere.
 */

import type { Frame } from './profile.ts';

const WIDTH = 1600;
const ROW = 17;
const TOP = 30;
/** Frames narrower than this are left out; their time shows in their caller. Pixels. */
const LEAST = 0.3;

interface Box {
  readonly frame: Frame;
  readonly depth: number;
  readonly x: number;
  readonly width: number;
}

/** Where each frame goes; the root is the bottom row. */
export function boxes(root: Frame): Box[] {
  const all: Box[] = [];
  const place = (frame: Frame, depth: number, x: number): void => {
    const width = (frame.total / root.total) * WIDTH;
    if (!(width >= LEAST)) return;
    all.push({ frame, depth, x, width });
    let left = x;
    for (const callee of [...frame.callees.values()].sort((a, b) => b.total - a.total)) {
      place(callee, depth + 1, left);
      left += (callee.total / root.total) * WIDTH;
    }
  };
  place(root, 0, 0);
  return all;
}

function colour({ name, place }: Frame): string {
  if (place.startsWith('src/')) return '#f4a259';
  if (place.startsWith('node_modules/')) return '#8cb369';
  if (place.startsWith('node:')) return '#7fb2e5';
  return name.startsWith('(') ? '#c8c8c8' : '#b9a7d6';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

// Widens the clicked frame, its callers and its callees to the whole width; everything else goes until the next click.
const SCRIPT = `
const frames = [...document.querySelectorAll('g')].map((g) => ({ g, x: +g.dataset.x, w: +g.dataset.w, d: +g.dataset.d }));
function zoom(to) {
  for (const f of frames) {
    const caller = f.d <= to.d && f.x <= to.x + 1e-6 && f.x + f.w >= to.x + to.w - 1e-6;
    const callee = f.d >= to.d && f.x >= to.x - 1e-6 && f.x + f.w <= to.x + to.w + 1e-6;
    f.g.style.display = caller || callee ? '' : 'none';
    const x = caller ? 0 : ((f.x - to.x) / to.w) * ${WIDTH};
    const w = caller ? ${WIDTH} : (f.w / to.w) * ${WIDTH};
    f.g.querySelector('rect').setAttribute('x', x);
    f.g.querySelector('rect').setAttribute('width', w);
    const text = f.g.querySelector('text');
    text.setAttribute('x', x + 3);
    text.textContent = w < 30 ? '' : f.g.dataset.n.slice(0, Math.floor((w - 4) / 6.6));
  }
}
for (const f of frames) f.g.addEventListener('click', () => zoom(f));
zoom(frames[0]);
`;

/** The whole file. */
export function flameGraph(root: Frame, title: string): string {
  const all = boxes(root);
  const height = TOP + (Math.max(0, ...all.map(({ depth }) => depth)) + 1) * ROW + 10;
  const groups = all.map(({ frame, depth, x, width }) => {
    const y = height - 10 - (depth + 1) * ROW;
    const label = escaped(`${frame.name} ${frame.place}`.trim());
    const share = ((frame.total / root.total) * 100).toFixed(2);
    const own = ((frame.self / root.total) * 100).toFixed(2);
    return (
      `<g data-x="${x.toFixed(3)}" data-w="${width.toFixed(3)}" data-d="${depth}" data-n="${label}">` +
      `<title>${label}: ${share} %, of its own ${own} %</title>` +
      `<rect y="${y}" height="${ROW - 1}" rx="1" fill="${colour(frame)}"/><text y="${y + 12}"/></g>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">
<style>text { font: 11px monospace; pointer-events: none } g { cursor: pointer }</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="6" y="18">${escaped(title)}</text>
${groups.join('\n')}
<script><![CDATA[${SCRIPT}]]></script>
</svg>
`;
}
