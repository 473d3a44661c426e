/**
 * What routes refer to while they are resolved: names, listeners, and settings that many of them have alike.
 *
 * Rule: made once for a document and handed to every route; only `alike` grows on the way.
 */

import type { ReleaseSettings } from '../release/release.ts';
import type { ListenerSettings } from '../routing/route.ts';
import type { Names } from './names.ts';

export interface Surroundings {
  readonly names: Names;
  readonly listeners: Readonly<Record<string, ListenerSettings>>;
  readonly correlation: string;
  /** Releases and lists of listeners that many routes have alike, by what they say. */
  readonly alike: Alike;
}

export interface Alike {
  readonly releases: Map<string, ReleaseSettings>;
  readonly listeners: Map<string, readonly string[]>;
}
