/**
 * Shapes of what changes the document, what that does, and what is remembered of it.
 *
 * Rule: what a write answers is what happened, and a dry run answers the same without its happening; a record of the audit log
 * says the same things, so that what was foreseen and what was remembered can be compared.
 */

import Type, { type Static } from 'typebox';
import { Id, ProblemItem, Time } from './common.ts';

const Ids = Type.Array(Type.String());
const Parts = Type.Object({ added: Ids, removed: Ids, changed: Ids }, { additionalProperties: false });

/** What a change does, or would do. */
export const Effect = Type.Object(
  {
    words: Type.Array(Type.String(), { description: 'one sentence a line; the first sums it up' }),
    routes: Parts,
    upstreams: Parts,
    other: Type.Array(Type.String(), { description: 'further keys that changed: `correlation`, `defaults`, ...' }),
    requestsUnderWay: Type.Integer({ minimum: 0, description: 'at upstreams that the change touches' }),
  },
  { additionalProperties: false },
);
export type Effect = Static<typeof Effect>;

/** RFC 6902, by whole values: only these three operations. */
export const PatchOperation = Type.Object(
  {
    op: Type.Union([Type.Literal('add'), Type.Literal('remove'), Type.Literal('replace')]),
    path: Type.String({ description: 'RFC 6901' }),
    value: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
);
export type PatchOperation = Static<typeof PatchOperation>;

/** The answer to a write, once every data thread runs it. */
export const Change = Type.Object(
  {
    revision: Type.String({ description: 'that runs now (of a dry run: that would)' }),
    parent: Type.String({ description: 'that ran before' }),
    changed: Type.Boolean({ description: 'false: the document said this already' }),
    dryRun: Type.Boolean(),
    merged: Type.Boolean({ description: 'the file had been changed elsewhere meanwhile; both changes run' }),
    written: Type.Union([Type.Literal('file'), Type.Literal('state'), Type.Literal('nowhere')], {
      description: 'where the edit was written; nowhere: a dry run, or nothing changed',
    }),
    effect: Effect,
    notices: Type.Array(ProblemItem, { description: 'those that are new; POST /v1/config/check lists all' }),
  },
  { additionalProperties: false },
);
export type Change = Static<typeof Change>;

export const CheckResult = Type.Object(
  {
    valid: Type.Boolean(),
    revision: Type.Optional(Type.String({ description: 'it would have' })),
    problems: Type.Array(ProblemItem),
    effect: Type.Optional(Effect),
  },
  { additionalProperties: false },
);
export type CheckResult = Static<typeof CheckResult>;

/** A part of the document as it is written: `${NAME}` stands as such, defaults are not filled in. */
export const Part = Type.Object(
  { id: Id, value: Type.Unknown({ description: 'as it is written in the document' }) },
  { additionalProperties: false },
);

/** One record of the audit log. */
export const Revision = Type.Object(
  {
    number: Type.Integer({ minimum: 1, description: 'of the record; counts up by one' }),
    at: Time,
    revision: Type.String({ description: "'' where it was refused" }),
    parent: Type.String({
      description: "'' for the first; an order about a circuit has the revision that ran here and there",
    }),
    source: Type.String({ description: 'start, file, reload, api, restore, rollout' }),
    author: Type.String(),
    reason: Type.String(),
    result: Type.Union([Type.Literal('applied'), Type.Literal('refused')]),
    detail: Type.String({ description: 'why it was refused; else empty' }),
    words: Type.Array(Type.String()),
    patch: Type.Array(PatchOperation, { description: 'from the parent; long ones are left out, see patchOmitted' }),
    patchOmitted: Type.Boolean(),
    restorable: Type.Boolean(),
    running: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type Revision = Static<typeof Revision>;
