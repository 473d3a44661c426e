/**
 * What a command is given to send: a file, standard input, or the text itself.
 *
 * Rule: what is meant is told by the word itself; a file that is not there is said to be missing, not sent as text.
 */

import { textOf } from '../config/providers/regular.ts';
import type { Io } from './command.ts';
import { CommandEnd, WRONG } from './ends.ts';

const { existsSync, readFileSync } = process.getBuiltinModule('node:fs');

export interface Source {
  readonly text: string;
  /** What problems call it. */
  readonly name: string;
}

/** `-` reads standard input. A word that can be no file's name, or is none and looks like YAML, is the text. */
export async function readSource(word: string, io: Io): Promise<Source> {
  if (word === '-') return { text: await io.input(), name: 'stdin' };
  if (/^\s*[{[]|\n/.test(word) || (/:(?:\s|$)/.test(word) && !existsSync(word)))
    return { text: word, name: 'argument' };
  return readFile(word);
}

export function readFile(path: string): Source {
  try {
    return { text: textOf(readFileSync(path)), name: path };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new CommandEnd(WRONG, `${path} cannot be read: ${said}`);
  }
}
