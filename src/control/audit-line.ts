/**
 * One record of the audit log and its line: canonical JSON, chained to the line before it.
 *
 * Rule: `previous` is the SHA-256 of the line before, `hash` that of the record's own canonical JSON without `hash`, which
 * stands last. So every byte of a line but the last one's is covered twice, and anybody can check it with what JSON and
 * SHA-256 tools there are. Whoever may write the file can also make it anew: the chain finds accidents and clumsy hands.
 */

import { canonical } from '../config/canonical.ts';

const { createHash, hash: hashOf } = process.getBuiltinModule('node:crypto');

/** RFC 6902, by whole values. */
export interface AuditPatch {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

/** A decision about a document, or beside it: an order about a circuit, with the revision that ran as both. */
export interface AuditDecision {
  readonly revision: string;
  /** What ran before; '' for the first. */
  readonly parent: string;
  readonly source: string;
  readonly author: string;
  readonly reason: string;
  readonly result: 'applied' | 'refused';
  /** Why it was refused; else empty. */
  readonly detail: string;
  readonly words: readonly string[];
  readonly patch: readonly AuditPatch[];
  readonly patchOmitted: boolean;
}

/** What a record says beside its place in the chain. */
export interface AuditContent extends AuditDecision {
  readonly number: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** SHA-256 of the text; '' where there was none. */
  readonly document: string;
}

/** The first line of a log that was pruned, in place of all records up to `number`, whose last line `previous` is of. */
export interface PrunedContent {
  readonly kind: 'pruned';
  readonly number: number;
  readonly at: number;
  /** Records taken out, since the beginning. */
  readonly count: number;
}

/** What a line turned out to be. */
export interface LineReading {
  /** SHA-256 of the line. */
  readonly sha: string;
  readonly content: AuditContent | PrunedContent | undefined;
  /** The line's own `previous`. */
  readonly previous: string;
  /** It is, byte for byte, what was written. */
  readonly genuine: boolean;
}

/** `,"hash":"` and 64 digits and `"}` */
const SEAL_LENGTH = 75;
const SEAL = /^,"hash":"([0-9a-f]{64})"\}$/;

/** It left the document as it was. */
export function isBeside({ revision, parent }: Pick<AuditDecision, 'revision' | 'parent'>): boolean {
  return revision !== '' && revision === parent;
}

export function sha256(data: string | Uint8Array): string {
  return hashOf('sha256', data, 'hex');
}

export function lineOf(content: AuditContent | PrunedContent, previous: string): string {
  const text = canonical({ ...content, previous });
  return `${text.slice(0, -1)},"hash":"${sha256(text)}"}`;
}

/** `line` is without its line break. */
export function readLine(line: Buffer): LineReading {
  const end = Math.max(0, line.length - SEAL_LENGTH);
  const seal = SEAL.exec(line.toString('latin1', end))?.[1];
  const own = createHash('sha256').update(line.subarray(0, end)).update('}').digest('hex');
  const value = parsed(line);
  const previous = typeof value?.previous === 'string' ? value.previous : '';
  return { sha: sha256(line), content: contentOf(value), previous, genuine: seal === own };
}

function parsed(line: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A line that was tampered with may hold anything. */
function contentOf(value: Record<string, unknown> | undefined): LineReading['content'] {
  if (value === undefined || !Number.isSafeInteger(value.number) || !Number.isSafeInteger(value.at)) return undefined;
  if (value.kind === 'pruned') {
    const { number, at, count } = value as unknown as PrunedContent; // the first two were looked at above
    return { kind: 'pruned', number, at, count: Number.isSafeInteger(count) ? count : 0 };
  }
  const texts = ['revision', 'parent', 'source', 'author', 'reason', 'detail', 'document'];
  if (texts.some((key) => typeof value[key] !== 'string')) return undefined;
  if (value.result !== 'applied' && value.result !== 'refused') return undefined;
  if (!Array.isArray(value.words) || !Array.isArray(value.patch) || typeof value.patchOmitted !== 'boolean')
    return undefined;
  const { previous: _, hash: __, ...content } = value;
  return content as unknown as AuditContent; // every field was looked at above
}
