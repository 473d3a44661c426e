/**
 * `signalbox put`: one part of the document, or all of it.
 *
 * Rule: the whole document goes as the text it is, so that comments stay and problems have their lines; a part goes as its
 * value. Where somebody else was faster, both sides are shown.
 */

import { type Admin, adminOf, type Call } from './admin.ts';
import { write, writing } from './change.ts';
import type { Io, Run } from './command.ts';
import { CommandEnd, STALE, WRONG } from './ends.ts';
import type { Given } from './given.ts';
import { KINDS, kindIn } from './kinds.ts';
import { readSource } from './source.ts';
import { readValue } from './yaml.ts';

export const put: Run = async (given, io) => {
  const [word, id, source, ...rest] = given.words;
  if (word === 'config') {
    if (source !== undefined) throw new CommandEnd(WRONG, `one word too many: ${source}`);
    return config(id, given, io);
  }
  const kind = kindIn(word, ['config']);
  if (id === undefined) throw new CommandEnd(WRONG, `which ${kind}? signalbox put ${kind} ID FILE`);
  if (source === undefined)
    throw new CommandEnd(WRONG, `what ${kind}? name a file, \`-\` for standard input, or write it in quotes`);
  if (rest.length > 0) throw new CommandEnd(WRONG, `one word too many: ${rest[0]}; put the text in quotes`);
  const { text, name } = await readSource(source, io);
  const path = [KINDS[kind], id];
  return showingBoth(
    adminOf(given, io),
    { method: 'PUT', path, json: readValue(text, name), ...writing(given) },
    given,
    io,
  );
};

async function config(file: string | undefined, given: Given, io: Io): Promise<number> {
  if (file === undefined)
    throw new CommandEnd(WRONG, 'which file? signalbox put config FILE, or `-` for standard input');
  const { text, name } = await readSource(file, io);
  const call: Call = { method: 'PUT', path: ['config'], yaml: text, file: name, ...writing(given) };
  return write(adminOf(given, io), call, given, io);
}

/** Writes a part; where the revision named is old, the part as it runs now is shown beside the one refused. */
export async function showingBoth(admin: Admin, call: Call, given: Given, io: Io): Promise<number> {
  try {
    return await write(admin, call, given, io);
  } catch (error) {
    if (!(error instanceof CommandEnd && error.code === STALE && error.reply?.conflicts === undefined)) throw error;
    const runs = await running(admin, call.path);
    const yours = call.method === 'DELETE' ? '(not there)' : JSON.stringify(call.json);
    const both = `/${call.path.join('/')}:\n  runs:  ${runs}\n  yours: ${yours}`;
    throw new CommandEnd(STALE, `${error.message}\n${both}`, error.reply);
  }
}

async function running(admin: Admin, path: readonly string[]): Promise<string> {
  try {
    return JSON.stringify((await admin.json<unknown>({ method: 'GET', path })).value);
  } catch (error) {
    return error instanceof CommandEnd && error.reply?.status === 404 ? '(not there)' : '(it could not be read)';
  }
}
