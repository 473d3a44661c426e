/**
 * What a case found: for each peer and each figure one sample per rotation.
 *
 * Rule: medians and ratios are made from samples when somebody asks; the JSON file keeps the samples.
 */

export interface Column {
  readonly key: string;
  readonly label: string;
  readonly digits: number;
}

export interface Row {
  readonly peer: string;
  /** Column key -> one value per rotation, in their order. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

export interface Outcome {
  readonly id: string;
  readonly title: string;
  /** The first is the main figure, for which there are ratios. */
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** What a reader must know, a line each. */
  readonly notes: readonly string[];
}

/** Gathers samples while a case runs. */
export class Samples {
  private readonly rows = new Map<string, Record<string, number[]>>();

  add(peer: string, values: Readonly<Record<string, number>>): void {
    const row = this.rows.get(peer) ?? {};
    this.rows.set(peer, row);
    for (const [key, value] of Object.entries(values)) row[key] = [...(row[key] ?? []), value];
  }

  of(peer: string): Readonly<Record<string, readonly number[]>> {
    return this.rows.get(peer) ?? {};
  }

  all(): Row[] {
    return [...this.rows].map(([peer, samples]) => ({ peer, samples }));
  }
}
