/**
 * What the machine's own files say about names: /etc/hosts, and the search list of /etc/resolv.conf.
 *
 * Rule: a file is read again when it has changed, which is looked at when it is asked; one that cannot be read says
 * nothing. Which of several sources counts is for lookup.ts.
 */

import { isIP } from 'node:net';

const { readFileSync, statSync } = process.getBuiltinModule('node:fs');

/** The text of a file as it is now, read only where its stamp has changed. */
class WatchedFile<T> {
  private readonly path: string;
  private readonly read: (text: string) => T;
  private stamp = '';
  private value: T;

  constructor(path: string, read: (text: string) => T) {
    this.path = path;
    this.read = read;
    this.value = read('');
  }

  now(): T {
    try {
      const { mtimeMs, size, ino } = statSync(this.path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (stamp !== this.stamp) {
        this.value = this.read(readFileSync(this.path, 'utf8'));
        this.stamp = stamp;
      }
    } catch {
      this.value = this.read('');
      this.stamp = '';
    }
    return this.value;
  }
}

/** Lines of words, without comments and empty ones. */
function linesOf(text: string): string[][] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/[#;].*/, '')
        .split(/\s+/)
        .filter(Boolean),
    )
    .filter((words) => words.length > 0);
}

export class HostsFile {
  private readonly file: WatchedFile<ReadonlyMap<string, readonly string[]>>;

  constructor(path: string) {
    this.file = new WatchedFile(path, readHosts);
  }

  /** All addresses of a name; none where the file does not have it. */
  addresses(name: string): readonly string[] {
    return this.file.now().get(name.toLowerCase().replace(/\.$/, '')) ?? [];
  }
}

function readHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [address, ...names] of linesOf(text)) {
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const known = found.get(key) ?? [];
      if (!known.includes(address)) known.push(address);
      found.set(key, known);
    }
  }
  return found;
}

interface Search {
  readonly domains: readonly string[];
  readonly dots: number;
}

/** The search list, as resolv.conf(5) has it: without it `http://cart:8080` means nothing in a cluster. */
export class SearchList {
  private readonly file: WatchedFile<Search>;

  constructor(path: string) {
    this.file = new WatchedFile(path, readSearch);
  }

  /** The names to ask for, in order: a name with few dots first within the domains of the list. */
  candidates(name: string): readonly string[] {
    if (name.endsWith('.')) return [name];
    const { domains, dots } = this.file.now();
    const within = domains.map((domain) => `${name}.${domain}`);
    return name.split('.').length - 1 >= dots ? [name, ...within] : [...within, name];
  }
}

function readSearch(text: string): Search {
  let domains: readonly string[] = [];
  let dots = 1;
  for (const [key, ...words] of linesOf(text)) {
    if (key === 'search' || key === 'domain') domains = words.map((word) => word.replace(/\.$/, '')).filter(Boolean);
    const option = key === 'options' ? words.find((word) => /^ndots:\d+$/.test(word)) : undefined;
    if (option !== undefined) dots = Number(option.slice(6));
  }
  return { domains, dots };
}
