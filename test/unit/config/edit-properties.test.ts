/**
 * Whatever a document says and however it is written: an edit of it says what it should, and leaves the rest alone.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editText } from '../../../src/config/edit.ts';
import {
  applyPatch,
  isList,
  isMap,
  isSame,
  type Json,
  type JsonMap,
  type PatchOperation,
  patchBetween,
  valueAt,
} from '../../../src/config/patch.ts';
import { pointerStep } from '../../../src/config/tree.ts';
import { writtenOf } from '../../../src/config/written.ts';
import {
  type Chance,
  chanceOf,
  pick,
  randomMap,
  randomScalar,
  randomValue,
  type StyledLine,
  styled,
} from '../../support/styled.ts';

/** The value with something in it changed: a key more, a key less, an item, another value. */
function changed(value: Json, chance: Chance): Json {
  const keys = isMap(value) ? Object.keys(value) : [];
  const kind = chance();
  if (isMap(value) && keys.length > 0 && kind < 0.5) {
    const key = pick(chance, keys);
    return { ...value, [key]: changed(value[key], chance) };
  }
  if (isMap(value) && keys.length > 0 && kind < 0.7) {
    const gone = pick(chance, keys);
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== gone));
  }
  if (isMap(value)) return { ...value, [`new${Math.floor(chance() * 9)}`]: randomValue(chance, 2) };
  if (!isList(value) || kind < 0.1) return chance() < 0.7 ? randomScalar(chance) : randomValue(chance, 2);
  const at = Math.floor(chance() * value.length);
  if (value.length === 0 || kind < 0.4) return value.toSpliced(at + (kind < 0.25 ? 1 : 0), 0, randomValue(chance, 2));
  return kind < 0.65 ? value.toSpliced(at, 1) : value.with(at, changed(value[at], chance));
}

const isIn = (pointer: string, part: string): boolean => part === pointer || part.startsWith(`${pointer}/`);

/** Whether an edit that ends with `after` has nothing to do with a line. */
function stays(line: StyledLine, operations: readonly PatchOperation[], document: JsonMap, after: JsonMap): boolean {
  const { owner, is } = line;
  if (is === 'head') return line.text !== '';
  const replaced = is === 'comment' ? ({ op, path }: PatchOperation) => op === 'remove' || path !== owner : () => true;
  if (operations.some((operation) => isIn(operation.path, owner) && replaced(operation))) return false;
  if (is === 'comment') return true;
  if (is === 'key') {
    // Of a list too: what is the same at one end of it keeps its brackets.
    const left = Object.keys(valueAt(after, owner) as JsonMap);
    return Object.keys(valueAt(document, owner) as JsonMap).some((key) => left.includes(key));
  }
  return !operations.some(({ path }) => isIn(owner, path));
}

/** Where items of a list have moved, an edit moves them too, and which one is which is no matter of their index. */
function withoutMoved(operation: PatchOperation, document: JsonMap, after: JsonMap): PatchOperation {
  const steps = operation.path.split('/');
  for (let length = 2; length < steps.length; length++) {
    const path = steps.slice(0, length).join('/');
    const [before, next] = [valueAt(document, path), valueAt(after, path)];
    if (
      isList(before) &&
      isList(next) &&
      before.some((item, i) => next.some((other, j) => i !== j && isSame(item, other)))
    )
      return { op: 'replace', path };
  }
  return operation;
}

function assertKept(before: readonly StyledLine[], text: string): void {
  const lines = text.replace('\ufeff', '').split(/\r?\n/);
  let at = 0;
  for (const line of before) {
    // In braces an entry gets a comma when it is the last one no more.
    const bare = (given: string) => (line.is === 'item' ? given.replaceAll(',', '') : given);
    const found = lines.findIndex(
      // What comes behind the first entry of an item moves up to the dash when that one goes.
      (given, i) => i >= at && (bare(given) === bare(line.text) || given.endsWith(`- ${line.text.trim()}`)),
    );
    assert.ok(found !== -1, `the line ${JSON.stringify(line.text)} of ${line.owner} is gone`);
    at = found + 1;
  }
}

function tryEdit(seed: number, edits: number): void {
  const chance = chanceOf(seed);
  const document = randomMap(chance, 4, 1 + Math.floor(chance() * 4));
  const { text, lines } = styled(document, chance);
  const written = writtenOf(text);
  assert.ok(written.ok, `${JSON.stringify(text)} is no document`);
  assert.deepEqual(written.value, document);
  let after: JsonMap = document;
  for (let i = 0; i < edits; i++) {
    const next = changed(after, chance);
    if (isMap(next)) after = next;
  }
  const operations = patchBetween(document, after);
  assert.deepEqual(applyPatch(document, operations), after);
  const edited = editText(text, operations);
  const story = () => `${text}\n=> ${JSON.stringify(operations)}\n=> ${edited.ok ? edited.text : edited.reason}\n`;
  assert.ok(edited.ok, story());
  const again = writtenOf(edited.text);
  assert.ok(again.ok, story());
  assert.deepEqual(again.value, after);
  try {
    const known = operations.map((operation) => withoutMoved(operation, document, after));
    assertKept(
      lines.filter((line) => stays(line, known, document, after)),
      edited.text,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${story()}`);
  }
  const breaks = (given: string) => new Set(given.match(/\r?\n/g) ?? []).size;
  assert.ok(breaks(text) === 0 || breaks(edited.text) <= 1, `line breaks of two kinds\n${story()}`);
  assert.equal(edited.text.startsWith('\ufeff'), text.startsWith('\ufeff'));
}

test('after one edit the text says what it should, and every line that it does not touch is the same', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => tryEdit(seed, 1)),
    { numRuns: 1500 },
  );
});

test('and so it is after several edits at once', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => tryEdit(seed, 4)),
    { numRuns: 1000 },
  );
});

test('what was added and is removed again leaves no trace', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const chance = chanceOf(seed);
      const document = randomMap(chance, 3, 1 + Math.floor(chance() * 4));
      const { text } = styled(document, chance);
      const maps = ['', ...Object.keys(document).map(pointerStep)].filter((pointer) => {
        const value = valueAt(document, pointer);
        return isMap(value) && Object.keys(value).length > 0;
      });
      const path = `${pick(chance, maps)}/new`;
      // What does not fit into the line of a map in braces would have that map written in lines of its own.
      fc.pre(text.split('\n').every(({ length }) => length < 80));
      const value = path === '/new' ? randomValue(chance, 3) : 1;
      const added = editText(text, [{ op: 'add', path, value }]);
      assert.ok(added.ok);
      const removed = editText(added.text, [{ op: 'remove', path }]);
      assert.deepEqual(removed, { ok: true, text });
    }),
    { numRuns: 1000 },
  );
});
