/**
 * The running document and its history, as the API shows them: as it is written, secrets masked.
 *
 * Rule: a text is parsed once for all that is asked of it, until another one runs.
 */

import { maskText } from '../../config/masked-text.ts';
import { isMap, type Json, valueAt } from '../../config/patch.ts';
import { maskSecrets, writtenOf } from '../../config/written.ts';
import type { Audit, AuditRecord } from '../../control/audit.ts';
import { isBeside } from '../../control/audit-line.ts';
import type { Edits } from '../../control/edits.ts';
import type { View } from '../../control/view.ts';
import type { Section } from '../../control/wish.ts';
import type { Writer } from '../call.ts';
import type { ConfigSource } from '../config.ts';
import type { PartSource } from '../parts.ts';
import type { RevisionSource } from '../revisions.ts';
import type { Revision } from '../shapes/change.ts';
import { timeOf } from './upstreams.ts';

export interface DocumentParts {
  readonly edits: Edits;
  readonly audit: Audit;
  view(): View;
  readonly underWay: Writer['underWay'];
}

export function documentSource(parts: DocumentParts): ConfigSource & PartSource {
  const { view } = parts;
  let known: { readonly text: string; readonly value: Json } | undefined;
  const document = (): Json => {
    const text = view().running?.text ?? '{}';
    if (known?.text !== text) {
      const written = writtenOf(text);
      known = { text, value: written.ok ? maskSecrets(written.value) : {} };
    }
    return known.value;
  };
  return {
    ...writerOf(parts),
    document,
    text: () => shown(view().running?.text ?? '{}'),
    written: (section: Section) => {
      const value = valueAt(document(), `/${section}`);
      return isMap(value) ? value : {};
    },
  };
}

function writerOf({ edits, underWay, view }: DocumentParts): Writer {
  return { edits, underWay, revision: () => view().running?.revision ?? '' };
}

export function revisionSource(parts: DocumentParts): RevisionSource {
  const { audit, view } = parts;
  const shapeOf = (record: AuditRecord) => revisionShape(record, view().running?.revision);
  return {
    ...writerOf(parts),
    list: async (limit, before) => {
      const { items, total } = await audit.list({ limit, before });
      return { items: items.map(shapeOf), total };
    },
    find: async (revision) => {
      const record = await audit.find(revision);
      return record === undefined ? undefined : shapeOf(record);
    },
    textOf: (revision) => audit.textOf(revision),
    shownTextOf: async (revision) => {
      const text = await audit.textOf(revision);
      return text === undefined ? undefined : shown(text);
    },
  };
}

/** A text with its secrets masked; one in which they cannot be found is not shown at all. */
function shown(text: string): string {
  const masked = maskText(text);
  return masked.ok ? masked.text : `# this text cannot be shown: ${masked.reason}\n`;
}

function revisionShape(record: AuditRecord, running: string | undefined): Revision {
  const { number, at, revision, parent, source, author, reason, result, detail, words, patch, patchOmitted } = record;
  return {
    number,
    at: timeOf(at),
    revision,
    parent,
    source,
    author,
    reason,
    result,
    detail,
    words: [...words],
    patch: patch.map((operation) => ({ ...operation })),
    patchOmitted,
    restorable: record.restorable,
    running: result === 'applied' && revision === running && !isBeside(record),
  };
}
