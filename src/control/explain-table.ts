/**
 * The running document as a table where nothing lives, for questions about it.
 *
 * Rule: at most one, of the revision that was asked about last, made at the first question and let go once nobody has
 * asked for a while: of a large document it is tens of megabytes. Traffic never meets it.
 */

import { compile } from '../config/compile.ts';
import { drySite } from '../config/dry-site.ts';
import type { Alarms } from '../core/alarm.ts';
import type { Table } from '../routing/route.ts';
import type { Running } from './view.ts';

/** Milliseconds after the last question. */
const KEPT_FOR = 60_000;

export class DryTable {
  private readonly alarms: Alarms;
  private table: Table | undefined = undefined;
  private cancel = () => {};

  constructor(alarms: Alarms) {
    this.alarms = alarms;
  }

  /** The table of what runs. */
  of({ document, revision }: Running): Table {
    this.cancel();
    // It compiled before it ran.
    const table = this.table?.revision === revision ? this.table : compile(document, revision, drySite());
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
