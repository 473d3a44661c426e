/**
 * The load: wrk on its own core, and the questions asked before it.
 *
 * Rule: nothing is timed that was not answered right before: status, every byte of the body, and the id where one is
 * due. A run with errors or unexpected statuses is no measurement; it ends the bench.
 */

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import type { Case } from './cases.ts';
import { find, OTHER_CORE, pinned } from './processes.ts';

export interface Load {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds, of a closed loop at full load: comparable between peers of one run, no promise to users. */
  readonly p50: number;
  readonly p99: number;
}

/** Asks once, on a connection of its own, and throws where the answer is not the expected one. */
export async function validate(each: Case, port: number, mark: string | undefined): Promise<void> {
  const agent = new Agent({ keepAlive: false });
  const body = await new Promise<Buffer>((resolve, reject) => {
    const headers = Object.fromEntries(each.headers);
    const sent = request({ agent, port, host: '127.0.0.1', method: each.method, path: each.path, headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () => {
        if (reply.statusCode !== 200) reject(new Error(`status ${reply.statusCode} instead of 200`));
        else if (mark !== undefined && !reply.headers[mark]) reject(new Error(`no ${mark} in the reply`));
        else resolve(Buffer.concat(chunks));
      });
    });
    sent.on('error', reject);
    sent.end('y'.repeat(each.sentBytes));
  });
  if (!body.equals(Buffer.alloc(each.replyBytes, 'x'))) {
    throw new Error(`${body.length} bytes, not the ${each.replyBytes} the origin sends`);
  }
}

/** Runs wrk for some seconds. */
export async function load(each: Case, port: number, seconds: number, folder: string): Promise<Load> {
  const wrk = find('wrk');
  if (wrk === undefined) throw new Error('the bench needs wrk for its load: apt-get install wrk');
  const command = [wrk, '-t1', `-c${each.connections}`, `-d${seconds}s`, '--latency'];
  for (const [name, value] of each.headers) command.push('-H', `${name}: ${value}`);
  if (each.sentBytes > 0) command.push('-s', script(each, folder));
  command.push(`http://127.0.0.1:${port}${each.path}`);
  return read(await output(pinned(OTHER_CORE, command)));
}

function script(each: Case, folder: string): string {
  const path = join(folder, `${each.id}.lua`);
  writeFileSync(path, `wrk.method = "${each.method}"\nwrk.body = string.rep("y", ${each.sentBytes})\n`);
  return path;
}

function output([program, ...rest]: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`wrk ended with ${code}:\n${text}`))));
  });
}

/** Reads wrk's report; throws where it speaks of errors. */
export function read(text: string): Load {
  const trouble = /Socket errors:.*|Non-2xx or 3xx responses:.*/.exec(text)?.[0];
  if (trouble !== undefined) throw new Error(`not every request was answered well: ${trouble}`);
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  return {
    requests: number(/(\d+) requests in/),
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p50: milliseconds(/\b50%\s+([\d.]+)(us|ms|s)/.exec(text)),
    p99: milliseconds(/\b99%\s+([\d.]+)(us|ms|s)/.exec(text)),
  };
}

function milliseconds(found: RegExpExecArray | null): number {
  if (found === null) return Number.NaN;
  const unit = { us: 0.001, ms: 1, s: 1000 }[found[2]] ?? Number.NaN;
  return Number(found[1]) * unit;
}
