/**
 * Which peers are believed about Forwarded and X-Forwarded-*: those inside the listener's CIDR blocks.
 *
 * Rule: an empty list trusts nobody and costs one call. IPv4 addresses in IPv6 clothes (`::ffff:10.0.0.1`) are the IPv4
 * addresses they carry. What an address was found to be is kept for a bounded number of addresses.
 */

import { BlockList, isIP } from 'node:net';

/** Peers remembered; a proxy fleet is smaller, and a flood of strangers must not grow memory. */
const REMEMBERED = 1024;

type Trusts = (address: string) => boolean;

const trustsNobody: Trusts = () => false;

/**
 * Compiles CIDR blocks (`10.0.0.0/8`, `fd00::/8`) or single addresses. The result takes an address as sockets give it.
 * Throws where a block is none; the message names it.
 */
export function trustMatcher(blocks: readonly string[]): Trusts {
  if (blocks.length === 0) return trustsNobody;
  const list = new BlockList();
  for (const block of blocks) addBlock(list, block);
  const known = new Map<string, boolean>();
  return (address) => {
    const remembered = known.get(address);
    if (remembered !== undefined) return remembered;
    const trusted = holds(list, address);
    if (known.size >= REMEMBERED) known.clear();
    known.set(address, trusted);
    return trusted;
  };
}

/** What is wrong with a block; undefined where it is one. */
export function blockProblem(block: string): string | undefined {
  const slash = block.indexOf('/');
  const version = isIP(slash === -1 ? block : block.slice(0, slash));
  if (version === 0) return 'not an IP address or CIDR block such as 10.0.0.0/8';
  if (slash === -1) return undefined;
  const bits = block.slice(slash + 1);
  const most = version === 4 ? 32 : 128;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? undefined : `the prefix length is a number from 0 to ${most}`;
}

function addBlock(list: BlockList, block: string): void {
  const problem = blockProblem(block);
  if (problem !== undefined) throw new Error(`trustedProxies: ${block}: ${problem}`);
  const slash = block.indexOf('/');
  const address = slash === -1 ? block : block.slice(0, slash);
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  if (slash === -1) list.addAddress(address, family);
  else list.addSubnet(address, Number(block.slice(slash + 1)), family);
}

function holds(list: BlockList, address: string): boolean {
  const zone = address.indexOf('%');
  const bare = zone === -1 ? address : address.slice(0, zone);
  const carried = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
  const version = isIP(carried);
  if (version === 0) return false;
  return list.check(carried, version === 4 ? 'ipv4' : 'ipv6');
}
