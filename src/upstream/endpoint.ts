/**
 * What the URL of an endpoint leads to: an address, a name that stands for addresses, or a service record.
 *
 * Rule: read once, in one place. `localhost` counts as an address: it is this machine, whichever of its two loopback
 * addresses a service listens on, and the system tries both. What a name leads to is for resolver.ts to find out.
 */

import { isIP } from 'node:net';

export interface Endpoint {
  readonly is: 'address' | 'name' | 'service';
  /** Without brackets; of a service the name of its record. */
  readonly host: string;
  /** Of a service 0: its records say. */
  readonly port: number;
  /** `host:port` as it is written, for a Host header. */
  readonly authority: string;
}

const HTTP_PORT = 80;

/** Reads the URL of an endpoint of a valid document. */
export function readEndpoint(written: string): Endpoint {
  const service = /^srv:\/\/([^/]+)/i.exec(written)?.[1];
  if (service !== undefined) return { is: 'service', host: service.toLowerCase(), port: 0, authority: service };
  const url = new URL(written);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const fixed = isIP(host) !== 0 || host === 'localhost';
  const port = url.port === '' ? HTTP_PORT : Number(url.port);
  return { is: fixed ? 'address' : 'name', host, port, authority: url.host };
}
