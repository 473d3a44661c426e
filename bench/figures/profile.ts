/**
 * Where the time goes, from the .cpuprofile files that Node.js leaves, one per thread: as a list of the functions with
 * most time of their own, and as a tree of who called whom, for the flame graph.
 *
 * Rule: idle time is no time. Samples of one place under one caller are one frame, whatever node V8 gave each.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A place in the code under its caller. Times are microseconds. */
export interface Frame {
  readonly name: string;
  /** File and line, shortened to what tells. */
  readonly place: string;
  self: number;
  total: number;
  readonly callees: Map<string, Frame>;
}

const ROOT_URL = new URL('../../', import.meta.url).href;

function placeOf(url: string, line: number): string {
  if (url === '') return '';
  const path = url.startsWith(ROOT_URL)
    ? url.slice(ROOT_URL.length)
    : url.replace(/^.*\/(?=(?:src|node_modules)\/)/, '');
  return `${path.startsWith('file:') ? fileURLToPath(path) : path}:${line + 1}`;
}

function frameOf(name: string, place: string): Frame {
  return { name, place, self: 0, total: 0, callees: new Map() };
}

/** The tree of a profile, its totals added up. */
export function fold({ nodes, samples, timeDeltas }: Profile): Frame {
  const selfTimes = new Map<number, number>();
  samples.forEach((id, i) => {
    selfTimes.set(id, (selfTimes.get(id) ?? 0) + Math.max(0, timeDeltas[i]));
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const called = new Set(nodes.flatMap(({ children = [] }) => children));
  const root = frameOf('all', '');
  const walk = (id: number, under: Frame): void => {
    const node = byId.get(id);
    if (node === undefined || node.callFrame.functionName === '(idle)') return;
    const { functionName, url, lineNumber } = node.callFrame;
    const name = functionName || '(anonymous)';
    const place = placeOf(url, lineNumber);
    const frame = under.callees.get(`${name} ${place}`) ?? frameOf(name, place);
    under.callees.set(`${name} ${place}`, frame);
    frame.self += selfTimes.get(id) ?? 0;
    for (const child of node.children ?? []) walk(child, frame);
  };
  for (const { id, children = [] } of nodes) {
    // The outermost node says only "(root)"; its callees are the beginnings of everything.
    if (!called.has(id)) for (const child of children) walk(child, root);
  }
  addUp(root);
  return root;
}

function addUp(frame: Frame): number {
  frame.total = [...frame.callees.values()].reduce((sum, callee) => sum + addUp(callee), frame.self);
  return frame.total;
}

/** The threads profiled into a folder, busiest first. */
export function readProfiles(folder: string): Frame[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => fold(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile))
    .sort((a, b) => b.total - a.total);
}

/** The functions with most time of their own, as lines. */
export function hottest(root: Frame, count: number): string {
  const functions = new Map<string, number>();
  const walk = (frame: Frame): void => {
    const label = `${frame.name} ${frame.place}`;
    functions.set(label, (functions.get(label) ?? 0) + frame.self);
    for (const callee of frame.callees.values()) walk(callee);
  };
  walk(root);
  const top = [...functions].sort((a, b) => b[1] - a[1]).slice(0, count);
  const lines = top.map(([label, time]) => `  ${((time / root.total) * 100).toFixed(1).padStart(5)} %  ${label}`);
  return [`a thread busy for ${(root.total / 1e6).toFixed(1)} s, of that:`, ...lines].join('\n');
}
