/**
 * Strings that outlive what they were made from.
 *
 * Rule: whatever a connection keeps from one request to the next is kept as a text of its own. V8 cuts a slice by pointing
 * into the string it was cut from, and joins by pointing at the parts: a host name of 20 bytes kept alive the whole head
 * that first named it, up to 64 KiB for as long as an idle connection lives.
 */

/** The same latin1 text in one piece, in memory that holds nothing else. Many pieces are written one by one, each time. */
export function ownText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
