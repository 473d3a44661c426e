/**
 * What an attempt shows of itself to the parts that wait and decide for it (patience.ts, course.ts).
 *
 * Rule: they see only these shapes, so that no file imports in a circle.
 */

import type { Lane } from '../core/lanes.ts';
import type { Destination, Route, Table } from '../routing/route.ts';
import type { LinkSink } from '../upstream/upstream.ts';
import type { Onward } from './heads.ts';
import type { Client } from './parts.ts';
import type { Relay } from './relay.ts';
import type { Try } from './try.ts';
import type { Upload } from './upload.ts';

/** Whoever waits. */
export interface Patient {
  readonly client: Client;
  readonly relay: Relay;
  readonly upload: Upload;
  readonly destination: Destination | undefined;
  readonly current: Try | undefined;
  readonly mayHedge: boolean;
  /** When the time of all tries together is over. */
  readonly end: number;
}

/** What a course asks of its attempt. */
export interface Traveller extends Patient, Onward, LinkSink {
  readonly route: Route | undefined;
  readonly table: Table;
  readonly lane: Lane;
  current: Try | undefined;
  /** When whoever called gives up, monotonic; undefined where it does not say. */
  readonly deadline: number | undefined;
  /** A byte of a reply went to the client. */
  readonly told: boolean;
  /** Milliseconds left at this time. */
  left(now: number): number;
  head(destination: Destination): void;
  /** Sends what was kept. */
  send(next: Try, fresh: boolean, now: number): void;
}
