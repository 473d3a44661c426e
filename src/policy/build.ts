/**
 * From a route's policy settings to what the line runs: gates, answers and edits.
 *
 * Rule: the one list of the policies there are. A new policy is a file of its own and a line here; the data path asks
 * only for the shapes of policy.ts.
 */

import type { NameSet } from '../core/names.ts';
import { headerEdit } from './headers.ts';
import type { Answer, Gate, HeaderEdit, RedirectSettings, RewriteSettings } from './policy.ts';
import { type RedirectPlace, redirectAnswer } from './redirect.ts';
import { type TargetRewrite, targetRewrite } from './rewrite.ts';

export interface PolicySettings {
  readonly redirect?: RedirectSettings;
  readonly rewrite: RewriteSettings;
}

export interface Policies {
  readonly gates: readonly Gate[];
  readonly answers: readonly Answer[];
  readonly rewrite: {
    readonly target: TargetRewrite | undefined;
    readonly host: string | undefined;
    readonly request: HeaderEdit | undefined;
    readonly response: HeaderEdit | undefined;
  };
}

const NONE: readonly never[] = Object.freeze([]);

/** Compiles the policies of one route. Throws where settings contradict the route or must not be written to a head. */
export function buildPolicies(settings: PolicySettings, place: RedirectPlace, names: NameSet): Policies {
  const { redirect, rewrite } = settings;
  const where = `route ${place.route}: rewrite.headers`;
  return {
    gates: NONE,
    answers: redirect === undefined ? NONE : [redirectAnswer(redirect, place)],
    rewrite: {
      target: targetRewrite(rewrite),
      host: rewrite.host,
      request: headerEdit(rewrite.headers.request, names, `${where}.request`),
      response: headerEdit(rewrite.headers.response, names, `${where}.response`),
    },
  };
}
