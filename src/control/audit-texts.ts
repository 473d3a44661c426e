/**
 * The texts of documents, each kept once under the SHA-256 of its bytes.
 *
 * Rule: a text is there whole or not at all (written beside, synced, renamed), and is handed out only where its bytes still
 * have the hash that is its name.
 */

import { sha256 } from './audit-line.ts';
import { writeWhole } from './whole-file.ts';

const { mkdir, readdir, readFile, rm, stat } = process.getBuiltinModule('node:fs').promises;

const NAME = /^([0-9a-f]{64})\.yaml$/;

export class Texts {
  private readonly folder: string;
  /** SHA-256 -> bytes. */
  private readonly known = new Map<string, number>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Throws the system's error where the folder cannot be made or read. */
  static async open(folder: string): Promise<Texts> {
    const texts = new Texts(folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      const path = `${folder}/${name}`;
      const hash = NAME.exec(name)?.[1];
      // A link to nothing, or a folder of such a name, is no text, and no reason to do without the others.
      const found = hash === undefined ? undefined : await stat(path).catch(() => undefined);
      if (hash !== undefined && found?.isFile() === true) texts.known.set(hash, found.size);
      else if (name.endsWith('.tmp')) await rm(path, { force: true }).catch(() => undefined);
    }
    return texts;
  }

  has(hash: string): boolean {
    return this.known.has(hash);
  }

  /** Bytes of all. */
  get size(): number {
    let sum = 0;
    for (const size of this.known.values()) sum += size;
    return sum;
  }

  sizeOf(hash: string): number {
    return this.known.get(hash) ?? 0;
  }

  /** Returns when it is on the disk. */
  async put(hash: string, text: string): Promise<void> {
    if (this.known.has(hash)) return;
    const bytes = Buffer.from(text);
    await writeWhole(`${this.folder}/${hash}.yaml`, bytes);
    this.known.set(hash, bytes.length);
  }

  /** undefined where it is not there, or not what it was: then it is written anew when it comes again. */
  async get(hash: string): Promise<string | undefined> {
    if (!this.known.has(hash)) return undefined;
    const bytes = await readFile(`${this.folder}/${hash}.yaml`).catch(() => undefined);
    if (bytes !== undefined && sha256(bytes) === hash) return bytes.toString('utf8');
    this.known.delete(hash);
    return undefined;
  }

  /** Removes all texts but these. */
  async keepOnly(hashes: ReadonlySet<string>): Promise<void> {
    for (const hash of [...this.known.keys()]) {
      if (hashes.has(hash)) continue;
      await rm(`${this.folder}/${hash}.yaml`, { force: true });
      this.known.delete(hash);
    }
  }
}
