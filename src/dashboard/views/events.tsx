/**
 * What happened: circuits that opened, members that went and came back, as a line of time.
 *
 * Rule: newest first, in the router's own sentences; each leads to its upstream.
 */

import type { EventItem } from '../../admin/shapes/status.ts';
import { routerTime, useStore } from '../browser/store.ts';
import { ago, dayAndTime } from '../logic/figures.ts';
import { hashOf } from '../logic/place.ts';
import type { Tone } from '../logic/tone.ts';
import { Mark } from '../parts/tone.tsx';

const TONES: Readonly<Record<string, Tone>> = {
  open: 'bad',
  isolated: 'bad',
  unhealthy: 'bad',
  'half-open': 'warn',
  ejected: 'warn',
  forced: 'warn',
  draining: 'idle',
  closed: 'ok',
  up: 'ok',
};

function toneFor({ is, state = '' }: EventItem): Tone {
  return is === 'panic' ? 'bad' : (TONES[state] ?? 'idle');
}

export function Events() {
  const { events } = useStore();
  return (
    <section class="card" aria-label="Events">
      <ol class="timeline" reversed>
        {events.map((event, i) => (
          <li key={`${event.at} ${events.length - i}`}>
            <time class="dim" dateTime={event.at} title={event.at}>
              {dayAndTime(event.at)}
              <span>{ago(event.at, routerTime())}</span>
            </time>
            <Mark tone={toneFor(event)} />
            <p>
              <a href={hashOf({ tab: 'events', kind: 'upstream', id: event.upstream })}>{event.upstream}</a>
              <span class="unseen">: </span>
              <span>{event.text}</span>
            </p>
          </li>
        ))}
      </ol>
      {events.length === 0 && <p class="dim empty">Nothing has happened since the router started.</p>}
    </section>
  );
}
