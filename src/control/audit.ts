/**
 * The memory of who changed what, and why: a chained log and the texts of documents in the state folder.
 *
 * Rule: it never stands in the way of a change. What cannot be written waits in memory and is tried again; a folder that
 * cannot be had, or that another router holds, means that everything waits. `state` says so, and the log does once. Steps
 * are taken one after the other, so that lines stand in the order of decisions.
 */

import { type Alarms, systemAlarms } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';
import type { PlaneLog } from '../core/events.ts';
import type { Kept } from './audit-file.ts';
import { type AuditContent, type AuditDecision, isBeside } from './audit-line.ts';
import { FolderTaken } from './audit-lock.ts';
import { type AuditLimits, AuditStore, isTakenAway } from './audit-store.ts';
import { charactersOf, type Waiting, waitingOf } from './audit-waiting.ts';

export interface AuditNeeds {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: PlaneLog;
  readonly limits: AuditLimits;
  readonly alarms?: Alarms;
  /** Hears, whenever that was found out, whether the folder is this router's: no other one that runs holds it. */
  readonly claimed?: (ours: boolean) => void;
}

/** A decision to be remembered, with the text that it was about. */
export interface AuditEntry extends Omit<AuditDecision, 'patchOmitted'> {
  readonly text: string | undefined;
  /** The text of the parent, as it stood when it was replaced. */
  readonly replaced?: string | undefined;
}

export interface AuditRecord extends AuditContent {
  /** Its text is there. */
  readonly restorable: boolean;
}

export interface AuditState {
  /** Every record is what was written. */
  readonly intact: boolean;
  readonly records: number;
  /** What is wrong; '' where nothing is. */
  readonly detail: string;
}

/** Records that wait, and characters of their texts: memory has an end before disks have room again. */
const MOST_WAITING = 100;
const MOST_WAITING_TEXT = 67_108_864;
const TAKEN_AWAY = 'the audit log was taken away while the router ran; it goes on with what is there, or begins anew';
/** Milliseconds until what could not be written is tried again. */
const TRY_AGAIN = 10_000;

export class Audit {
  private readonly needs: AuditNeeds;
  private limits: AuditLimits;
  private store: AuditStore | undefined = undefined;
  private readonly waiting: Waiting[] = [];
  /** Records that waited and were given up. */
  private lost = 0;
  /** Why something is not on the disk; '' where everything is. */
  private trouble = '';
  private queue: Promise<unknown> = Promise.resolve();
  private cancel: (() => void) | undefined = undefined;
  private closed = false;

  private constructor(needs: AuditNeeds) {
    this.needs = needs;
    this.limits = needs.limits;
  }

  /** Reads and verifies what is there; whatever goes wrong is said in the log and in `state`. */
  static async open(needs: AuditNeeds): Promise<Audit> {
    const audit = new Audit(needs);
    await audit.step(() => audit.flush());
    return audit;
  }

  /** Resolves when it is on the disk, or is known not to get there now. Never rejects. */
  append(entry: AuditEntry): Promise<void> {
    const waiting = waitingOf(entry, this.needs.clock.wall());
    return this.step(async () => {
      this.waiting.push(waiting);
      this.shed();
      await this.flush();
    });
  }

  /** Newest first; `before`: only records with a lower number. */
  list({ limit, before = Number.POSITIVE_INFINITY }: { limit: number; before?: number | undefined }) {
    return this.step(async () => {
      const items: AuditRecord[] = [];
      for (const place of this.newestFirst()) {
        if (items.length >= limit) break;
        if (place.number >= before) continue;
        const record = await this.recordAt(place);
        if (record !== undefined) items.push(record);
      }
      return { items, total: this.records };
    });
  }

  /** The newest record of what ran. */
  last(): Promise<AuditRecord | undefined> {
    return this.step(async () => {
      for (const place of this.newestFirst()) {
        const record = place.revision === '' ? undefined : await this.recordAt(place);
        if (record !== undefined) return record;
      }
      return undefined;
    });
  }

  /** The newest record that put a revision in force. */
  find(revision: string): Promise<AuditRecord | undefined> {
    return this.step(async () => {
      for (const place of this.placesOf(revision)) return this.recordAt(place);
      return undefined;
    });
  }

  /** The last text of a revision, byte for byte; undefined where there is none, or none that is what it was. */
  textOf(revision: string): Promise<string | undefined> {
    return this.step(async () => {
      const tried = new Set(['']);
      for (const { document, waiting } of this.textsOf(revision)) {
        if (tried.has(document)) continue;
        tried.add(document);
        const text = waiting?.texts.get(document) ?? (await this.store?.texts.get(document));
        if (text !== undefined) return text;
        this.needs.log('error', { revision, document }, 'the text of a revision is gone, or is not what it was');
      }
      return undefined;
    });
  }

  state(): AuditState {
    const flaws = this.store?.file.flaws ?? [];
    const said = [this.trouble];
    if (this.lost > 0) said.push(`${this.lost} records could not be kept`);
    if (flaws.length > 0)
      said.push(flaws.length === 1 ? flaws[0].detail : `${flaws[0].detail}, and ${flaws.length - 1} more`);
    return { intact: flaws.length === 0, records: this.records, detail: said.filter(Boolean).join('; ') };
  }

  /** Other limits count from now on. */
  setLimits(limits: AuditLimits): Promise<void> {
    this.limits = limits;
    return this.step(() => this.flush());
  }

  /** Tries once more to write what waits, and lets the folder go. */
  close(): Promise<void> {
    return this.step(async () => {
      if (this.waiting.length > 0) await this.flush();
      this.closed = true;
      this.cancel?.();
      await this.letGo();
    });
  }

  private get records(): number {
    return (this.store?.file.kept.length ?? 0) + this.waiting.length;
  }

  /** One after the other, whatever became of the one before. */
  private step<T>(take: () => Promise<T>): Promise<T> {
    const taken = this.queue.then(take);
    this.queue = taken.catch(() => undefined);
    return taken;
  }

  /** Gives up the oldest that wait where there are too many. */
  private shed(): void {
    const size = () => this.waiting.reduce((sum, one) => sum + charactersOf(one), 0);
    while (this.waiting.length > 1 && (this.waiting.length > MOST_WAITING || size() > MOST_WAITING_TEXT)) {
      this.waiting.shift();
      this.lost += 1;
    }
  }

  /** Writes what waits, as far as it can be written, and takes out what is too old or too much. */
  private async flush(again = true): Promise<void> {
    if (this.closed) return;
    this.cancel?.();
    const { clock } = this.needs;
    try {
      this.store ??= await this.hold();
      for (let first = this.waiting.at(0); first !== undefined; first = this.waiting.at(0)) {
        await this.store.write(first.content, first.texts);
        this.waiting.shift();
      }
      await this.store.prune(this.limits, clock.wall());
      this.eased();
    } catch (error) {
      const takenAway = isTakenAway(error);
      const held = this.store !== undefined;
      if (takenAway) await this.letGo();
      if (takenAway && again) {
        if (held) this.needs.log('warn', { err: (error as Error).message }, TAKEN_AWAY);
        return this.flush(false);
      }
      this.troubled(error);
    }
  }

  private async hold(): Promise<AuditStore> {
    const { folder, log, claimed } = this.needs;
    try {
      const store = await AuditStore.hold(folder, log);
      claimed?.(true);
      return store;
    } catch (error) {
      claimed?.(!(error instanceof FolderTaken));
      throw error;
    }
  }

  private async letGo(): Promise<void> {
    const { store } = this;
    this.store = undefined;
    await store?.release();
  }

  private troubled(error: unknown): void {
    const { folder, log, alarms = systemAlarms } = this.needs;
    const reason = error instanceof Error ? error.message : String(error);
    const what = this.store === undefined ? 'revisions are kept in memory only' : 'not all revisions are written';
    const trouble = `${what}: the state folder ${folder}: ${reason}`;
    if (trouble !== this.trouble) log('warn', { folder, err: reason }, `${what}; it is tried again`);
    this.trouble = trouble;
    this.cancel = alarms.after(TRY_AGAIN, () => void this.step(() => this.flush()));
  }

  private eased(): void {
    if (this.trouble === '') return;
    this.trouble = '';
    this.needs.log('info', { folder: this.needs.folder }, 'revisions are written again');
  }

  private *newestFirst(): Generator<Place> {
    const kept = this.store?.file.kept ?? [];
    const next = this.store?.file.next ?? 1;
    for (let i = this.waiting.length - 1; i >= 0; i--) {
      const { content } = this.waiting[i];
      yield { ...content, number: next + i, beside: isBeside(content), waiting: this.waiting[i] };
    }
    for (let i = kept.length - 1; i >= 0; i--) yield { ...kept[i], kept: kept[i] };
  }

  private *textsOf(revision: string): Generator<Pick<Place, 'document' | 'waiting'>> {
    if (revision === '') return;
    for (const place of this.newestFirst()) {
      if (place.beside) continue;
      if (place.revision === revision) yield place;
      else if (place.parent === revision) yield { document: place.replaced ?? '', waiting: place.waiting };
    }
  }

  /** A text that could not be read has no revision to be found by. */
  private *placesOf(revision: string): Generator<Place> {
    if (revision === '') return;
    for (const place of this.newestFirst()) if (place.revision === revision && !place.beside) yield place;
  }

  private async recordAt({ number, document, waiting, kept }: Place): Promise<AuditRecord | undefined> {
    if (waiting !== undefined) return { ...waiting.content, number, restorable: document !== '' };
    const content = kept === undefined ? undefined : await this.store?.file.read(kept).catch(() => undefined);
    if (content === undefined) return undefined;
    return { ...content, restorable: this.store?.texts.has(document) === true };
  }
}

/** Where a record is. */
interface Place {
  readonly number: number;
  readonly revision: string;
  readonly document: string;
  readonly parent: string;
  readonly replaced?: string | undefined;
  readonly beside: boolean;
  readonly waiting?: Waiting | undefined;
  readonly kept?: Kept;
}
