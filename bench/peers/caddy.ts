/**
 * Caddy: its reverse_proxy with idle connections kept, JSON access log to a file, and one core for Go to use.
 *
 * Rule: forwarded headers are its default; automatic TLS, the admin port and compression are off, as nobody else has them.
 */

import { find, versionOf } from '../stage/processes.ts';
import { emptyLog, type Peer, written } from './peer.ts';

export const caddy: Peer = {
  name: 'caddy',
  debian: 'caddy',
  version: () => {
    const version = versionOf('caddy', 'version');
    return version === undefined ? undefined : `caddy ${version}`;
  },
  prepare: ({ folder, port, originPort }) => {
    const log = emptyLog(folder);
    const text = `{
	admin off
	auto_https off
	log default {
		output stderr
		level ERROR
	}
}
:${port} {
	bind 127.0.0.1
	log {
		output file ${log} {
			roll_disabled
		}
		format json
	}
	reverse_proxy 127.0.0.1:${originPort} {
		header_up X-Request-Id {http.request.uuid}
		transport http {
			keepalive 600s
			keepalive_idle_conns 1024
			keepalive_idle_conns_per_host 1024
			compression off
		}
	}
}
`;
    const path = written(folder, 'Caddyfile', text);
    return {
      command: [find('caddy') ?? 'caddy', 'run', '--config', path, '--adapter', 'caddyfile'],
      log,
      logsToOutput: false,
      // It keeps state in the user's home otherwise.
      env: { GOMAXPROCS: '1', XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    };
  },
};
