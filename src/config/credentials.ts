/**
 * What is secret in a document: places that the shape marks, and values of headers and parameters whose names say so.
 *
 * Rule: one list of words for all that show a document or speak of it. It errs on the side of hiding.
 */

/** Stands in the place of a secret. */
export const MASK = '***';

const CREDENTIAL = /auth|token|secret|passw|cookie|credential|session|signature|(?:^|[-_])key(?:$|[-_])|apikey/i;

/** Whether a header or parameter of this name carries a credential. */
export function isCredential(name: string): boolean {
  return CREDENTIAL.test(name);
}
