/**
 * npm start: the router on ./routes.yaml, small services behind it, and a trickle of traffic.
 *
 * Rule: the router runs as the product does, in a process of its own; services and traffic run in this one. Whatever
 * was started is stopped in reverse, on Ctrl-C, on SIGTERM and when one part fails.
 */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../core/clock.ts';
import { guide, Tally } from './guide.ts';
import { inWords, printer } from './print.ts';
import { startRouter } from './router.ts';
import { PortTaken, startServices } from './services.ts';
import { type ServiceName, SHOP_PORTS } from './shop.ts';
import { startTraffic } from './traffic.ts';

const DOCUMENT = fileURLToPath(new URL('../../routes.yaml', import.meta.url));
const INTERNAL = 8080;
const EDGE = 8088;
const ADMIN = 9901;
const SUMMARY_PACE = 20_000;
const PARENT_PACE = 500;

const USAGE = `npm start                      the router on ./routes.yaml, demo services and a trickle of traffic
npm start -- --shift 100       the same with every port moved up by 100, where a port is in use
npm start -- --quiet           without the traffic`;

interface Options {
  readonly shift: number;
  readonly quiet: boolean;
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { shift: { type: 'string', default: '0' }, quiet: { type: 'boolean', default: false } },
  });
  const shift = Number(values.shift);
  if (!Number.isInteger(shift) || shift < 0 || shift > 50_000) throw new Error(`--shift ${values.shift}: 0 to 50000`);
  return { shift, quiet: values.quiet };
}

function shifted(shift: number): Record<ServiceName, number> {
  const ports = Object.entries(SHOP_PORTS).map(([name, port]) => [name, port + shift]);
  return Object.fromEntries(ports) as Record<ServiceName, number>;
}

/**
 * npm passes SIGTERM to the shell between it and this process, and not every shell passes it on. That shell's end is then
 * all there is to notice.
 */
function onOrphaned(act: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    act();
  }, PARENT_PACE).unref();
}

/** Starts the parts in order and stops them in reverse; ends the process when it is told to, or when a part fails. */
async function start({ shift, quiet }: Options): Promise<void> {
  const stops: (() => void | Promise<void>)[] = [];
  let stopping = false;
  let hurry = async (): Promise<void> => {};
  const quit = async (code: number): Promise<void> => {
    if (stopping) return hurry();
    stopping = true;
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop();
    process.exit(code);
  };
  process.on('SIGINT', () => void quit(0));
  process.on('SIGTERM', () => void quit(0));
  onOrphaned(() => void quit(0));
  try {
    const say = printer(systemClock, process.stdout);
    const services = await startServices(shifted(shift), () => INTERNAL + shift, say);
    stops.push(() => services.stop());
    const tally = new Tally();
    const router = await startRouter(DOCUMENT, shift, ADMIN + shift, (line) => {
      tally.count(line);
      say('router', line.correlationId ?? '', inWords(line));
    });
    stops.push(() => router.stop());
    hurry = () => router.stop();
    await router.ready;
    // From here on the end of the router is the end of the demo.
    router.ended.then((code) => quit(code));
    const doors = { internal: INTERNAL + shift, edge: EDGE + shift };
    process.stdout.write(`${guide({ ...doors, admin: ADMIN + shift, document: router.document })}\n`);
    if (stopping) return;
    if (!quiet) stops.push(startTraffic(doors));
    const summary = setInterval(() => say('so far', '', tally.summary()), SUMMARY_PACE);
    stops.push(() => clearInterval(summary));
  } catch (error) {
    if (stopping) return;
    const remedy = error instanceof PortTaken ? '; free it, or run: npm start -- --shift 100' : '';
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}${remedy}\n`);
    await quit(1);
  }
}

try {
  await start(optionsOf(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
  process.exitCode = 1;
}
