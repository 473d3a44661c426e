/**
 * A button that proposes a plan.
 *
 * Rule: what the role does not allow stands there disabled with the reason: in its title for a mouse, as a description for
 * a screen reader. It stays in the order of Tab, so that the reason can be reached by keyboard as well.
 */

import { useId } from 'preact/hooks';
import type { Plan } from '../browser/plan.ts';
import { propose } from '../browser/plans.ts';
import { useStore } from '../browser/store.ts';
import { objection } from '../logic/access.ts';

interface ActNeeds {
  readonly plan: () => Plan;
  readonly children: string;
  readonly label?: string;
  readonly kind?: string;
  /** A reason of the view's own why it cannot be done now. */
  readonly not?: string | undefined;
}

export function Act({ plan, children, label = children, kind = '', not }: ActNeeds) {
  const { status } = useStore();
  const reasonId = useId();
  const { role, edits } = plan();
  const why = objection(status, role, edits) ?? not;
  if (why === undefined) {
    return (
      <button type="button" class={`act ${kind}`} aria-label={label} onClick={() => propose(plan())}>
        {children}
      </button>
    );
  }
  return (
    <>
      <button
        type="button"
        class={`act ${kind}`}
        aria-label={label}
        aria-disabled="true"
        title={why}
        aria-describedby={reasonId}
      >
        {children}
      </button>
      <span id={reasonId} class="unseen">
        {why}
      </span>
    </>
  );
}
