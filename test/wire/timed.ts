/**
 * The stage of a test of time limits: a data thread whose clock stands still until the test moves it, between real
 * clients and a real origin.
 *
 * Rule: `pass` moves time on tick by tick and lets what happened reach everyone; so a test can stand just below a limit
 * and just above it, and an hour costs nothing. The document is that of stage.ts. Whatever is left at the end fails.
 */

import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { compile, compileInSteps } from '../../src/config/compile.ts';
import { drySite } from '../../src/config/dry-site.ts';
import { readDocument } from '../../src/config/read.ts';
import type { PlaneEvent } from '../../src/core/events.ts';
import { CUTS, Lane, LISTENER_BLOCK } from '../../src/core/lanes.ts';
import { BlockLedger } from '../../src/core/ledger.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { TICK, Timers } from '../../src/core/timers.ts';
import { ProtectionLedger } from '../../src/policy/ledger.ts';
import { Plane } from '../../src/proxy/plane.ts';
import { UpstreamLedger } from '../../src/upstream/build.ts';
import { pack } from '../../src/worker/parcel.ts';
import { Thread } from '../../src/worker/thread.ts';
import { FakeClock } from '../support/clock.ts';
import { seededDraw } from '../support/draw.ts';
import { watchHandles } from '../support/leaks.ts';
import { type ConnectOptions, connectRaw, type RawClient } from '../support/raw-client.ts';
import { type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts';
import { breathe, until } from '../support/wait.ts';
import { type Changes, documentFor } from './stage.ts';

/** A line of the operational log. */
export interface Said {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export class TimedStage {
  readonly clock = new FakeClock();
  readonly timers = new Timers(this.clock, false);
  readonly origin: RawOrigin;
  readonly said: Said[] = [];
  readonly events: PlaneEvent[] = [];
  readonly ports = new Map<string, number>();
  readonly thread: Thread;
  private readonly shared = new SharedLanes(1);
  private readonly ledger = new BlockLedger(this.shared, this.clock);
  private readonly clients = new Set<RawClient>();
  private lines = '';

  constructor(origin: RawOrigin) {
    this.origin = origin;
    const { clock, timers, shared } = this;
    const { words } = shared;
    const tell = (event: PlaneEvent) => void this.events.push(event);
    const lane = new Lane();
    const draw = seededDraw(1);
    const hear = (level: string, fields: Said['fields'], message: string) =>
      void this.said.push({ level, fields, message });
    this.thread = new Thread({
      clock,
      timers,
      lane,
      words,
      upstreams: new UpstreamLedger({ clock, timers, draw, lane, words, tell, log: hear }),
      protections: new ProtectionLedger({ clock, timers, draw, lane, words, tell }),
      plane: (settled) =>
        new Plane({
          clock,
          draw,
          timers,
          lane,
          settled,
          log: hear,
          debug: (fields, message) => hear('debug', fields, message),
        }),
      compile: compileInSteps,
      breathe: () => setImmediate(),
      pid: 1,
      hostname: 'h',
      sink: (text) => {
        this.lines += text;
        return true;
      },
    });
  }

  /** Puts the document in force; the first call opens its listeners too. */
  async take(text: string): Promise<void> {
    const reading = readDocument(text, 'routes.yaml', {});
    assert.ok(reading.ok, JSON.stringify(reading));
    const { document, revision } = reading;
    const claim = this.ledger.claim();
    compile(document, revision, { ...drySite(), block: (key) => claim.block(key) });
    claim.settle();
    const parcel = pack({ document, revision, blocks: claim.entries() });
    const memory = { lane: this.shared.segments(0), common: this.shared.commonSegments };
    const call = { revision, parcel, memory, members: [] };
    assert.deepEqual(await this.thread.prepare(call), { ok: true, value: undefined });
    assert.deepEqual(await this.thread.commit(revision), { ok: true, value: undefined });
    if (this.ports.size > 0) return;
    for (const listener of Object.keys(document.listeners)) {
      const answer = await this.thread.listen({ listener, host: '127.0.0.1', port: 0, reusePort: false });
      assert.ok(answer.ok);
      this.ports.set(listener, answer.value);
    }
  }

  async client(listener = 'internal', options?: ConnectOptions): Promise<RawClient> {
    const client = await connectRaw(this.ports.get(listener) ?? assert.fail(listener), options);
    this.clients.add(client);
    await breathe(4);
    return client;
  }

  /** So much time goes by, and everyone hears of what became due. */
  async pass(milliseconds: number): Promise<void> {
    await breathe(4);
    this.clock.run(this.timers, milliseconds);
    await breathe(8);
  }

  /** Time goes by up to just below `limit` (counted from now); what is due then has not happened yet. */
  passNearly(limit: number): Promise<void> {
    return this.pass(limit - TICK);
  }

  /** What was nearly due is due. */
  passRest(): Promise<void> {
    return this.pass(3 * TICK);
  }

  /** The access log's record of the one exchange with this path. */
  async logged(path: string): Promise<Record<string, unknown>> {
    return until(`the access log's line of ${path}`, () => {
      void this.thread.flush();
      const records = this.lines.split('\n').filter((line) => line !== '');
      const found = records.map((line) => JSON.parse(line) as Record<string, unknown>).filter((r) => r.path === path);
      assert.ok(found.length < 2, `${path} settled ${found.length} times`);
      return found[0];
    });
  }

  /** Client connections that ended without an exchange to tell of it, by reason. */
  get cuts(): Record<string, number> {
    const counted: Record<string, number> = {};
    for (const [key, block] of this.ledger.shown()) {
      if (!key.startsWith('listener:')) continue;
      for (const [i, reason] of CUTS.entries()) {
        const count = this.shared.sum(block, LISTENER_BLOCK.cuts + i);
        if (count > 0) counted[reason] = (counted[reason] ?? 0) + count;
      }
    }
    return counted;
  }

  async connections(): Promise<number> {
    const answer = await this.thread.status();
    return answer.ok ? answer.value.connections : -1;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    await until('the thread to hold no connection', async () => (await this.connections()) === 0);
    await this.abandon();
  }

  async abandon(): Promise<void> {
    for (const client of this.clients) client.close();
    await this.thread.stop(0);
    await this.origin.stop();
  }
}

/** A test's body with a stage of its own. */
export function onTimedStage(
  script: Script,
  body: (stage: TimedStage) => Promise<void>,
  changes: Changes = {},
): () => Promise<void> {
  return async () => {
    const handlesBack = watchHandles();
    const stage = new TimedStage(await startRawOrigin(script));
    try {
      await stage.take(documentFor(stage.origin.port, changes));
      await body(stage);
    } catch (error) {
      await stage.abandon().catch(() => {});
      throw error;
    }
    await stage.close();
    await handlesBack();
  };
}
