/**
 * All data threads of the process, as one: every document goes to each of them in two phases, and one that dies is
 * replaced.
 *
 * Rule: a new thread gets the current document and opens the same ports before it counts as running; its predecessor's
 * counts go on, its gauges begin at 0. A thread that does not answer in time is ended like one that died. Which document
 * is the right one is left to control.
 */

import type { CallerDigest } from '../core/callers.ts';
import type { PlaneLog } from '../core/events.ts';
import type { LeavingMember } from '../upstream/upstream.ts';
import { MemberLists } from './lists.ts';
import { Packer } from './parcel.ts';
import { type Pauses, restPauses } from './pauses.ts';
import { canShare } from './ports.ts';
import type {
  Answer,
  BlockMemory,
  EndableThread,
  ListenCall,
  MembersCall,
  Order,
  Parcel,
  ThreadStatus,
} from './protocol.ts';
import type { Question, Seat } from './seat.ts';
import { given, sumOf, sumsOf } from './sums.ts';

/** How long a thread may take to swap a document or to open a port, milliseconds. */
const ANSWER_LIMIT = 15_000;
/** How long it may take to compile one, which goes on beside its traffic, milliseconds. */
const COMPILE_LIMIT = 120_000;
/** How long a question may take whose answer is good to have but not needed, milliseconds. */
const QUESTION_LIMIT = 2000;
/** How long one may take that is asked every second, milliseconds: a thread that is late lacks once. */
const GLANCE_LIMIT = 250;
/** Beyond the drain limit, for what a thread does after it, milliseconds. */
const STOP_GRACE = 2000;

export interface CrewNeeds {
  readonly count: number;
  /** Starts the thread of a lane; `onEnd` hears once that it is over, and of what it died. */
  readonly start: (lane: number, onEnd: (cause: Error | undefined) => void) => EndableThread;
  readonly memory: (lane: number) => BlockMemory;
  /** A thread is gone: what it held open counts no more. */
  readonly resetGauges: (lane: number) => void;
  /** Brings the threads' access log lines together; undefined where nobody reads them, or no thread needs it. */
  readonly lines?: { collect(): void; stop(): void } | undefined;
  readonly log: PlaneLog;
  readonly pauses?: Pauses;
}

export class Crew {
  private readonly needs: CrewNeeds;
  private readonly seats: Seat[];
  private readonly pauses: Pauses;
  private readonly listening: ListenCall[] = [];
  /** The members that are in no document, as every thread has them or gets them. */
  private readonly members = new MemberLists();
  /** What a thread that starts anew gets; undefined until the first document is in. */
  private current: Order | undefined = undefined;
  private readonly packer = new Packer();
  /** The last order packed, while threads may still need it. */
  private packed: { readonly order: Order; readonly parcel: Parcel } | undefined = undefined;
  private stopping = false;
  private draining = false;
  /** Threads started again so far. */
  restarts = 0;

  constructor(needs: CrewNeeds) {
    this.needs = needs;
    this.pauses = needs.pauses ?? restPauses();
    this.seats = Array.from({ length: needs.count }, (_, lane) => {
      return { lane, thread: undefined, serves: false, asked: undefined, ready: undefined };
    });
    for (const seat of this.seats) this.startThread(seat);
  }

  get wanted(): number {
    return this.seats.length;
  }

  get running(): number {
    return this.seats.filter((seat) => seat.serves).length;
  }

  /** First phase, on every thread: empty when all have the table ready, else why not. */
  async prepare(order: Order): Promise<string[]> {
    const first = this.current === undefined;
    const living = this.seats.filter((seat) => seat.thread !== undefined && (seat.serves || first));
    if (living.length === 0) return ['no data thread is running'];
    const answers = await Promise.all(living.map((seat) => this.prepareOne(seat, order)));
    return answers.flatMap((answer, i) => (answer.ok ? [] : [`data thread ${living[i].lane}: ${answer.reason}`]));
  }

  /** Second phase: from here on this is the document, also for threads that start later. */
  async commit(order: Order): Promise<void> {
    // Whoever came up since the others compiled does so while lists still say who serves the table that it runs.
    const late = this.seats.filter((seat) => seat.serves && seat.ready !== order.revision);
    await Promise.all(late.map((seat) => this.prepareOne(seat, order)));
    this.current = order;
    this.members.beginSwap();
    await Promise.all(this.seats.map((seat) => this.commitOne(seat, order)));
    this.members.endSwap();
    this.packed = undefined;
  }

  /** The proposal was refused: threads forget what they have ready. */
  async drop(revision: string): Promise<void> {
    this.packed = undefined;
    // One that did not answer in time may still be at it.
    const asked = this.seats.filter((seat) => seat.asked === revision);
    for (const seat of asked) {
      seat.asked = undefined;
      seat.ready = undefined;
    }
    await Promise.all(asked.map((seat) => this.ask(seat, (thread) => thread.drop(revision))));
  }

  /** Tells every thread who serves an upstream beside the endpoints of the document. */
  async join({ upstream, members }: Omit<MembersCall, 'number'>): Promise<void> {
    const change = this.members.put(upstream, members);
    await this.askAll((thread, lane) => this.members.tell(change, thread, () => this.needs.memory(lane)));
  }

  /** What is still under way at members that have left, on all threads; undefined where one does not say. */
  async underWay(members: readonly LeavingMember[]): Promise<readonly number[] | undefined> {
    const living = this.seats.filter((seat) => seat.thread !== undefined);
    return sumsOf(await this.askAll((thread) => thread.underWay(members), living), members.length);
  }

  /** Opens a listener on every thread; the first thread picks the port where it is 0. The answer is the port. */
  async listen(call: Omit<ListenCall, 'reusePort'>): Promise<Answer<number>> {
    let { port } = call;
    const reusePort = canShare(process.platform);
    for (const seat of this.seats) {
      const answer = await this.ask(seat, (thread) => thread.listen({ ...call, port, reusePort }));
      if (!answer.ok) return answer;
      port = answer.value;
    }
    this.listening.push({ ...call, port, reusePort });
    return { ok: true, value: port };
  }

  /** All ports are open: from here on a thread that dies is replaced. */
  serve(): void {
    for (const seat of this.seats) seat.serves = seat.thread !== undefined;
  }

  async drain(): Promise<void> {
    this.draining = true;
    await this.askAll((thread) => thread.drain());
  }

  /** Ends all threads; exchanges under way get `limit` milliseconds. Called again with a shorter limit, that one holds. */
  async stop(limit: number): Promise<void> {
    this.stopping = true;
    this.pauses.stop();
    const ends = this.seats.map(async (seat) => {
      await this.ask(seat, (thread) => thread.stop(limit), limit + STOP_GRACE);
      await seat.thread?.end();
      seat.thread = undefined;
      seat.serves = false;
    });
    await Promise.all(ends);
    this.needs.lines?.stop();
  }

  /** What all threads hold, added up. */
  async status(): Promise<ThreadStatus> {
    return sumOf(await this.askAll((thread) => thread.status()));
  }

  /** Has every thread hand on its access log lines. */
  async flush(): Promise<void> {
    await this.askAll((thread) => thread.flush());
    this.needs.lines?.collect();
  }

  /** What threads counted by caller since the last call, of each that says so in time; they go on while `watch`. */
  async callers(watch: boolean): Promise<CallerDigest[]> {
    return given(await this.askAll((thread) => thread.callers(watch), this.seats, GLANCE_LIMIT));
  }

  private startThread(seat: Seat): void {
    this.pauses.begun(seat.lane);
    const thread = this.needs.start(seat.lane, (cause) => this.ended(seat, thread, cause));
    seat.thread = thread;
  }

  private ended(seat: Seat, thread: EndableThread, cause: Error | undefined): void {
    if (seat.thread !== thread) return;
    seat.thread = undefined;
    seat.serves = false;
    seat.asked = undefined;
    seat.ready = undefined;
    this.needs.resetGauges(seat.lane);
    if (this.stopping) return;
    const fields = { thread: seat.lane, err: cause?.message, stack: cause?.stack };
    // Before the first document is in, whoever starts the router hears of it by its answer.
    if (this.current === undefined) {
      this.needs.log('error', fields, 'data thread died at start');
      return;
    }
    const again = this.pauses.after(seat.lane, () => void this.restart(seat));
    this.needs.log('error', { ...fields, again }, 'data thread died; its connections are lost, a new one starts');
  }

  private async restart(seat: Seat): Promise<void> {
    this.restarts += 1;
    this.startThread(seat);
    const { thread } = seat;
    const reason = await this.bringUp(seat, thread);
    this.packed = undefined;
    // Whatever happened meanwhile to this thread was told and dealt with where it happened.
    if (seat.thread !== thread || thread === undefined || this.stopping) return;
    if (reason === undefined) {
      this.needs.log('info', { thread: seat.lane, revision: this.current?.revision }, 'data thread serves again');
    } else {
      this.needs.log('error', { thread: seat.lane, reason }, 'data thread could not start');
      await thread.end();
    }
  }

  /** Gives a new thread the current document and the ports; undefined once it serves, else why not. */
  private async bringUp(seat: Seat, thread: EndableThread | undefined): Promise<string | undefined> {
    let has: Order | undefined;
    for (let opened = false; has !== this.current || !opened; ) {
      if (has !== this.current && this.current !== undefined) {
        const order = this.current;
        const answer = await this.install(seat, order);
        if (!answer.ok) return answer.reason;
        has = order;
      } else {
        const reason = await this.openAll(seat);
        if (reason !== undefined) return reason;
        opened = true;
      }
    }
    // In the same turn as the last look at `current`: a commit in between would pass this thread by.
    seat.serves = seat.thread === thread;
    return undefined;
  }

  private async openAll(seat: Seat): Promise<string | undefined> {
    for (const call of this.listening) {
      const answer = await this.ask(seat, (thread) => thread.listen(call));
      if (!answer.ok) return `listener ${call.listener}: ${answer.reason}`;
    }
    if (this.draining) await this.ask(seat, (thread) => thread.drain());
    return undefined;
  }

  private async prepareOne(seat: Seat, order: Order): Promise<Answer<undefined>> {
    const { revision } = order;
    const members = this.members.all();
    const call = { revision, parcel: this.pack(order), memory: this.needs.memory(seat.lane), members };
    seat.asked = revision;
    seat.ready = undefined;
    const answer = await this.ask(seat, (thread) => thread.prepare(call), COMPILE_LIMIT);
    if (answer.ok) seat.ready = revision;
    return answer;
  }

  /** Once for all threads. */
  private pack(order: Order): Parcel {
    if (this.packed?.order !== order) this.packed = { order, parcel: this.packer.pack(order) };
    return this.packed.parcel;
  }

  private async commitOne(seat: Seat, order: Order): Promise<void> {
    // A thread that is still on its way up takes the new document there.
    if (seat.ready !== order.revision && !seat.serves) return;
    const answer = await this.install(seat, order);
    if (answer.ok || seat.thread === undefined) return;
    // All others run the new document by now; one that cannot follow must not serve on with the old.
    this.needs.log('error', { thread: seat.lane, reason: answer.reason }, 'data thread could not swap the document');
    await seat.thread.end();
  }

  private async install(seat: Seat, order: Order): Promise<Answer<undefined>> {
    if (seat.ready !== order.revision) {
      const prepared = await this.prepareOne(seat, order);
      if (!prepared.ok) return prepared;
    }
    seat.ready = undefined;
    return this.ask(seat, (thread) => thread.commit(order.revision));
  }

  private askAll<T>(question: Question<T>, seats = this.seats, limit = QUESTION_LIMIT): Promise<Answer<T>[]> {
    return Promise.all(seats.map((seat) => this.ask(seat, question, limit)));
  }

  private async ask<T>(seat: Seat, question: Question<T>, limit = ANSWER_LIMIT): Promise<Answer<T>> {
    if (seat.thread === undefined) return { ok: false, reason: 'the thread is not running' };
    const silence: Answer<T> = { ok: false, reason: `no answer within ${limit} ms` };
    return this.pauses.within(question(seat.thread, seat.lane), limit, silence);
  }
}
