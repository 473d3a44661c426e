/**
 * Starts the data threads of a process: worker threads, or the data plane on the main thread where none are wanted.
 *
 * Rule: whoever asks gets a crew either way and need not know which. Access log lines of all threads go to one
 * destination: through rings in shared memory, or directly where there is no second thread.
 */

import type { PlaneEvents, PlaneLog } from '../core/events.ts';
import type { BlockLedger } from '../core/ledger.ts';
import type { SharedLanes } from '../core/shared.ts';
import type { Destination } from '../telemetry/destination.ts';
import { LineCollector } from '../telemetry/line-collector.ts';
import { Crew } from './crew.ts';
import type { EndableThread } from './protocol.ts';
import { type RemoteNeeds, startWorker } from './remote.ts';

export interface CrewSite {
  /** 0: the data plane runs on this thread. */
  readonly workers: number;
  readonly hostname: string;
  readonly lanes: SharedLanes;
  readonly ledger: BlockLedger;
  readonly log: PlaneLog;
  readonly tell: PlaneEvents;
  /** Somebody reads level debug. */
  readonly debug: boolean;
  /** undefined: nobody reads the access log. */
  readonly accessLog: Destination | undefined;
  /** Starts a worker thread; tests hand in one that lets them end it. */
  readonly startWorker: ((needs: RemoteNeeds) => EndableThread) | undefined;
}

export async function startCrew(site: CrewSite): Promise<Crew> {
  const { workers, hostname, lanes, ledger, log, tell, debug, accessLog } = site;
  const threads = Math.max(1, workers);
  const lines = accessLog === undefined || workers === 0 ? undefined : new LineCollector(accessLog);
  const start = site.startWorker ?? startWorker;
  const worker = (lane: number, onEnd: RemoteNeeds['onEnd']): EndableThread =>
    start({ lane, birth: { hostname, threads, debug, lines: lines?.memory(lane) }, log, tell, onEnd });
  // The data plane is for the threads to load; this one needs it only where it is the thread.
  const local = workers === 0 ? await loadLocalThread() : undefined;
  return new Crew({
    count: threads,
    start: (lane, onEnd) => (local === undefined ? worker(lane, onEnd) : local(site)),
    memory: (lane) => ({ lane: lanes.segments(lane), common: lanes.commonSegments }),
    resetGauges: (lane) => ledger.resetGauges(lane),
    lines,
    log,
  });
}

async function loadLocalThread(): Promise<(site: CrewSite) => EndableThread> {
  const { buildThread } = await import('./build.ts');
  return ({ hostname, log, tell, debug, accessLog }) => {
    const sink =
      accessLog &&
      ((lines: Buffer): boolean => {
        accessLog.write(Buffer.from(lines));
        return true;
      });
    return buildThread({ hostname, log, tell, debug, sink, threads: 1 });
  };
}
