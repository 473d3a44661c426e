/**
 * argv -> command.
 *
 * Rule: a command's parts are loaded only when it is called, so that `check` needs no sockets and `--help` needs nothing.
 * The exit code is the command's. boot.js comes before it, where the start is to be quick.
 */

import { flushCompileCache } from 'node:module';
import type { App } from './app-contract.ts';
import type { Command } from './cli/command.ts';
import type { Served, ServeSettings } from './cli/serve.ts';

const { readFileSync } = process.getBuiltinModule('node:fs');
const argv = process.argv.slice(2);
const code = await main(argv);
process.exitCode = code;
// A served router may leave a log behind whose reader never reads; every other command waits until its output is out.
if (argv[0] === 'serve') process.exit(code);

async function main([command, ...rest]: readonly string[]): Promise<number> {
  if (command === 'serve') return serve(rest);
  if (command === 'check') return check(rest);
  if (command === '--version' || command === '-v') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (command === 'help' && rest[0] !== undefined && !rest[0].startsWith('-')) return main([rest[0], '--help']);
  const { COMMANDS } = await import('./cli/commands.ts');
  if (command === undefined || command === '--help' || command === '-h' || command === 'help') {
    const { usageOf } = await import('./cli/help.ts');
    process.stdout.write(usageOf(COMMANDS));
    return command === undefined ? 2 : 0;
  }
  const found = COMMANDS.find(({ name }) => name === command);
  if (found === undefined) return unknown(command, COMMANDS, argv.includes('--json'));
  const { runCommand } = await import('./cli/run.ts');
  const { systemIo } = await import('./cli/system-io.ts');
  return runCommand(found, rest, systemIo(COMMANDS));
}

async function unknown(command: string, commands: readonly Command[], inJson: boolean): Promise<number> {
  const { didYouMean } = await import('./config/suggest.ts');
  const names = commands.filter(({ group }) => group !== 'hidden').map(({ name }) => name);
  const advice = didYouMean(command, names, `there are ${names.join(', ')}`);
  const what = command.startsWith('-')
    ? `${command} stands before the command; write signalbox COMMAND ${command} ...`
    : `unknown command ${command}; ${advice}`;
  process.stderr.write(`${what}\nsignalbox --help says what there is\n`);
  if (inJson) process.stdout.write(`${JSON.stringify({ code: 'wrong_arguments', detail: what }, undefined, 2)}\n`);
  return 2;
}

async function serve(rest: readonly string[]): Promise<number> {
  const { serveCommand } = await import('./cli/serve.ts');
  const out = (text: string) => void process.stdout.write(text);
  const err = (text: string) => void process.stderr.write(text);
  return serveCommand(rest, { out, err, start, process });
}

/** The router with its logs on the process's own streams, or where the settings say. */
async function start({ accessLog: target, ...settings }: ServeSettings): Promise<Served> {
  const { startApp } = await import('./app.ts');
  const { systemClock } = await import('./core/clock.ts');
  const { openDestination, openStandard, standardsAreOne } = await import('./telemetry/destination.ts');
  let app: App | undefined;
  const onError = (error: Error) => app?.log('error', { err: error.message, target }, 'access log loses lines');
  const { now } = systemClock;
  const opened = () => {
    try {
      return openDestination(target, { now, onError });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`the access log cannot be opened: ${reason}; name another file with --access-log, or off`);
    }
  };
  const accessLog = target === 'off' ? undefined : opened();
  const shared = accessLog !== undefined && target === '-' && standardsAreOne();
  const log = shared ? accessLog : openStandard(2, { now, onError: () => {} });
  const running = await startApp({ ...settings, env: process.env, log, accessLog });
  app = running;
  // Not at the end alone: a process that is killed would leave the next start nothing.
  flushCompileCache();
  return {
    workers: running.workers,
    log: running.log,
    reload: () => running.reload(),
    reopenLogs: () => accessLog?.reopen(),
    drain: () => running.drain(),
    stop: () => running.stop(),
    endLogs: async () => {
      await accessLog?.end();
      if (!shared) await log.end();
    },
  };
}

async function check(rest: readonly string[]): Promise<number> {
  const { checkCommand } = await import('./cli/check.ts');
  const out = (text: string) => void process.stdout.write(`${text}\n`);
  const err = (text: string) => void process.stderr.write(`${text}\n`);
  return checkCommand(rest, { out, err });
}

function version(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
