/**
 * One command, from its arguments to its exit code.
 *
 * Rule: a command's file is loaded after its arguments were understood so far as its table says. What ended it is said on
 * standard error; with --json the API's own reply goes to standard output, where a program reads.
 */

import type { Command, Io } from './command.ts';
import { CommandEnd, DONE, UNREACHABLE, WRONG } from './ends.ts';
import { type Given, readGiven, wantsHelp } from './given.ts';
import { helpOf } from './help.ts';
import { json, printable } from './print.ts';

export async function runCommand(command: Command, argv: readonly string[], io: Io): Promise<number> {
  const clean = io.terminal === undefined ? io : cleaned(io);
  if (command.group !== 'hidden' && wantsHelp(argv)) {
    io.out(helpOf(command));
    return DONE;
  }
  let given: Given | undefined;
  try {
    given = readGiven(argv, command.places, command.options);
    const run = await command.load?.();
    return (await run?.(given, clean)) ?? DONE;
  } catch (error) {
    if (!(error instanceof CommandEnd)) throw error;
    tell(error, command, wantsJson(command, given, argv), clean);
    return error.code;
  }
}

/** Arguments that were not understood may have asked for it all the same. */
function wantsJson({ options }: Command, given: Given | undefined, argv: readonly string[]): boolean {
  if (!Object.hasOwn(options, 'json')) return false;
  return given === undefined ? argv.includes('--json') : given.flag('json');
}

function tell(end: CommandEnd, { name }: Command, inJson: boolean, io: Io): void {
  const more = end.code === WRONG ? `\nsignalbox ${name} --help says what there is` : '';
  io.err(`signalbox ${name}: ${end.message}${more}\n`);
  if (!inJson) return;
  const code = end.code === WRONG ? 'wrong_arguments' : end.code === UNREACHABLE ? 'unreachable' : 'failed';
  io.out(json(end.reply ?? { code, detail: end.message }));
}

/** Nothing that the router or a file says steers the terminal. */
function cleaned(io: Io): Io {
  return { ...io, out: (text) => io.out(printable(text)), err: (text) => io.err(printable(text)) };
}
