/**
 * Arguments: what is understood, and what is said to a slip of the hand.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { CommandEnd } from '../../../src/cli/ends.ts';
import { type Options, type Place, readGiven } from '../../../src/cli/given.ts';
import { helpOf } from '../../../src/cli/help.ts';
import { SERVE_USAGE } from '../../../src/cli/usage.ts';
import { run } from '../../support/command.ts';

const OPTIONS: Options = {
  limit: { takes: 'N', says: '' },
  for: { takes: 'TIME', says: '' },
  header: { takes: 'H', short: 'H', many: true, says: '' },
  json: { says: '' },
};
const PLACES: readonly Place[] = [
  { name: 'ONE', offer: 'nothing' },
  { name: 'TWO', offer: 'nothing', optional: true },
];

function given(...argv: string[]) {
  return readGiven(argv, PLACES, OPTIONS);
}

function wrong(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof CommandEnd && error.code === 2) return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
}

test('words and options may stand in any order, and what follows -- is a word', () => {
  const read = given('--limit', '3', 'a', '--json', '-H', 'x: 1', '--header=y: 2', '--', '--b');
  assert.deepEqual(read.words, ['a', '--b']);
  assert.equal(read.whole('limit', 1, 10), 3);
  assert.deepEqual(read.texts('header'), ['x: 1', 'y: 2']);
  assert.equal(read.flag('json'), true);
  assert.equal(read.duration('for'), undefined);
});

test('a slip in an option is told the nearest one', () => {
  assert.equal(
    wrong(() => given('a', '--limt', '3')),
    'unknown option --limt; did you mean "--limit"?',
  );
  assert.match(
    wrong(() => given('a', '--zzzzzzz')),
    /^unknown option --zzzzzzz; there are --limit, --for/,
  );
});

test('a missing word, and one too many, are named', () => {
  assert.equal(
    wrong(() => given()),
    'ONE is missing',
  );
  assert.equal(
    wrong(() => given('a', 'b', 'c')),
    'one word too many: c',
  );
});

test('numbers and durations say how they are written', () => {
  assert.match(
    wrong(() => given('a', '--limit', '0').whole('limit', 1, 9)),
    /--limit 0: write a whole number from 1 to 9/,
  );
  assert.match(
    wrong(() => given('a', '--limit', '1e1').whole('limit', 1, 99)),
    /write a whole number/,
  );
  assert.match(
    wrong(() => given('a', '--for', '10').duration('for')),
    /--for 10: write the unit: `10s`/,
  );
});

test('a token as an argument is refused with the reason, and not repeated', async () => {
  for (const words of [
    ['status', '--token', 'hunter2'],
    ['status', '--token=hunter2'],
  ]) {
    const { code, out, err } = await run(words);
    assert.equal(code, 2);
    assert.match(err, /list of processes .* set SIGNALBOX_TOKEN, or name a file with --token-file/);
    assert.ok(!`${out}${err}`.includes('hunter2'));
  }
});

test('every command explains itself, with all of its options', async () => {
  for (const command of COMMANDS.filter(({ load, group }) => load !== undefined && group !== 'hidden')) {
    const { code, out } = await run([command.name, '--help']);
    assert.equal(code, 0, command.name);
    assert.equal(out, helpOf(command));
    assert.match(out, new RegExp(`^signalbox ${command.name}: .*\n\nUsage: signalbox ${command.name}`));
    for (const option of Object.keys(command.options))
      assert.ok(out.includes(`--${option}`), `${command.name} --${option}`);
    assert.ok(
      out.split('\n').every((line) => line.length <= 120),
      `${command.name} has a long line`,
    );
  }
});

test('the table says of serve what its own help says', () => {
  const serve = COMMANDS.find(({ name }) => name === 'serve');
  const told = [...SERVE_USAGE.matchAll(/^ {2}--([a-z-]+)/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'help');
  assert.deepEqual(Object.keys(serve?.options ?? {}), told);
});

test('every command can be loaded', async () => {
  for (const { name, load } of COMMANDS) {
    if (load !== undefined) assert.equal(typeof (await load()), 'function', name);
  }
});

test('no command has the name of another, and none of its options is called --token', () => {
  assert.equal(new Set(COMMANDS.map(({ name }) => name)).size, COMMANDS.length);
  assert.ok(COMMANDS.every(({ options }) => !('token' in options)));
});
