/**
 * One router to a state folder.
 *
 * Rule: who holds a folder is the kernel's to know, not a file's to say: a process that is killed holds nothing any more.
 * A number of a process in a file would not do: in two containers that share a volume both are process 1, and after a crash
 * the number is somebody else's. Node.js offers no lock of files but that of its SQLite, whose locks are the kernel's
 * (fcntl) and hold between containers of a machine; nothing is ever written into that database.
 */

import type { DatabaseSync } from 'node:sqlite';

const { open } = process.getBuiltinModule('node:fs').promises;

export interface Lock {
  release(): void;
}

/** Another router that runs holds it. */
export class FolderTaken extends Error {}

const BUSY = 5;

/** Throws where somebody else holds it, or where it cannot be had. */
export async function lockFolder(folder: string): Promise<Lock> {
  const path = `${folder}/lock`;
  // Made here for its mode. Only if it is not there: to close a file gives away all locks that the process has on it.
  const made = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await made?.close();
  // A Node.js can be built without SQLite.
  const sqlite = process.getBuiltinModule('node:sqlite') as typeof import('node:sqlite') | undefined;
  if (sqlite === undefined)
    throw new Error('this Node.js has no node:sqlite, whose file lock keeps a second router out');
  let database: DatabaseSync | undefined;
  try {
    database = new sqlite.DatabaseSync(path);
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if ((error as { errcode?: number }).errcode !== BUSY)
      throw new Error(
        `${path} cannot be locked: ${(error as Error).message}; remove it while no router runs on the folder`,
      );
    throw new FolderTaken('another router uses it; stop that one, or give this one a folder of its own');
  }
  const held = database;
  return { release: () => held.close() };
}
