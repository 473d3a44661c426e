/**
 * Keys of a table, hashed: (group, text) to a record of a few numbers.
 *
 * Rule: one open-addressed table, at most half full, filled before any request asks. It lies flat in memory: a slot is a
 * hash and the record's position, a record is its numbers and, right behind them, the bytes of its text. So a look-up
 * touches two cold lines of memory however many keys there are. Keys come from the document alone; a request can only
 * miss, never lengthen a chain. What the numbers say is the caller's.
 */

/** A slot: mixed hash (never 0 where taken), position of the record. */
const SLOT = 2;
const FREE = 0;
const FIRST_SLOTS = 8;
const FIRST_RECORDS = 64;
/** Numbers of a record before its facts. */
const HEAD = 2;
/** Where no key is. */
export const NO_KEY = -1;

export class KeyTable {
  private readonly facts: number;
  private count = 0;
  private mask = FIRST_SLOTS - 1;
  private slots = new Int32Array(FIRST_SLOTS * SLOT);
  private filled = 0;
  /** A record: its group, how long its text is, its facts, its text in visible ASCII. */
  private records = new Int32Array(FIRST_RECORDS);
  private bytes = new Uint8Array(this.records.buffer);

  /** `facts`: how many numbers a record holds; they begin with 0. */
  constructor(facts: number) {
    this.facts = facts;
  }

  /**
   * The record of what stands in `text` from `start` to `end`, or NO_KEY. `hash` is the caller's hash of it, of the group
   * too where there are many groups: the same one that was given to `at`.
   */
  find(group: number, hash: number, text: string, start: number, end: number): number {
    const { slots, records, mask } = this;
    const mixed = mix(hash);
    let slot = (mixed & mask) * SLOT;
    for (let found = slots[slot]; found !== FREE; found = slots[slot]) {
      const record = slots[slot + 1];
      if (found === mixed && records[record] === group && this.holds(record, text, start, end)) return record;
      slot = (slot + SLOT) & (mask * SLOT);
    }
    return NO_KEY;
  }

  /** The record of a text, made where there is none. Its number is good for ever. */
  at(group: number, hash: number, text: string): number {
    const known = this.find(group, hash, text, 0, text.length);
    if (known !== NO_KEY) return known;
    this.count += 1;
    if (this.count * 2 > this.mask + 1) this.growSlots();
    const record = this.keep(group, text);
    this.put(mix(hash), record);
    return record;
  }

  /** A number of a record. */
  fact(record: number, which: number): number {
    return this.records[record + HEAD + which];
  }

  setFact(record: number, which: number, value: number): void {
    this.records[record + HEAD + which] = value;
  }

  private holds(record: number, text: string, start: number, end: number): boolean {
    if (this.records[record + 1] !== end - start) return false;
    const { bytes } = this;
    const shift = (record + HEAD + this.facts) * 4 - start;
    for (let i = start; i < end; i++) if (bytes[shift + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  private put(mixed: number, record: number): void {
    const { slots, mask } = this;
    let slot = (mixed & mask) * SLOT;
    while (slots[slot] !== FREE) slot = (slot + SLOT) & (mask * SLOT);
    slots[slot] = mixed;
    slots[slot + 1] = record;
  }

  /** Numbers alone are moved: doubling 100,000 keys takes a few milliseconds. */
  private growSlots(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.mask = this.mask * 2 + 1;
    for (let at = 0; at < old.length; at += SLOT) if (old[at] !== FREE) this.put(old[at], old[at + 1]);
  }

  private keep(group: number, text: string): number {
    const record = this.filled;
    const words = HEAD + this.facts + Math.ceil(text.length / 4);
    if (record + words > this.records.length) this.growRecords(record + words);
    this.records[record] = group;
    this.records[record + 1] = text.length;
    const from = (record + HEAD + this.facts) * 4;
    for (let i = 0; i < text.length; i++) this.bytes[from + i] = text.charCodeAt(i);
    this.filled += words;
    return record;
  }

  private growRecords(least: number): void {
    const old = this.records;
    this.records = new Int32Array(Math.max(least, old.length * 2));
    this.records.set(old);
    this.bytes = new Uint8Array(this.records.buffer);
  }
}

/** FNV leaves its low bits weak; the finaliser of MurmurHash3 mends that. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16) || 1;
}
