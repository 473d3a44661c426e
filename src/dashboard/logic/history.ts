/**
 * The last two minutes: one figure a second for every route, upstream, caller and link between them.
 *
 * Rule: a ring of 120 seconds per name, allocated when the name is first seen and dropped once it was silent for all of
 * them, so that a page that stays open for days holds no more than one that is new. A second that was missed (the
 * connection was away) is a gap, not a zero.
 */

import type { Flow, LiveFrame } from '../../admin/shapes/live.ts';

export const SECONDS = 120;

export type Measure = 'rate' | 'p99' | 'errors';

interface Track {
  readonly rate: Float32Array;
  readonly p99: Float32Array;
  /** Errors a second. */
  readonly errors: Float32Array;
  /** Second in which it was last named. */
  seen: number;
  flow: Partial<Flow>;
}

export interface Recent {
  readonly rate: number;
  readonly errorShare: number;
}

/** The name of what flows between two: `link('caller:web', 'route:cart')`. A caller's name, a header's value, holds no line end. */
export function link(from: string, to: string): string {
  return `${from}\n${to}`;
}

/** Both ends of a link; undefined where the name is one of a single thing. */
export function endsOf(name: string): readonly [string, string] | undefined {
  const at = name.indexOf('\n');
  return at === -1 ? undefined : [name.slice(0, at), name.slice(at + 1)];
}

export class History {
  private second = 0;
  private at = Number.NaN;
  private readonly tracks = new Map<string, Track>();

  push(frame: LiveFrame): void {
    const at = Date.parse(frame.at);
    // A frame that is a little late misses no second.
    const missed = Math.floor((at - this.at) / Math.max(frame.interval, 1) + 0.25) - 1;
    this.at = at;
    for (let i = 0; i < Math.min(missed, SECONDS); i++) this.turn(Number.NaN);
    this.turn(0);
    this.note('total', frame.total);
    for (const route of frame.routes) {
      this.note(`route:${route.id}`, route);
      for (const to of route.to) this.note(link(`route:${route.id}`, `upstream:${to.upstream}`), to);
    }
    for (const upstream of frame.upstreams) this.note(`upstream:${upstream.id}`, upstream);
    for (const caller of frame.callers) {
      this.note(`caller:${caller.id}`, caller);
      for (const to of caller.to) this.note(link(`caller:${caller.id}`, `route:${to.route}`), to);
    }
  }

  /** Oldest first, at most 120; NaN where nothing is known. */
  line(name: string, measure: Measure): number[] {
    const track = this.tracks.get(name);
    const length = Math.min(this.second, SECONDS);
    return Array.from({ length }, (_, i) =>
      track === undefined ? 0 : track[measure][(this.second - length + i) % SECONDS],
    );
  }

  /** Mean of the last seconds, so that a figure read at a glance does not jump. */
  recent(name: string, seconds = 5): Recent {
    const track = this.tracks.get(name);
    let [known, total, failed] = [0, 0, 0];
    for (let i = this.second - 1; i >= Math.max(0, this.second - seconds); i--) {
      const rate = track?.rate[i % SECONDS] ?? 0;
      if (Number.isNaN(rate)) continue;
      known++;
      total += rate;
      failed += track?.errors[i % SECONDS] ?? 0;
    }
    return { rate: total / Math.max(known, 1), errorShare: total === 0 ? 0 : failed / total };
  }

  /** What was last said of it, within the last ten seconds. */
  last(name: string): Partial<Flow> {
    const track = this.tracks.get(name);
    return track === undefined || this.second - track.seen > 10 ? {} : track.flow;
  }

  /** Names with this beginning that were seen within the two minutes, links too. */
  names(prefix: string): string[] {
    return [...this.tracks.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  private turn(fill: number): void {
    const place = this.second % SECONDS;
    this.second++;
    for (const [name, track] of this.tracks) {
      if (this.second - track.seen > SECONDS) this.tracks.delete(name);
      track.rate[place] = fill;
      track.errors[place] = fill;
      track.p99[place] = Number.NaN;
    }
  }

  private note(name: string, flow: Partial<Flow>): void {
    const place = (this.second - 1) % SECONDS;
    const track = this.tracks.get(name) ?? this.begin(name);
    const { rate = 0, errorShare = 0, p99 = null } = flow;
    track.rate[place] = rate;
    track.errors[place] = rate * errorShare;
    track.p99[place] = p99 ?? Number.NaN;
    track.seen = this.second;
    // A second in which nothing ended says nothing new about how long things take.
    if (rate > 0 || track.flow.rate === undefined) track.flow = flow;
  }

  private begin(name: string): Track {
    const track = {
      rate: new Float32Array(SECONDS),
      p99: new Float32Array(SECONDS).fill(Number.NaN),
      errors: new Float32Array(SECONDS),
      seen: this.second,
      flow: {},
    };
    this.tracks.set(name, track);
    return track;
  }
}
