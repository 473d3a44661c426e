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
/** Most routes rewrite nothing: one object for all of them. */
const AS_IT_CAME: Policies['rewrite'] = Object.freeze({
  target: undefined,
  host: undefined,
  request: undefined,
  response: undefined,
});

/** Compiles the policies of one route. Throws where settings contradict the route or must not be written to a head. */
export function buildPolicies(settings: PolicySettings, place: RedirectPlace, names: NameSet): Policies {
  const { redirect, rewrite } = settings;
  const answers = redirect === undefined ? NONE : [redirectAnswer(redirect, place)];
  return { gates: NONE, answers, rewrite: buildRewrite(rewrite, `route ${place.route}: rewrite.headers`, names) };
}

/** Whether a route does nothing of its own: all such routes are alike in their policies. */
export function isPlain({ gates, answers, rewrite }: Policies): boolean {
  return gates === NONE && answers === NONE && rewrite === AS_IT_CAME;
}

function buildRewrite(settings: RewriteSettings, where: string, names: NameSet): Policies['rewrite'] {
  const { host, headers } = settings;
  const target = targetRewrite(settings);
  const request = headerEdit(headers.request, names, `${where}.request`);
  const response = headerEdit(headers.response, names, `${where}.response`);
  if (target === undefined && host === undefined && request === undefined && response === undefined) return AS_IT_CAME;
  return { target, host, request, response };
}
