/**
 * nginx and HAProxy beside the router: nginx as the origin, and either in front as the proxy that is trusted.
 */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { before, between, bodyOf, sha256 } from '../support/between.ts';
import { randomSource } from '../support/flood.ts';
import { freePort } from '../support/ports.ts';
import { type Running, startServer } from '../support/programs.ts';

const DATA = randomSource(14, 1_000_000);
const TEXT = 'a line of text that compresses well\n'.repeat(5000);

/** nginx in one process, all it writes in its own folder. */
function startNginx(port: number, http: (folder: string) => string): Promise<Running> {
  return startServer('nginx', port, async (folder) => {
    await writeFile(join(folder, 'data'), DATA);
    await writeFile(join(folder, 'text.txt'), TEXT);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder};`,
    );
    const config = join(folder, 'nginx.conf');
    await writeFile(
      config,
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
       events {}
       http { access_log off; ${temporary.join(' ')} ${http(folder)} }`,
    );
    return ['-p', folder, '-c', config, '-e', 'stderr'];
  });
}

function ask(url: string, agent: Agent, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, resolve).on('error', reject);
  });
}

for (const requests of [1, 3, 1000]) {
  test(`no request to nginx is lost where it closes a connection after ${requests}`, async () => {
    const port = await freePort();
    const server = await startNginx(
      port,
      (folder) => `server { listen 127.0.0.1:${port}; root ${folder}; keepalive_requests ${requests}; }`,
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    try {
      await before(port, async (_, url) => {
        const all = Array.from({ length: 150 }, async (_, i) => {
          const reply = await ask(`${url}/${i % 10 === 0 ? 'data' : 'text.txt'}`, agent);
          const body = await bodyOf(reply);
          assert.deepEqual([reply.statusCode, sha256(body)], [200, sha256(i % 10 === 0 ? DATA : TEXT)]);
        });
        await Promise.all(all);
        agent.destroy();
      });
    } finally {
      agent.destroy();
      await server.stop();
    }
  });
}

test('compressed, conditional and partial replies of nginx come through', async () => {
  const port = await freePort();
  const server = await startNginx(
    port,
    (folder) => `gzip on; gzip_proxied any; gzip_types text/plain; default_type text/plain;
      server { listen 127.0.0.1:${port}; root ${folder}; }`,
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await before(port, async (_, url) => {
      const zipped = await ask(`${url}/text.txt`, agent, { 'accept-encoding': 'gzip' });
      assert.deepEqual([zipped.headers['content-encoding'], zipped.headers['transfer-encoding']], ['gzip', 'chunked']);
      assert.equal(gunzipSync(await bodyOf(zipped)).toString(), TEXT);
      const plain = await ask(`${url}/text.txt`, agent);
      assert.equal((await bodyOf(plain)).toString(), TEXT);
      const { etag = '' } = plain.headers;
      const same = await ask(`${url}/text.txt`, agent, { 'if-none-match': etag });
      assert.deepEqual([same.statusCode, (await bodyOf(same)).length, same.headers.etag], [304, 0, etag]);
      const part = await ask(`${url}/data`, agent, { range: 'bytes=1000-4999' });
      assert.deepEqual([part.statusCode, part.headers['content-range']], [206, `bytes 1000-4999/${DATA.length}`]);
      assert.equal(sha256(await bodyOf(part)), sha256(DATA.subarray(1000, 5000)));
      const parts = await ask(`${url}/data`, agent, { range: 'bytes=0-9,20-29' });
      assert.match(parts.headers['content-type'] ?? '', /^multipart\/byteranges/);
      assert.match((await bodyOf(parts)).toString('latin1'), /bytes 20-29/);
      agent.destroy();
    });
  } finally {
    agent.destroy();
    await server.stop();
  }
});

const FRONTS = {
  nginx: (port: number, behind: number) =>
    startNginx(
      port,
      () => `upstream router { server 127.0.0.1:${behind}; keepalive 4; }
        server { listen 127.0.0.1:${port};
          location / { proxy_pass http://router; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For 203.0.113.7;
            proxy_set_header X-Forwarded-Proto https; proxy_set_header Forwarded "for=203.0.113.7;proto=https"; } }`,
    ),
  haproxy: (port: number, behind: number) =>
    startServer('haproxy', port, async (folder) => {
      const config = join(folder, 'haproxy.cfg');
      await writeFile(
        config,
        `defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
listen front
  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-For 203.0.113.7
  http-request set-header X-Forwarded-Proto https
  http-request set-header Forwarded for=203.0.113.7;proto=https
  http-reuse always
  server router 127.0.0.1:${behind}
`,
      );
      return ['-f', config, '-db'];
    }),
};

for (const [name, start] of Object.entries(FRONTS)) {
  test(
    `${name} in front is believed about the client, and its connections are kept`,
    between(
      async (request, response) => {
        const { forwarded, host, 'x-forwarded-for': chain, 'x-forwarded-proto': proto } = request.headers;
        await bodyOf(request);
        response.end(JSON.stringify({ forwarded, host, chain, proto }));
      },
      async ({ router }) => {
        const port = await freePort();
        const front = await start(port, router.port());
        try {
          let most = 0;
          for (let i = 0; i < 30; i++) {
            const reply = await fetch(`http://127.0.0.1:${port}/x`, {
              method: 'POST',
              body: DATA.subarray(0, i * 1000),
              headers: { connection: 'close' },
            });
            assert.deepEqual(await reply.json(), {
              forwarded: `for=203.0.113.7;proto=https, for=127.0.0.1;host="127.0.0.1:${port}";proto=http`,
              host: `127.0.0.1:${port}`,
              chain: '203.0.113.7, 127.0.0.1',
              proto: 'https',
            });
            most = Math.max(most, (await router.status()).connections);
          }
          assert.ok(most <= 2, `${most} connections for requests one after the other`);
          const [line] = await router.accessLog(1);
          assert.equal(line.client, '203.0.113.7');
        } finally {
          await front.stop();
        }
      },
      { internal: { trustedProxies: ['127.0.0.1/32'] } },
    ),
  );
}
