/**
 * The two proxies of the npm registry that people build on: http-proxy, and @fastify/http-proxy.
 */

import { fileURLToPath } from 'node:url';
import { emptyLog, type Peer, packageVersion } from './peer.ts';

function nodePeer(name: string, file: string): Peer {
  const main = fileURLToPath(new URL(file, import.meta.url));
  return {
    name,
    version: () => packageVersion(name),
    prepare: ({ folder, port, originPort }) => ({
      command: [process.execPath, '--no-deprecation', main, String(port), String(originPort)],
      log: emptyLog(folder),
      logsToOutput: true,
    }),
  };
}

export const httpProxy = nodePeer('http-proxy', './http-proxy-main.ts');
export const fastifyProxy = nodePeer('@fastify/http-proxy', './fastify-main.ts');
