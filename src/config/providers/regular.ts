/**
 * The bytes of a file that is one, and the text in them.
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

export class NotUtf8 extends Error {}

/** With its byte order mark; throws NotUtf8 where the bytes are none: with U+FFFD in its place another text would run. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NotUtf8('it is not UTF-8 (save it as UTF-8)');
  }
}
