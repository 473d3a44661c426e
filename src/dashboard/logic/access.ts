/**
 * Who may do what, as the page shows it before anybody tries.
 *
 * Rule: it is only to spare a click; the router decides. What is not allowed is shown with the reason, never hidden.
 */

import type { Role, Status } from '../../admin/shapes/status.ts';

const ORDER: readonly Role[] = ['viewer', 'operator', 'admin'];

/** Why not, in a sentence; undefined where it is allowed. */
export function objection(status: Status | undefined, needed: Role, edits: boolean): string | undefined {
  if (status === undefined) return 'The router has not said yet who you are.';
  const { you, writeBack } = status;
  if (ORDER.indexOf(you.role) < ORDER.indexOf(needed)) return `This needs the role ${needed}; you are ${you.role}.`;
  if (edits && !writeBack.writable) return `Edits cannot be written: ${writeBack.detail || writeBack.path}.`;
  return undefined;
}
