/**
 * A worker thread as the control thread sees it: calls out, answers in.
 *
 * Rule: every call is answered. When the thread ends, whatever was still open is answered with that, and `onEnd` hears of
 * it once, with what the thread died of. One that starts over gets the calls again, of which it has seen none.
 */

import { Worker } from 'node:worker_threads';
import type { CallerDigest } from '../core/callers.ts';
import type { PlaneEvents, PlaneLog } from '../core/events.ts';
import type { LeavingMember, MembersChange } from '../upstream/upstream.ts';
import { START_OVER } from './first-start.ts';
import type {
  Answer,
  Birth,
  BlockMemory,
  DataThread,
  EndableThread,
  FromThread,
  MembersCall,
  Method,
  ThreadStatus,
  ToThread,
} from './protocol.ts';

export interface RemoteNeeds {
  /** The thread's number from 0, for its name in `top -H`. */
  readonly lane: number;
  readonly birth: Omit<Birth, 'mayStartOver'>;
  readonly log: PlaneLog;
  readonly tell: PlaneEvents;
  /** The thread is over; `cause` is undefined where it was asked to end. */
  readonly onEnd: (cause: Error | undefined) => void;
}

const ENTRY = new URL('../boot.js', import.meta.url);

export function startWorker(needs: RemoteNeeds, entry: URL = ENTRY): EndableThread {
  return new RemoteThread(entry, needs);
}

interface Call {
  readonly message: ToThread;
  readonly settle: (answer: Answer<unknown>) => void;
}

class RemoteThread implements EndableThread {
  private worker: Worker;
  private readonly open = new Map<number, Call>();
  private calls = 0;
  private over = false;

  constructor(entry: URL, needs: RemoteNeeds) {
    this.worker = this.launch(entry, needs, true);
  }

  private launch(entry: URL, needs: RemoteNeeds, mayStartOver: boolean): Worker {
    const birth: Birth = { ...needs.birth, mayStartOver };
    const worker = new Worker(entry, { workerData: birth, name: `data ${needs.lane}` });
    let cause: Error | undefined;
    worker.on('message', (message: FromThread) => this.hear(message, needs));
    worker.on('error', (error: Error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      if (code === START_OVER && mayStartOver && !this.over) {
        this.worker = this.launch(entry, needs, false);
        for (const { message } of this.open.values()) this.say(message);
        return;
      }
      this.over = true;
      const reason = cause === undefined ? 'the thread ended' : `the thread died: ${cause.message}`;
      for (const { settle } of this.open.values()) settle({ ok: false, reason });
      this.open.clear();
      needs.onEnd(cause ?? (code === 0 ? undefined : new Error(`the thread ended with code ${code}`)));
    });
    return worker;
  }

  prepare = (call: Parameters<DataThread['prepare']>[0]) => this.call<undefined>('prepare', call);
  commit = (revision: string) => this.call<undefined>('commit', revision);
  members = (call: MembersCall, memory: BlockMemory) => this.call<undefined>('members', call, memory);
  change = (call: MembersChange, memory: BlockMemory) => this.call<boolean>('change', call, memory);
  underWay = (members: readonly LeavingMember[]) => this.call<readonly number[]>('underWay', members);
  drop = (revision: string) => this.call<undefined>('drop', revision);
  listen = (call: Parameters<DataThread['listen']>[0]) => this.call<number>('listen', call);
  drain = () => this.call<undefined>('drain', undefined);
  stop = (limit: number) => this.call<undefined>('stop', limit);
  status = () => this.call<ThreadStatus>('status', undefined);
  flush = () => this.call<undefined>('flush', undefined);
  callers = (watch: boolean) => this.call<CallerDigest>('callers', watch);

  async end(): Promise<void> {
    this.over = true;
    await this.worker.terminate();
  }

  private call<T>(method: Method, ...given: unknown[]): Promise<Answer<T>> {
    if (this.over) return Promise.resolve({ ok: false, reason: 'the thread ended' });
    return new Promise((resolve) => {
      this.calls += 1;
      const message = { id: this.calls, method, given };
      // entry.ts answers a call with what the method of the same name returned.
      this.open.set(this.calls, { message, settle: resolve as Call['settle'] });
      this.say(message);
    });
  }

  private hear(message: FromThread, needs: RemoteNeeds): void {
    if (message.is === 'answer') {
      this.open.get(message.id)?.settle(message.answer);
      this.open.delete(message.id);
    } else if (message.is === 'event') {
      needs.tell(message.event);
    } else {
      needs.log(message.level, message.fields, message.message);
    }
  }

  private say(message: ToThread): void {
    this.worker.postMessage(message);
  }
}
