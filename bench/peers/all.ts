/**
 * Everybody the product is held against, the product first.
 */

import { caddy } from './caddy.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { fastifyProxy, httpProxy } from './node-peers.ts';
import type { Peer } from './peer.ts';
import { signalbox } from './signalbox.ts';

export const PEERS: readonly Peer[] = [signalbox(), nginx, haproxy, caddy, httpProxy, fastifyProxy];
