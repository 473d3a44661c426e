/**
 * The process as commands meet it.
 *
 * Rule: a reader that goes away (`| head`) ends the process quietly, with the code it has come to so far; a terminal that
 * gives single keys is put back by whoever asked for them, and by the end of the process in case nobody did.
 */

import { systemAlarms } from '../core/alarm.ts';
import { systemClock } from '../core/clock.ts';
import type { Command, Io, Terminal } from './command.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export function systemIo(commands: readonly Command[]): Io {
  const { stdout, stderr } = process;
  let readerGone = () => process.exit();
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (stream === stdout) readerGone();
    });
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    input: allInput,
    env: process.env,
    clock: systemClock,
    alarms: systemAlarms,
    terminal: stdout.isTTY ? terminal() : undefined,
    onSignal: (listen) => {
      for (const signal of SIGNALS) process.on(signal, listen);
      return () => {
        for (const signal of SIGNALS) process.off(signal, listen);
      };
    },
    outliveReader: () => {
      readerGone = () => undefined as never;
    },
    commands,
  };
}

async function allInput(): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer); // no encoding is set, so pieces are bytes
  return Buffer.concat(pieces).toString('utf8');
}

function terminal(): Terminal {
  const { stdin, stdout } = process;
  return {
    write: (text) => void stdout.write(text),
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    onResize: (listen) => {
      stdout.on('resize', listen);
      return () => stdout.off('resize', listen);
    },
    onKeys: (listen) => {
      if (!stdin.isTTY) return () => {};
      const hear = (bytes: Buffer) => listen(bytes.toString('latin1'));
      stdin.setRawMode(true).on('data', hear).resume();
      return () => {
        stdin.off('data', hear).pause().setRawMode(false);
      };
    },
  };
}
