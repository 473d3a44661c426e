/**
 * Shapes that many calls of the admin API share: problems, pages, durations.
 *
 * Rule: one source for three uses: what is validated, what stands in the OpenAPI document, and the types that handlers,
 * the command line and the dashboard are written against. Plain JSON Schema (2020-12), no shape refers to another by name.
 */

import Type, { type Static, type TSchema } from 'typebox';
import { DURATION_PATTERN } from '../../core/duration.ts';

/** Of routes, upstreams, rollouts, invariants and lease instances. */
export const ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';

export const Id = Type.String({ pattern: ID_PATTERN, description: 'letters, digits, `.`, `_` and `-`' });
export const Duration = Type.String({ pattern: DURATION_PATTERN, description: 'a duration such as `250ms` or `3s`' });
export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });
export const Text = (description: string, maxLength = 1000) => Type.String({ description, maxLength });

/** One thing wrong with (or worth saying about) a document or a body. */
export const ProblemItem = Type.Object(
  {
    severity: Type.Union([Type.Literal('error'), Type.Literal('notice')]),
    pointer: Type.String({ description: 'where in the document or body (RFC 6901)' }),
    detail: Type.String(),
    advice: Type.String({ description: 'what to do about it' }),
    path: Type.Optional(Type.String({ description: 'the file, where the text is one' })),
    line: Type.Optional(Type.Integer({ minimum: 1 })),
    column: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
);
export type ProblemItem = Static<typeof ProblemItem>;

/** A part that two sides changed at once. */
export const Conflict = Type.Object(
  {
    pointer: Type.String(),
    base: Type.Unknown({ description: 'as the running document has it' }),
    file: Type.Unknown({ description: 'as the file on disk has it' }),
    yours: Type.Unknown({ description: 'as the refused edit would have it' }),
  },
  { additionalProperties: false },
);
export type Conflict = Static<typeof Conflict>;

/** RFC 9457. */
export const ProblemReply = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'for programs; stays the same between versions' }),
    problems: Type.Optional(Type.Array(ProblemItem)),
    conflicts: Type.Optional(Type.Array(Conflict)),
    revision: Type.Optional(Type.String({ description: 'the revision that runs' })),
  },
  { additionalProperties: false },
);
export type ProblemReply = Static<typeof ProblemReply>;

/** A page of a list, oldest or alphabetically first; `next` goes into `after` of the next call. */
export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object(
    {
      items: Type.Array(item),
      total: Type.Integer({ minimum: 0 }),
      next: Type.Optional(Type.String({ description: 'absent on the last page' })),
    },
    { additionalProperties: false },
  );

export const PageQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    after: Type.Optional(Type.String({ maxLength: 200, description: '`next` of the page before' })),
  },
  { additionalProperties: false },
);

/** Of a list whose items have numbers: `next` is one. */
export const NumberedQuery = Type.Object(
  {
    limit: PageQuery.properties.limit,
    after: Type.Optional(Type.String({ pattern: '^\\d{1,15}$', description: '`next` of the page before' })),
  },
  { additionalProperties: false },
);

/** Whatever the document says there; the call's own description tells what. */
export const Any = Type.Unknown();
