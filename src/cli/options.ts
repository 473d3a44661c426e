/**
 * Options that many commands take.
 *
 * Rule: an option means the same wherever it is taken, and is described once.
 */

import type { Offer, Option, Options } from './given.ts';

export const DEFAULT_ADMIN = 'http://127.0.0.1:9901';

export function value(takes: string, says: string, offer: Offer = 'nothing'): Option {
  return { takes, says, offer };
}

/** Which router, and who asks. */
export const REACH: Options = {
  admin: {
    takes: 'URL',
    says: `the router's admin port (SIGNALBOX_ADMIN; default: ${DEFAULT_ADMIN})`,
    offer: 'nothing',
  },
  'token-file': {
    takes: 'FILE',
    says: 'a file with the token (else SIGNALBOX_TOKEN, SIGNALBOX_ADMIN_TOKEN)',
    offer: 'file',
  },
  ca: { takes: 'FILE', says: 'certificates (PEM) to believe an https address by', offer: 'file' },
  cert: { takes: 'FILE', says: 'our own certificate (PEM), where the router asks for one', offer: 'file' },
  key: { takes: 'FILE', says: 'the private key of --cert (PEM)', offer: 'file' },
  timeout: { takes: 'TIME', says: 'the longest that a call may take (default: 10s)', offer: 'nothing' },
};

/** The same, and how the answer is printed. */
export const READ: Options = { json: { says: "the API's JSON in place of text" }, ...REACH };

export const LIMIT: Options = { limit: value('N', 'so many at most') };

export const WRITE: Options = {
  reason: value('TEXT', 'why; kept in the audit log'),
  'if-match': { takes: 'REV', says: 'only if this revision runs', offer: 'revision' },
  'dry-run': { says: 'say what it would do, and change nothing' },
};

/** About a circuit. */
export const ORDER: Options = { reason: value('TEXT', 'why; events, status and refused requests say it') };

/** Of a circuit held open or closed. */
export const CIRCUIT: Options = { ...ORDER, for: value('TIME', 'let go by itself after this long, such as 10m') };
