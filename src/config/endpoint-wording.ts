/**
 * What is wrong with the URL of an endpoint, and what to write instead.
 *
 * Rule: an endpoint is an origin that this version can reach, or the name of a service record; what it cannot reach (TLS)
 * is refused by name.
 */

import { type Flaw, hostFlaw } from './wording.ts';

const FORM = 'write `http://host:port`';
const SERVICE_FORM = 'write `srv://_http._tcp.cart.internal`';

/** What is wrong with the URL of an endpoint. */
export function endpointFlaw(url: string): Flaw | undefined {
  const parts = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/s.exec(url);
  if (parts === null) return { reason: 'is no URL', advice: FORM };
  const [, scheme, authority, rest] = parts;
  const lower = scheme.toLowerCase();
  if (lower === 'https')
    return { reason: 'asks for TLS, which is not supported towards upstreams in this version', advice: FORM };
  if (lower !== 'http' && lower !== 'srv')
    return { reason: `has the scheme \`${scheme}\`, which is not supported`, advice: FORM };
  if (authority.includes('@'))
    return { reason: 'holds user information', advice: 'send credentials with `rewrite.headers` of the route' };
  const form = lower === 'srv' ? SERVICE_FORM : FORM;
  if (rest !== '' && rest !== '/')
    return { reason: 'is more than an origin', advice: `${form}; paths are changed by \`rewrite\` of the route` };
  return lower === 'srv' ? serviceFlaw(authority) : originFlaw(url, authority);
}

function originFlaw(url: string, authority: string): Flaw | undefined {
  const port = /:(\d*)$/.exec(authority)?.[1];
  const host = port === undefined ? authority : authority.slice(0, -port.length - 1);
  if (port !== undefined && (port === '' || Number(port) === 0 || Number(port) > 65_535))
    return { reason: 'has no valid port', advice: 'write a port from 1 to 65535' };
  return hostFlaw(host, false) ?? (URL.canParse(url) ? undefined : { reason: 'is no URL', advice: FORM });
}

/** A service record (RFC 2782) says host, port, priority and weight of each member itself. */
function serviceFlaw(name: string): Flaw | undefined {
  if (/:\d*$/.test(name))
    return { reason: 'has a port, which its service records say themselves', advice: 'remove it' };
  const flaw = hostFlaw(name, false);
  if (flaw !== undefined) return flaw;
  if (/^_[^.]+\._tcp\.[^.]/i.test(name)) return undefined;
  return { reason: 'is no name of a service record: `_service._tcp.` and a domain', advice: SERVICE_FORM };
}
