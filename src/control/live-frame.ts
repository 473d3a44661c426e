/**
 * One second of traffic, as control/live.ts puts it together and `GET /v1/live` sends it.
 *
 * Rule: the same as the shape that the admin API declares (admin/shapes/live.ts), which may know this folder and not the other
 * way round; the compiler compares them where the stream is made. What had no traffic and holds nothing is left out.
 */

export interface Flow {
  /** Requests ended a second. */
  rate: number;
  /** Share of them that were answered 5xx or not at all, 0 to 1. */
  errorShare: number;
  /** Milliseconds; null where nothing ended. */
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface LiveSide {
  /** '' where the router answered by itself. */
  upstream: string;
  rate: number;
  errorShare: number;
  /** As written in the route's split; null where no split alone decides. */
  weight: number | null;
}

export interface LiveRoute extends Flow {
  id: string;
  to: LiveSide[];
}

export interface LiveUpstream extends Flow {
  id: string;
  inFlight: number;
  queued: number;
  /** Further attempts a second. */
  retries: number;
  circuit: string;
  up: number;
  members: number;
}

export interface LiveCaller extends Flow {
  id: string;
  to: { route: string; rate: number; errorShare: number }[];
}

export interface LiveFrame {
  at: string;
  /** Milliseconds that the figures cover. */
  interval: number;
  revision: string;
  connections: number;
  total: Flow;
  routes: LiveRoute[];
  upstreams: LiveUpstream[];
  callers: LiveCaller[];
}
