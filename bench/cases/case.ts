/**
 * What a case is, and what it gets to work with.
 *
 * Rule: a case says everything about its load and its peers; what runs cases knows none of them by name.
 */

import type { Outcome } from '../figures/outcome.ts';
import type { Peer } from '../peers/peer.ts';
import type { Ground } from '../stage/launch.ts';
import type { Pace } from './rotate.ts';

export interface Stage {
  readonly ground: Ground;
  /** Those that were asked for and are installed. */
  readonly peers: readonly Peer[];
  /** The peers that are this product: the working tree, and the commit it is held against. */
  readonly own: readonly { readonly name: string; readonly root: string }[];
  readonly pace: Pace;
  /** Requests a second for cases of fixed rate; undefined: half of what the router sustains. */
  readonly rate: number | undefined;
  readonly note: (text: string) => void;
}

export interface Case {
  readonly id: string;
  /** One line for --help and reports. */
  readonly title: string;
  run(stage: Stage): Promise<Outcome>;
}
