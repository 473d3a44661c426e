/**
 * Whose the state folder is: this router's, another's that runs, or not known yet.
 *
 * Rule: the lock of the audit log decides (audit-lock.ts), which is taken once traffic flows. Until it is this router's,
 * nothing in the folder is written over: what is in it may be what another router needs at its next start. A folder that
 * cannot be locked for another reason is taken for one's own.
 */

export const TAKEN = 'another router uses the state folder; stop that one, or give this one a folder of its own';

/** What those who write into the folder ask. */
export interface Claimed {
  readonly whose: 'unknown' | 'ours' | 'theirs';
  /** Calls back whenever it has become this router's. */
  onOurs(act: () => void): void;
}

/** Of a folder that nobody else knows of. */
export const OURS: Claimed = { whose: 'ours', onOurs: () => {} };

export class Claim implements Claimed {
  whose: Claimed['whose'] = 'unknown';
  private readonly acts: (() => void)[] = [];

  onOurs(act: () => void): void {
    this.acts.push(act);
  }

  readonly settle = (ours: boolean): void => {
    const before = this.whose;
    this.whose = ours ? 'ours' : 'theirs';
    if (ours && before !== 'ours') for (const act of this.acts) act();
  };
}
