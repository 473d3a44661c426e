/**
 * The running document as a table where nothing lives, for questions about it.
 *
 * Rule: at most one, of the revision that was asked about last, made at the first question and let go once nobody has
 * asked for a while: of a large document it is tens of megabytes. Traffic never meets it.
 */

import { compile, compileInSteps, type Steps } from '../config/compile.ts';
import { drySite } from '../config/dry-site.ts';
import type { Alarms } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';
import type { Table } from '../routing/route.ts';
import type { Running } from './view.ts';

/** Milliseconds after the last question. */
const KEPT_FOR = 60_000;
/** Milliseconds of compiling after which others have their turn. */
const STRETCH = 5;

/** What is asked about. */
export type Compilable = Pick<Running, 'document' | 'revision'>;

export class DryTable {
  private readonly alarms: Alarms;
  private table: Table | undefined = undefined;
  private cancel = () => {};

  constructor(alarms: Alarms) {
    this.alarms = alarms;
  }

  /** The table of what runs. A large one takes a second, and all of it at once unless `prepare` made it before. */
  of({ document, revision }: Compilable): Table {
    // It compiled before it ran.
    return this.keep(this.table?.revision === revision ? this.table : compile(document, revision, drySite()));
  }

  /** Has the table made in short stretches, so that whatever else the control thread does goes on meanwhile. */
  async prepare({ document, revision }: Compilable, clock: Clock): Promise<void> {
    if (this.table?.revision === revision) return;
    const parts = {
      head: document,
      upstreams: Object.entries(document.upstreams),
      routes: Object.entries(document.routes),
    };
    this.keep(await inStretches(compileInSteps(parts, revision, drySite()), clock));
  }

  private keep(table: Table): Table {
    this.cancel();
    this.table = table;
    this.cancel = this.alarms.after(KEPT_FOR, () => this.stop());
    return table;
  }

  /** Lets the table go. */
  stop(): void {
    this.cancel();
    this.table = undefined;
  }
}

async function inStretches<T>(steps: Steps<T>, clock: Clock): Promise<T> {
  let until = clock.now() + STRETCH;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (clock.now() < until) continue;
    await new Promise((resolve) => setImmediate(resolve));
    until = clock.now() + STRETCH;
  }
}
