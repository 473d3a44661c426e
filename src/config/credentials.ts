/**
 * What is secret in a document: places that the shape marks, and values of headers and parameters whose names say so.
 *
 * Rule: one list of words for all that show a document or speak of it. It errs on the side of hiding.
 */

import type { Shape } from './shape.ts';

/** Stands in the place of a secret. */
export const MASK = '***';

const CREDENTIAL = /auth|token|secret|passw|cookie|credential|session|signature|(?:^|[-_])key(?:$|[-_])|apikey/i;

/** Whether a header or parameter of this name carries a credential. */
export function isCredential(name: string): boolean {
  return CREDENTIAL.test(name);
}

/**
 * Whether a text that stands where this map or list should is most likely one of its secrets: `zoe: TOKEN` among tokens,
 * `set: "authorization: ..."`.
 */
export function holdsSecret(shape: Shape): boolean {
  return shape['x-credentials'] === true || marksSecret(shape);
}

function marksSecret({
  'x-secret': secret,
  anyOf = [],
  properties = {},
  patternProperties = {},
  items,
}: Shape): boolean {
  if (secret === true) return true;
  const below = [...anyOf, ...Object.values(properties), ...Object.values(patternProperties)];
  return below.some(marksSecret) || (items !== undefined && marksSecret(items));
}
