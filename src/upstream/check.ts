/**
 * One question to one member: does it serve?
 *
 * Rule: a connection of its own each time, closed when the answer is known, so that what is checked is also whether the
 * member takes connections. The answer is undefined where all is well, else what was wrong in words, within the time limit.
 */

import { connect } from 'node:net';
import type { Alarms } from '../core/alarm.ts';
import type { HealthCheckSettings } from './upstream.ts';

/** How much of a body is looked at for the text that must stand in it, bytes. */
const BODY_SEEN = 65_536;

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  /** For the Host header. */
  readonly authority: string;
}

/** A question on its way. */
export interface Question {
  readonly trouble: Promise<string | undefined>;
  /** Nobody wants to know any more. */
  end(): void;
}

export type Probe = (target: ProbeTarget, settings: HealthCheckSettings) => Question;

export function networkProbe(alarms: Alarms): Probe {
  return (target, settings) => {
    const { path } = settings;
    return path === undefined ? connects(alarms, target, settings) : answers(alarms, target, { ...settings, path });
  };
}

function connects(alarms: Alarms, { host, port }: ProbeTarget, { timeout }: HealthCheckSettings): Question {
  return limited(alarms, timeout, (told) => {
    const socket = connect({ host, port }, () => told(undefined));
    socket.on('error', (error) => told(troubleOf(error)));
    return () => socket.destroy();
  });
}

function answers(alarms: Alarms, target: ProbeTarget, settings: HealthCheckSettings & { path: string }): Question {
  const { host, port, authority } = target;
  const { path, timeout, status, body } = settings;
  const [first, last] = status;
  return limited(alarms, timeout, (told) => {
    const { request } = process.getBuiltinModule('node:http');
    const headers = { host: authority, 'user-agent': 'signalbox-health', accept: '*/*', connection: 'close' };
    const asked = request({ host, port, path, method: 'GET', agent: false, headers }, (reply) => {
      const { statusCode = 0 } = reply;
      reply.on('error', (error) => told(troubleOf(error)));
      if (statusCode < first || statusCode > last) told(`status ${statusCode}`);
      else if (body === undefined) told(undefined);
      else lookFor(body, reply, told);
    });
    asked.on('error', (error) => told(troubleOf(error)));
    // Nobody asked for another protocol; without a listener Node.js would end the connection without a word.
    asked.on('upgrade', (_reply, socket) => {
      socket.destroy();
      told('status 101');
    });
    asked.end();
    return () => asked.destroy();
  });
}

/** Reads until the text is found, the body ends, or enough was seen. */
function lookFor(text: string, reply: NodeJS.ReadableStream, told: (cause: string | undefined) => void): void {
  const wanted = Buffer.from(text);
  let seen = Buffer.alloc(0);
  const missing = () => told(`the text ${JSON.stringify(text)} is not in the body`);
  reply.on('data', (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk.subarray(0, BODY_SEEN - seen.length)]);
    if (seen.includes(wanted)) told(undefined);
    else if (seen.length >= BODY_SEEN) missing();
  });
  reply.on('end', missing);
  reply.on('close', missing);
}

/** Runs one question; `begin` gives what ends it, which is called once it was told how it went, or time is over. */
function limited(
  alarms: Alarms,
  timeout: number,
  begin: (told: (cause: string | undefined) => void) => () => void,
): Question {
  const { promise: trouble, resolve } = Promise.withResolvers<string | undefined>();
  let over = false;
  let close = () => {};
  const told = (cause: string | undefined) => {
    if (over) return;
    over = true;
    cancel();
    close();
    resolve(cause);
  };
  const cancel = alarms.after(timeout, () => told(`no answer within ${timeout} ms`));
  close = begin(told);
  if (over) close();
  return { trouble, end: () => told(undefined) };
}

const IN_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'broke the connection off',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
};

function troubleOf(error: NodeJS.ErrnoException): string {
  const { code = '', message } = error;
  if (code.startsWith('HPE_')) return `sent no valid reply: ${message}`;
  return IN_WORDS[code] ?? message;
}
