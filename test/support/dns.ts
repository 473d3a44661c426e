/**
 * A DNS server over UDP on 127.0.0.1 that says what a test has it say: addresses, services, failures, nothing at all.
 *
 * Rule: what it says may change at any time; each question is counted. Messages are those of RFC 1035 and RFC 2782, with
 * no name compressed but the question's.
 */

import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

export interface Service {
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

/** What is said about a name. `servfail`: the server failed; `silent`: nothing is said. A name without records: NXDOMAIN. */
export interface Records {
  readonly a?: readonly string[] | 'servfail' | 'silent';
  /** Written in full: eight groups. */
  readonly aaaa?: readonly string[] | 'servfail' | 'silent';
  readonly srv?: readonly Service[] | 'servfail' | 'silent';
  /** Seconds. */
  readonly ttl?: number;
}

const TYPES = { a: 1, aaaa: 28, srv: 33 } as const;
const SERVFAIL = 2;
const NXDOMAIN = 3;

export class DnsServer {
  /** For `dnsServers`. */
  readonly address: string;
  /** Questions so far, as `a cart.internal`. */
  readonly asked: string[] = [];
  private readonly records = new Map<string, Records>();
  private readonly close: () => Promise<void>;

  private constructor(address: string, close: () => Promise<void>) {
    this.address = address;
    this.close = close;
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address() as AddressInfo;
    const server = new DnsServer(
      `127.0.0.1:${port}`,
      () => new Promise<void>((resolve) => socket.close(() => resolve())),
    );
    socket.on('message', (message, from) => {
      const reply = server.reply(message);
      if (reply !== undefined) socket.send(reply, from.port, from.address);
    });
    return server;
  }

  /** From now on this is said about the name; undefined: there is no such name. */
  say(name: string, records: Records | undefined): void {
    if (records === undefined) this.records.delete(name);
    else this.records.set(name, records);
  }

  /** How often this was asked, as `a cart.internal`. */
  count(question: string): number {
    return this.asked.filter((one) => one === question).length;
  }

  stop(): Promise<void> {
    return this.close();
  }

  private reply(message: Buffer): Buffer | undefined {
    const { name, end } = nameAt(message, 12);
    const number = message.readUInt16BE(end);
    const question = message.subarray(12, end + 4);
    const kind = Object.entries(TYPES).find(([, type]) => type === number)?.[0] as keyof typeof TYPES | undefined;
    this.asked.push(`${kind ?? number} ${name}`);
    const known = this.records.get(name);
    const said = kind === undefined ? undefined : known?.[kind];
    if (said === 'silent') return undefined;
    const code = said === 'servfail' ? SERVFAIL : known === undefined ? NXDOMAIN : 0;
    const data = said === undefined || said === 'servfail' ? [] : said.map(dataOf);
    const head = Buffer.alloc(12);
    message.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8580 | code, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(data.length, 6);
    const answers = data.map((bytes) => {
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(number, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(known?.ttl ?? 60, 6);
      record.writeUInt16BE(bytes.length, 10);
      return Buffer.concat([record, bytes]);
    });
    return Buffer.concat([head, question, ...answers]);
  }
}

function nameAt(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message[at]; length !== 0; length = message[at]) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function dataOf(record: string | Service): Buffer {
  if (typeof record === 'string') {
    if (!record.includes(':')) return Buffer.from(record.split('.').map(Number));
    return Buffer.from(
      record
        .split(':')
        .map((group) => group.padStart(4, '0'))
        .join(''),
      'hex',
    );
  }
  const { target, port, priority = 0, weight = 0 } = record;
  const head = Buffer.alloc(6);
  head.writeUInt16BE(priority, 0);
  head.writeUInt16BE(weight, 2);
  head.writeUInt16BE(port, 4);
  const labels = target.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([head, ...(target === '.' ? [] : labels), Buffer.from([0])]);
}
