/**
 * Bytes and heads for tests of buffers.
 */

import { Sheet } from '../../../src/core/sheet.ts';

/** Fills bytes so that one moved by a place shows. */
export function filled(bytes: Buffer): Buffer {
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 7;
  return bytes;
}

/** A sheet with this latin1 text on it. */
export function sheetOf(text: string): Sheet {
  const sheet = new Sheet();
  sheet.text(text);
  return sheet;
}
