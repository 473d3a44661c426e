/**
 * A file of the state folder as a whole: the old text or the new one, whatever happens in between.
 *
 * Rule: written beside, synced, renamed, and the folder synced, so that what was answered for is on the disk. Only the
 * router's user reads it. Errors are thrown, as the system says them; what they mean is their caller's to say.
 */

const { open, rename, rm } = process.getBuiltinModule('node:fs').promises;
const { dirname } = process.getBuiltinModule('node:path');

/** Returns when it is on the disk. */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  const beside = `${path}.tmp`;
  // Made anew: what lies there, from a crash or from somebody else, may be a link, or may be read by others.
  await rm(beside, { force: true });
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  await syncFolder(dirname(path));
}

/** A rename is on the disk when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
