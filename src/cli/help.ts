/**
 * What `--help` says, for all commands and for each.
 *
 * Rule: made from the table of commands, so that a command that is not there is not listed, and an option that is not
 * taken is not promised. Reading arguments is left to each command.
 */

import { type Command, GROUPS } from './command.ts';
import { EXIT_CODES } from './ends.ts';
import type { Options } from './given.ts';
import { REACH } from './options.ts';

const HEADINGS = { run: 'Run', look: 'Look', change: 'Change', other: 'Other' } as const;

export function usageOf(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const groups = GROUPS.map((group) => {
    const lines = commands
      .filter((command) => command.group === group)
      .map(({ name, says }) => `  ${name.padEnd(width)}${says}\n`);
    return `${HEADINGS[group]}:\n${lines.join('')}`;
  });
  return `signalbox: one process that the traffic between services passes through

Usage: signalbox <command> [options]

${groups.join('\n')}
Options:
  --help       this text; after a command, what it takes
  --version    the version

The router is asked at its admin port: --admin URL or SIGNALBOX_ADMIN (default: http://127.0.0.1:9901), with the token in
SIGNALBOX_TOKEN or SIGNALBOX_ADMIN_TOKEN, or in a file: --token-file FILE.

Exit codes: ${EXIT_CODES}
`;
}

export function helpOf(command: Command): string {
  const { name, says, forms, options, more } = command;
  const usage = forms
    .map((form, i) => `${i === 0 ? 'Usage: ' : '       '}signalbox ${name} ${form}`.trimEnd())
    .join('\n');
  const own = Object.fromEntries(Object.entries(options).filter(([option]) => !Object.hasOwn(REACH, option)));
  const blocks = [
    `signalbox ${name}: ${says}`,
    usage,
    ...(more === undefined ? [] : [more]),
    `Options:\n${optionLines(own)}  --help${' '.repeat(WIDTH - 6)}this text`,
    ...(Object.hasOwn(options, 'admin') ? [`Reaching the router:\n${optionLines(REACH).trimEnd()}`] : []),
    `Exit codes: ${EXIT_CODES}`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

const WIDTH = 22;

function optionLines(options: Options): string {
  return Object.entries(options)
    .map(([name, { takes, short, says }]) => {
      const form = `${short === undefined ? '' : `-${short}, `}--${name}${takes === undefined ? '' : ` ${takes}`}`;
      return `  ${form.padEnd(WIDTH)}${form.length >= WIDTH ? ' ' : ''}${says}\n`;
    })
    .join('');
}
