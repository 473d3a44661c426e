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
  /** The same of the parent's text, as it stood last: comments change without a record. Older records have none. */
  readonly replaced?: string | undefined;
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

/** A line that was tampered with may hold anything; what could not be told of is none. */
function contentOf(value: Record<string, unknown> | undefined): LineReading['content'] {
  if (value === undefined || !isNumber(value.number) || !isTime(value.at)) return undefined;
  if (value.kind === 'pruned') {
    const { number, at, count } = value as unknown as PrunedContent; // the first two were looked at above
    return { kind: 'pruned', number, at, count: Number.isSafeInteger(count) ? count : 0 };
  }
  const texts = ['revision', 'parent', 'source', 'author', 'reason', 'detail', 'document'];
  if (![...texts.map((key) => value[key]), value.replaced ?? ''].every(isText)) return undefined;
  if (value.result !== 'applied' && value.result !== 'refused') return undefined;
  const { words, patch, patchOmitted } = value;
  if (!Array.isArray(words) || !words.every(isText) || typeof patchOmitted !== 'boolean') return undefined;
  if (!Array.isArray(patch) || !patch.every(isOperation)) return undefined;
  const { previous: _, hash: __, ...content } = value;
  return content as unknown as AuditContent; // every field was looked at above
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

/** The furthest time that a Date can say. */
const LATEST = 8.64e15;

function isTime(value: unknown): boolean {
  return Number.isSafeInteger(value) && Math.abs(Number(value)) <= LATEST;
}

function isOperation(value: unknown): value is AuditPatch {
  if (typeof value !== 'object' || value === null || !('op' in value) || !('path' in value)) return false;
  return ['add', 'remove', 'replace'].some((op) => op === value.op) && isText(value.path);
}

const START = '{"at":';

/** What a crash leaves of one line: its beginning, with zeros for what did not get to the disk any more. */
export function isBeginning(bytes: Buffer): boolean {
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const begun = bytes.subarray(0, end);
  const start = begun.toString('latin1', 0, START.length);
  // In no string of a record does this stand, for there quotes are escaped: it is where another record begins.
  return START.startsWith(start) && !begun.includes('"}{"');
}
