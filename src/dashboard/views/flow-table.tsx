/**
 * What flows from or to one thing: who calls it, where it goes.
 *
 * Rule: the busiest first, by a mean of a minute, so that rows do not change places from second to second; a caller of
 * three hundred routes shows a dozen of them until more are asked for.
 */

import { useState } from 'preact/hooks';
import { useStore } from '../browser/store.ts';
import { rate, share } from '../logic/figures.ts';
import { labelOf } from '../logic/graph.ts';
import { endsOf } from '../logic/history.ts';
import { hashOf, type Kind } from '../logic/place.ts';
import { toneOf } from '../logic/tone.ts';
import { More } from '../parts/more.tsx';

const PAGE = 12;
const MINUTE = 60;

interface FlowNeeds {
  readonly title: string;
  /** Names of links in the history. */
  readonly links: readonly string[];
  /** The end of them that a row names. */
  readonly end: 0 | 1;
}

export function FlowTable({ title, links, end }: FlowNeeds) {
  const { history, place } = useStore();
  const [most, setMost] = useState(PAGE);
  const load = new Map(links.map((name) => [name, history.recent(name, MINUTE).rate]));
  const rows = links.toSorted((one, other) => (load.get(other) ?? 0) - (load.get(one) ?? 0));
  return (
    <>
      <h3>{title}</h3>
      <table class="plain" aria-label={title}>
        <tbody>
          {rows.slice(0, most).map((name) => {
            const key = endsOf(name)?.[end] ?? '';
            const at = key.indexOf(':');
            const [kind, id] = [key.slice(0, at) as Kind, key.slice(at + 1)];
            const { rate: each, errorShare } = history.recent(name);
            return (
              <tr key={name}>
                <th scope="row">
                  {id === '' ? (
                    'the router itself'
                  ) : (
                    <a href={hashOf({ tab: place.tab, kind, id })}>{labelOf(kind, id)}</a>
                  )}
                </th>
                <td class="number">{rate(each)}/s</td>
                <td class={`number ${toneOf(each, errorShare)}-text`}>{share(errorShare)} errors</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <More count={rows.length - most} what="row" onMore={() => setMost(most + 100)} />
    </>
  );
}
