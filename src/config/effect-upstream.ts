/**
 * What a change of an upstream means to traffic, in sentences.
 *
 * Rule: who serves and how long is waited has words of its own; everything else is said by path (differences.ts).
 */

import type { DestinationSettings } from '../routing/route.ts';
import type { EndpointSettings, TimeoutSettings } from '../upstream/upstream.ts';
import { differences, same, type Wording, type Wordings } from './differences.ts';
import { shown } from './effect-shown.ts';

/** `2 endpoints: http://127.0.0.1:7001, http://127.0.0.1:7002` */
export function endpointsSaid({ endpoints }: DestinationSettings): string {
  const count = endpoints.length === 1 ? '1 endpoint' : `${endpoints.length} endpoints`;
  const first = endpoints.slice(0, 3).map(({ url }) => url);
  return endpoints.length === 0 ? count : `${count}: ${first.join(', ')}${endpoints.length > 3 ? ', ...' : ''}`;
}

export function upstreamChanges(id: string, before: DestinationSettings, after: DestinationSettings): string[] {
  return differences(before, after, ['upstreams', id], WORDINGS);
}

/** Some endpoint serves before and after, so that what is known of the upstream goes on. */
export function goesOn(before: DestinationSettings, after: DestinationSettings): boolean {
  return after.endpoints.some(({ url }) => before.endpoints.some((old) => old.url === url));
}

const whoServes: Wording = (before, after) => {
  const [old, now] = [weights(before as readonly EndpointSettings[]), weights(after as readonly EndpointSettings[])];
  const said: string[] = [];
  for (const [url, weight] of now) {
    const was = old.get(url);
    if (was === undefined) said.push(`endpoint ${url} added${weight === 1 ? '' : ` with weight ${weight}`}`);
    else if (was !== weight) said.push(`endpoint ${url}: weight ${was} -> ${weight}`);
  }
  for (const [url, weight] of old) {
    const was = weight === 1 ? '' : ` (had weight ${weight})`;
    if (!now.has(url)) said.push(`endpoint ${url} removed${was}; requests under way there finish`);
  }
  const stayed = [...old.keys()].filter((url) => now.has(url));
  const order = [...now.keys()].filter((url) => old.has(url));
  if (!same(stayed, order)) said.push(`endpoints in another order: ${order.join(', ')}`);
  return said;
};

function weights(endpoints: readonly EndpointSettings[]): Map<string, number> {
  return new Map(endpoints.map(({ url, weight }) => [url, weight]));
}

function timeout(name: keyof TimeoutSettings): Wording {
  return (before, after, path) => [`${name} timeout ${shown(before, path)} -> ${shown(after, path)}`];
}

const WORDINGS: Wordings = {
  endpoints: whoServes,
  'timeout.connect': timeout('connect'),
  'timeout.attempt': timeout('attempt'),
  'timeout.total': timeout('total'),
  'timeout.idle': timeout('idle'),
};
