/**
 * Python through the router, as client (http.client, urllib) and as server (http.server as HTTP/1.0 and 1.1, wsgiref).
 */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { before, between, bodyOf, sha256 } from '../support/between.ts';
import { randomSource } from '../support/flood.ts';
import { freePort } from '../support/ports.ts';
import { run, startServer } from '../support/programs.ts';

const DATA = randomSource(13, 1_500_000);

/** Runs a script with the router's address as its arguments; what it prints is JSON. */
async function python(script: string, url: string, input?: Uint8Array): Promise<unknown> {
  const { hostname, port } = new URL(url);
  const ran = await run('python3', ['-c', script, hostname, port, url], input === undefined ? {} : { input });
  assert.equal(ran.code, 0, ran.err);
  return JSON.parse(ran.out.toString('utf8'));
}

const HTTP_CLIENT = `
import hashlib, http.client, json, sys
data = sys.stdin.buffer.read()
c = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=20)
said = []
for i in range(10):
    c.request('GET', '/%d' % i)
    said.append(c.getresponse().read().decode())
    sock = c.sock if i == 0 else sock
c.request('POST', '/length', body=data)
said.append(c.getresponse().read().decode())
c.request('POST', '/chunks', body=(data[i:i + 50000] for i in range(0, len(data), 50000)), encode_chunked=True, headers={'Transfer-Encoding': 'chunked'})
said.append(c.getresponse().read().decode())
c.request('HEAD', '/head')
r = c.getresponse()
said.append([r.status, len(r.read())])
c.request('GET', '/back')
r = c.getresponse()
hash = hashlib.sha256()
while piece := r.read(1000):
    hash.update(piece)
said.append(hash.hexdigest())
print(json.dumps([said, sock is c.sock]))
`;

test(
  'http.client keeps its connection, uploads with a length and in chunks, and reads in small pieces',
  between(
    async (request, response) => {
      if (request.url === '/back') return void response.end(DATA);
      const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
      response.end(`${request.url} ${sha256(await bodyOf(request))} ${length ?? coding ?? 'none'}`);
    },
    async ({ url }) => {
      const [said, kept] = (await python(HTTP_CLIENT, url, DATA)) as [unknown[], boolean];
      const gets = Array.from({ length: 10 }, (_, i) => `/${i} ${sha256('')} none`);
      const posts = [`/length ${sha256(DATA)} ${DATA.length}`, `/chunks ${sha256(DATA)} chunked`];
      assert.deepEqual(said, [...gets, ...posts, [200, 0], sha256(DATA)]);
      assert.equal(kept, true);
    },
  ),
);

const URLLIB = `
import json, sys, urllib.error, urllib.request
url = sys.argv[3]
said = [urllib.request.urlopen(url + '/old', timeout=20).read().decode()]
form = urllib.request.Request(url + '/form', data=b'name=ada', method='POST')
said.append(urllib.request.urlopen(form, timeout=20).read().decode())
try:
    urllib.request.urlopen(url + '/elsewhere', timeout=20)
except urllib.error.HTTPError as e:
    said.append([e.code, json.load(e)['code']])
print(json.dumps(said))
`;

test(
  'urllib follows redirects, posts forms and reads the problem of what has no route',
  between(
    async (request, response) => {
      if (request.url === '/site/old') response.writeHead(307, { location: '/site/new' }).end();
      else response.end(`${request.url} ${await bodyOf(request)}`);
    },
    async ({ url }) => {
      const script = URLLIB.replaceAll("'/old'", "'/site/old'").replaceAll("'/form'", "'/site/form'");
      assert.deepEqual(await python(script, url), ['/site/new ', '/site/form name=ada', [404, 'no_route']]);
    },
    { route: { match: { path: '/site' } } },
  ),
);

test('python -m http.server, which closes behind every reply, serves files, lists them and misses some', async () => {
  const port = await freePort();
  const server = await startServer('python3', port, async (folder) => {
    await writeFile(join(folder, 'data'), DATA);
    return ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', folder];
  });
  try {
    await before(port, async (_, url) => {
      for (let i = 0; i < 15; i++) {
        const reply = await fetch(`${url}/data`);
        assert.equal(sha256(new Uint8Array(await reply.arrayBuffer())), sha256(DATA));
      }
      const close = { headers: { connection: 'close' } };
      assert.match(await (await fetch(`${url}/`, close)).text(), /href="data"/);
      const head = await fetch(`${url}/data`, { method: 'HEAD', ...close });
      assert.equal(head.headers.get('content-length'), String(DATA.length));
      const missing = await fetch(`${url}/nothing`, close);
      assert.deepEqual([missing.status, /not found/i.test(await missing.text())], [404, true]);
    });
  } finally {
    await server.stop();
  }
});

/** Echoes bodies on connections that stay; says how many it has accepted so far. */
const KEEPING = `
import sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    accepted = 0
    def setup(self):
        Handler.accepted += 1
        super().setup()
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('X-Accepted', str(Handler.accepted))
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
class Server(ThreadingHTTPServer):
    daemon_threads = True
Server(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
`;

test('a ThreadingHTTPServer of HTTP/1.1 echoes bodies, all over one kept connection', async () => {
  const port = await freePort();
  const server = await startServer('python3', port, async () => ['-c', KEEPING, String(port)]);
  try {
    await before(port, async (_, url) => {
      const accepted = new Set<string | null>();
      for (let i = 0; i < 25; i++) {
        const body = DATA.subarray(0, i * 20_000);
        const reply = await fetch(url, { method: 'POST', body, headers: { connection: 'close' } });
        assert.equal(sha256(new Uint8Array(await reply.arrayBuffer())), sha256(body));
        accepted.add(reply.headers.get('x-accepted'));
      }
      assert.equal(accepted.size, 1);
    });
  } finally {
    await server.stop();
  }
});

/** Says no length: the end of the connection is the end of the body. */
const WSGI = `
import hashlib, sys
from wsgiref.simple_server import make_server, WSGIRequestHandler
class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass
def app(environ, start_response):
    body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start_response('200 OK', [('Content-Type', 'text/plain')])
    text = hashlib.sha256(body).hexdigest() + ' ' + environ['PATH_INFO'] + ' ' + environ['HTTP_X_FORWARDED_FOR']
    yield text.encode()
    for i in range(100):
        yield b'x' * 1000
make_server('127.0.0.1', int(sys.argv[1]), app, handler_class=Quiet).serve_forever()
`;

test('wsgiref, whose replies end with the connection, is understood and its clients keep theirs', async () => {
  const port = await freePort();
  const server = await startServer('python3', port, async () => ['-c', WSGI, String(port)]);
  try {
    await before(port, async (_, url) => {
      for (let i = 0; i < 10; i++) {
        const body = DATA.subarray(0, i * 10_000);
        const text = await (await fetch(`${url}/p/${i}`, { method: 'POST', body })).text();
        assert.equal(text, `${sha256(body)} /p/${i} 127.0.0.1${'x'.repeat(100_000)}`);
      }
    });
  } finally {
    await server.stop();
  }
});
