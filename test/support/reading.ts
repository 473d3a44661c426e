/**
 * Documents read in tests: what is wrong with a text, as the lines that people see.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Document, Problem } from '../../src/config/document.ts';
import { readDocument } from '../../src/config/read.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The document in a text that must be valid. */
export function documentIn(text: string, env: Environment = {}): Document {
  const reading = readDocument(text, 'routes.yaml', env);
  if (!reading.ok) assert.fail(reading.problems.map(lineOf).join('\n'));
  return reading.document;
}

/** The revision of a text that must be valid. */
export function revisionIn(text: string, env: Environment = {}): string {
  const reading = readDocument(text, 'routes.yaml', env);
  if (!reading.ok) assert.fail(reading.problems.map(lineOf).join('\n'));
  return reading.revision;
}

/** Everything that is said of a text, errors and notices: `3:5 error: reason; advice`. */
export function saidOf(text: string, env: Environment = {}): string[] {
  const reading = readDocument(text, 'routes.yaml', env);
  return (reading.ok ? reading.notices : reading.problems).map(lineOf);
}

/** The errors alone. */
export function errorsOf(text: string, env: Environment = {}): string[] {
  return saidOf(text, env).filter((line) => line.includes(' error: '));
}

function lineOf({ line, column, severity, reason, advice }: Problem): string {
  return `${line}:${column} ${severity}: ${reason}; ${advice}`;
}

/** A test: the reading of `text` says exactly `expected`, in this order. */
export function tells(of: string, text: string, expected: readonly string[], env: Environment = {}): void {
  test(`the reading tells of ${of}`, () => {
    assert.deepEqual(saidOf(text, env), expected);
  });
}
