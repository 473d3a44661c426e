/**
 * The access log of the peers that run on Node.js: a line per request on standard output, gathered to 64 KiB or a second.
 */

import { writeSync } from 'node:fs';

const BYTES = 65_536;

export function bufferedLog(): (line: string) => void {
  let lines = '';
  const flush = (): void => {
    if (lines !== '') writeSync(1, lines);
    lines = '';
  };
  setInterval(flush, 1000);
  process.on('SIGTERM', () => {
    flush();
    process.exit(0);
  });
  return (line) => {
    lines += `${line}\n`;
    if (lines.length >= BYTES) flush();
  };
}
