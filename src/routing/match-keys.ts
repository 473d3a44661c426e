/**
 * Keys of a table, hashed: (group, text) to a number.
 *
 * Rule: one open-addressed table, at most half full, filled before any request asks. It lies flat in memory: a slot is
 * four numbers in a row, texts are bytes in a row, so a look-up touches two cold lines of memory however many keys there
 * are, and neither a string nor an object. Keys come from the document alone; a request can only miss, never lengthen a
 * chain. What a number stands for is the caller's.
 */

/** A slot: mixed hash (never 0 where taken), group, where the text's bytes start, number. */
const STRIDE = 4;
const FREE = 0;
const FIRST_SIZE = 8;
const FIRST_BYTES = 64;

export class KeyTable {
  private mask = FIRST_SIZE - 1;
  private slots = new Int32Array(FIRST_SIZE * STRIDE);
  /** The texts in visible ASCII, each ended with a 0. */
  private bytes = Buffer.alloc(FIRST_BYTES);
  private filled = 0;
  /** How many keys there are; numbers go from 0 to one below. */
  count = 0;

  /** The number of what stands in `text` from `start` to `end`, or -1; `hash` is the caller's hash of it. */
  find(group: number, hash: number, text: string, start: number, end: number): number {
    const { slots, mask } = this;
    const mixed = mix(hash, group);
    let slot = mixed & mask;
    for (let found = slots[slot * STRIDE]; found !== FREE; found = slots[slot * STRIDE]) {
      const at = slot * STRIDE;
      if (found === mixed && slots[at + 1] === group && this.holds(slots[at + 2], text, start, end))
        return slots[at + 3];
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /** The number of a text, given anew where there is none. */
  at(group: number, hash: number, text: string): number {
    const known = this.find(group, hash, text, 0, text.length);
    if (known !== -1) return known;
    const number = this.count++;
    if (this.count * 2 > this.mask + 1) this.growSlots();
    this.put(mix(hash, group), group, this.keep(text), number);
    return number;
  }

  private holds(at: number, text: string, start: number, end: number): boolean {
    const { bytes } = this;
    const shift = at - start;
    for (let i = start; i < end; i++) if (bytes[shift + i] !== text.charCodeAt(i)) return false;
    return bytes[shift + end] === 0;
  }

  private put(mixed: number, group: number, start: number, number: number): void {
    const { slots, mask } = this;
    let slot = mixed & mask;
    while (slots[slot * STRIDE] !== FREE) slot = (slot + 1) & mask;
    const at = slot * STRIDE;
    slots[at] = mixed;
    slots[at + 1] = group;
    slots[at + 2] = start;
    slots[at + 3] = number;
  }

  /** Numbers alone are moved: doubling 100,000 keys takes a few milliseconds. */
  private growSlots(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.mask = this.mask * 2 + 1;
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at] !== FREE) this.put(old[at], old[at + 1], old[at + 2], old[at + 3]);
    }
  }

  /** Where the text's bytes start. */
  private keep(text: string): number {
    const start = this.filled;
    const end = start + text.length + 1;
    if (end > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(larger);
      this.bytes = larger;
    }
    this.bytes.write(text, start, 'latin1');
    this.filled = end;
    return start;
  }
}

/** FNV leaves its low bits weak; the finaliser of MurmurHash3 mends that, and the group goes in before it. */
function mix(hash: number, group: number): number {
  let mixed = hash ^ Math.imul(group + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16) || 1;
}
