/**
 * For what an exchange waits, and for how long: the client connection's one timer, armed anew at every step.
 *
 * Rule: no timer object of its own for a request. While the client still sends its body the upstream's clock stands still:
 * attempt and total count from the last byte of the request. What follows when a time is over is the attempt's to say.
 */

import { timeoutsOf } from './outcome.ts';
import type { Patient } from './traveller.ts';

export function armFor(attempt: Patient, now: number): void {
  const { client, upload, relay } = attempt;
  if (relay.begun) client.wait(relay.blocked ? 'client' : 'relay', now + timeoutsOf(attempt.destination).idle);
  else if (upload.done || upload.expecting) armForReply(attempt, now);
  else if (upload.blocked) client.wait('relay', now + timeoutsOf(attempt.destination).idle);
  else client.wait('upload', now + client.door.settings.timeout.body);
}

function armForReply(attempt: Patient, now: number): void {
  const { client, destination, current, upload, end } = attempt;
  const begun = Math.max(current?.begun ?? now, upload.completeAt);
  const due = begun + timeoutsOf(destination).attempt;
  const hedge = destination?.protection.hedge;
  if (hedge !== undefined && attempt.mayHedge) {
    const at = begun + hedge.delay();
    if (at > now && at < Math.min(due, end)) {
      client.wait('hedge', at);
      return;
    }
  }
  if (due <= end) client.wait('reply', due);
  else client.wait('total', end);
}
