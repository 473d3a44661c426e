/**
 * From a name to its addresses: hosts file, both families, services, and what stands in where a part cannot be had.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dnsClient, type Found, type Memory, SystemLookup } from '../../../src/upstream/lookup.ts';
import { DnsServer } from '../../support/dns.ts';

interface Bench {
  readonly server: DnsServer;
  readonly hosts: (text: string) => Promise<void>;
  readonly name: (host: string) => Promise<Found>;
  readonly service: (host: string) => Promise<Found>;
}

async function onBench(body: (bench: Bench) => Promise<void>, resolvConf?: string): Promise<void> {
  const server = await DnsServer.start();
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-lookup-'));
  const hostsFile = join(directory, 'hosts');
  const conf = join(directory, 'resolv.conf');
  if (resolvConf !== undefined) await writeFile(conf, resolvConf);
  const client = dnsClient([server.address]);
  const lookup = new SystemLookup({ hostsFile, resolvConf: resolvConf === undefined ? undefined : conf, client });
  const memory: Memory = new Map();
  try {
    await body({
      server,
      hosts: (text) => writeFile(hostsFile, text),
      name: (host) => lookup.ask({ is: 'name', host }, memory),
      service: (host) => lookup.ask({ is: 'service', host }, memory),
    });
  } finally {
    lookup.stop();
    await server.stop();
    await rm(directory, { recursive: true });
  }
}

/** `host:port*weight` of each place. */
function told(found: Found): string[] {
  if (!found.ok) return [found.error];
  return found.places.map(({ host, port, weight }) => `${host}:${port}*${weight}`).sort();
}

test('a name leads to the addresses of both families, for as long as the shorter-lived of them', () =>
  onBench(async ({ server, name }) => {
    server.say('cart.internal', { a: ['10.0.0.2', '10.0.0.1'], aaaa: ['fd00:0:0:0:0:0:0:1'], ttl: 7 });
    const found = await name('cart.internal');
    assert.deepEqual(told(found), ['10.0.0.1:0*1', '10.0.0.2:0*1', 'fd00::1:0*1']);
    assert.equal(found.ok && found.ttl, 7000);
  }));

test('a name with addresses of one family has those', () =>
  onBench(async ({ server, name }) => {
    server.say('four.internal', { a: ['10.0.0.1'] });
    server.say('six.internal', { aaaa: ['fd00:0:0:0:0:0:0:6'] });
    assert.deepEqual(told(await name('four.internal')), ['10.0.0.1:0*1']);
    assert.deepEqual(told(await name('six.internal')), ['fd00::6:0*1']);
  }));

test('a family whose question fails keeps the addresses it had, beside those of the other', () =>
  onBench(async ({ server, name }) => {
    server.say('cart.internal', { a: ['10.0.0.1'], aaaa: ['fd00:0:0:0:0:0:0:1'] });
    await name('cart.internal');
    server.say('cart.internal', { a: ['10.0.0.9'], aaaa: 'servfail' });
    assert.deepEqual(told(await name('cart.internal')), ['10.0.0.9:0*1', 'fd00::1:0*1']);
  }));

test('why a name cannot be looked up is said in words', () =>
  onBench(async ({ server, name }) => {
    server.say('broken.internal', { a: 'servfail', aaaa: 'servfail' });
    server.say('empty.internal', {});
    assert.deepEqual(told(await name('broken.internal')), ['the server failed (ESERVFAIL)']);
    assert.deepEqual(told(await name('empty.internal')), ['the name has no address (ENODATA)']);
    assert.deepEqual(told(await name('nowhere.internal')), ['there is no such name (ENOTFOUND)']);
    server.say('mute.internal', { a: 'silent', aaaa: 'silent' });
    assert.deepEqual(told(await name('mute.internal')), ['no server answered in time (ETIMEOUT)']);
  }));

test('a name in the hosts file is not asked of a server, and the file is read again when it changes', () =>
  onBench(async ({ server, hosts, name }) => {
    server.say('cart.internal', { a: ['10.0.0.1'] });
    await hosts('# ours\n10.1.1.1\tCart.internal cart # and more\n10.1.1.2 cart.internal\nnonsense cart.internal\n');
    assert.deepEqual(told(await name('cart.internal')), ['10.1.1.1:0*1', '10.1.1.2:0*1']);
    assert.deepEqual(server.asked, []);
    await hosts('10.1.1.33 cart.internal\n');
    assert.deepEqual(told(await name('cart.internal')), ['10.1.1.33:0*1']);
    await hosts('');
    assert.deepEqual(told(await name('cart.internal')), ['10.0.0.1:0*1']);
  }));

test('a short name is looked for in the domains of the search list, the one that answered last first', () =>
  onBench(async ({ server, name }) => {
    server.say('cart.two.internal', { a: ['10.0.0.1'] });
    assert.deepEqual(told(await name('cart')), ['10.0.0.1:0*1']);
    assert.deepEqual(told(await name('cart')), ['10.0.0.1:0*1']);
    assert.equal(server.count('a cart.one.internal'), 1);
    assert.equal(server.count('a cart.two.internal'), 2);
    server.say('whole.and.long', { a: ['10.0.0.2'] });
    assert.deepEqual(told(await name('whole.and.long')), ['10.0.0.2:0*1']);
    assert.equal(server.count('a whole.and.long.one.internal'), 0);
  }, 'nameserver 127.0.0.1\nsearch one.internal two.internal\noptions timeout:1 ndots:2\n'));

test('a service leads to its targets with the lowest priority, with their ports and weights', () =>
  onBench(async ({ server, service }) => {
    server.say('a.internal', { a: ['10.0.0.1'], ttl: 9 });
    server.say('b.internal', { a: ['10.0.0.2'], ttl: 90 });
    server.say('late.internal', { a: ['10.0.0.3'] });
    const srv = [
      { target: 'a.internal', port: 7001, priority: 1, weight: 30 },
      { target: 'b.internal', port: 7002, priority: 1, weight: 0 },
      { target: 'late.internal', port: 7003, priority: 2, weight: 10 },
    ];
    server.say('_http._tcp.cart.internal', { srv });
    const found = await service('_http._tcp.cart.internal');
    assert.deepEqual(told(found), ['10.0.0.1:7001*30', '10.0.0.2:7002*1']);
    assert.equal(found.ok && found.ttl, 9000);
  }));

test('a service whose first targets have no address falls back to those of the next priority', () =>
  onBench(async ({ server, service }) => {
    server.say('late.internal', { a: ['10.0.0.3'], ttl: 3600 });
    const srv = [
      { target: 'gone.internal', port: 7001, priority: 1 },
      { target: 'late.internal', port: 7003, priority: 2, weight: 10 },
    ];
    server.say('_http._tcp.cart.internal', { srv });
    const found = await service('_http._tcp.cart.internal');
    assert.deepEqual(told(found), ['10.0.0.3:7003*10']);
    assert.equal(found.ok && found.ttl, 30_000, 'a service is asked for again after half a minute at most');
  }));

test('a target of a service that cannot be looked up stays where it was, until the service names it no more', () =>
  onBench(async ({ server, service }) => {
    server.say('a.internal', { a: ['10.0.0.1'] });
    server.say('b.internal', { a: ['10.0.0.2'] });
    const [a, b] = [
      { target: 'a.internal', port: 7001, weight: 1 },
      { target: 'b.internal', port: 7002, weight: 1 },
    ];
    server.say('_http._tcp.cart.internal', { srv: [a, b] });
    await service('_http._tcp.cart.internal');
    server.say('a.internal', { a: 'servfail', aaaa: 'servfail' });
    assert.deepEqual(told(await service('_http._tcp.cart.internal')), ['10.0.0.1:7001*1', '10.0.0.2:7002*1']);
    server.say('_http._tcp.cart.internal', { srv: [b] });
    assert.deepEqual(told(await service('_http._tcp.cart.internal')), ['10.0.0.2:7002*1']);
    server.say('_http._tcp.cart.internal', { srv: [a, b] });
    const after = 'what was known of it is forgotten by then';
    assert.deepEqual(told(await service('_http._tcp.cart.internal')), ['10.0.0.2:7002*1'], after);
  }));

test('a service that says it is not to be had has nobody', () =>
  onBench(async ({ server, service }) => {
    server.say('_http._tcp.cart.internal', { srv: [{ target: '.', port: 0 }] });
    assert.deepEqual(told(await service('_http._tcp.cart.internal')), ['the name has no address (ENODATA)']);
    assert.deepEqual(told(await service('_http._tcp.tax.internal')), ['there is no such name (ENOTFOUND)']);
  }));
