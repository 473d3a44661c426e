/**
 * Whatever the admin API refuses, as problem+json (RFC 9457).
 *
 * Rule: every refusal has a code for programs, a sentence that names the place and the remedy, and where a document is what is
 * wrong, all its problems with pointer, line and column. Faults of the router itself say so and show no stack.
 */

import type { Problem } from '../config/document.ts';
import type { Conflict, ProblemItem, ProblemReply } from './shapes/common.ts';

export const PROBLEM_TYPE = 'application/problem+json';

interface More {
  readonly problems?: readonly ProblemItem[];
  readonly conflicts?: readonly Conflict[];
  readonly revision?: string | undefined;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Methods that the path takes. */
  readonly allow?: readonly string[];
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Content too large',
  414: 'Target too long',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  422: 'Unprocessable content',
  429: 'Too many requests',
  431: 'Request header fields too large',
  500: 'Internal error',
  503: 'Service unavailable',
};

/** Thrown by handlers; the error handler writes it. */
export class Refused extends Error {
  readonly statusCode: number;
  readonly code: string;
  readonly more: More;

  constructor(statusCode: number, code: string, detail: string, more: More = {}) {
    super(detail);
    this.statusCode = statusCode;
    this.code = code;
    this.more = more;
  }
}

export function problemOf(status: number, code: string, detail: string, more: More = {}): ProblemReply {
  const { problems, conflicts, revision } = more;
  return {
    type: 'about:blank',
    title: TITLES[status] ?? (status < 500 ? 'Bad request' : 'Internal error'),
    status,
    detail,
    code,
    ...(problems === undefined || problems.length === 0 ? {} : { problems: [...problems] }),
    ...(conflicts === undefined || conflicts.length === 0 ? {} : { conflicts: [...conflicts] }),
    ...(revision === undefined ? {} : { revision }),
  };
}

/** Of a text with lines: `placed`. A part that came as JSON has none. */
export function itemOf(problem: Problem, placed: boolean): ProblemItem {
  const { severity, pointer, reason: detail, advice, path, line, column } = problem;
  return { severity, pointer, detail, advice, ...(placed ? { path, line, column } : {}) };
}

export function itemsOf(problems: readonly Problem[], placed: boolean): ProblemItem[] {
  return problems.map((problem) => itemOf(problem, placed));
}

export function notFound(what: string, advice: string): Refused {
  return new Refused(404, 'not_found', `${what}; ${advice}`);
}
