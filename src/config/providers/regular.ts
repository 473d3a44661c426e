/**
 * The bytes of a file that is one.
 *
 * Rule: a pipe or a device in its place is not opened. Reading it may last for ever, and whoever waits for his turn with the
 * document (an edit, a stop) would wait as long.
 */

const { readFile, stat } = process.getBuiltinModule('node:fs').promises;

/** There is something, and nothing that can be read to its end. */
export class NoFile extends Error {}

export async function readRegular(path: string): Promise<Buffer> {
  const found = await stat(path);
  // Of a folder the system says so by itself.
  if (!found.isFile() && !found.isDirectory()) throw new NoFile(`${path} is a pipe or a device, not a file`);
  return readFile(path);
}
