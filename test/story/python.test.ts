/**
 * Python through the router, as client (http.client, urllib) and as server (http.server as HTTP/1.0 and 1.1, wsgiref, and
 * bare sockets with every odd but valid framing).
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

/**
 * Frames its replies in every way HTTP allows and few servers use. One thread a connection; pieces leave one by one, with
 * a moment in between, so that they arrive as pieces.
 */
const ODD = `
import socket, sys, threading, time
def pieces(*parts):
    return lambda c: [(c.sendall(p), time.sleep(0.002)) for p in parts]
def plain(body):
    return b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(body) + body
chunked = b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n'
everything = bytes(range(256))
ways = {
    '/until-close': pieces(b'HTTP/1.0 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n' + everything, everything),
    '/close-1.1': pieces(b'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n', everything),
    '/extensions': pieces(chunked + b'0003;a;b=c;d="e;f\\\\"g"\\r\\none\\r\\n00A;x=y\\r\\n' + everything[:10] + b'\\r\\n000;last=1\\r\\nX-After: yes\\r\\n\\r\\n'),
    '/bytes': pieces(*(bytes([b]) for b in chunked + b'5\\r\\nhello\\r\\n10\\r\\n' + everything[:16] + b'\\r\\n0\\r\\n\\r\\n')),
    '/head': pieces(b'HTTP/1.1 2', b'00 \\r\\ncontent-LEN', b'gth:\\t 5\\t\\r\\n\\r\\nhello'),
    '/interim': pieces(b'HTTP/1.1 103 Early Hints\\r\\nLink: </a>\\r\\n\\r\\nHTTP/1.1 102 \\r\\n\\r\\n' + plain(b'at last')),
    '/twice': pieces(plain(b'asked for') + plain(b'never asked for')),
    '/none': pieces(b'HTTP/1.1 204 No Content\\r\\n\\r\\n'),
}
def serve(c):
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        head = b''
        while not head.endswith(b'\\r\\n\\r\\n'):
            got = c.recv(1)
            if not got:
                return c.close()
            head += got
        target = head.split(b' ')[1].decode()
        ways[target](c)
        if 'close' in target:
            return c.close()
listening = socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=100)
while True:
    threading.Thread(target=serve, args=listening.accept()[:1], daemon=True).start()
`;

test('a server on bare sockets frames its replies oddly, and curl reads every byte of them', async () => {
  const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const expected: Readonly<Record<string, Buffer>> = {
    '/until-close': Buffer.concat([every, every]),
    '/close-1.1': every,
    '/extensions': Buffer.concat([Buffer.from('one'), every.subarray(0, 10)]),
    '/bytes': Buffer.concat([Buffer.from('hello'), every.subarray(0, 16)]),
    '/head': Buffer.from('hello'),
    '/interim': Buffer.from('at last'),
    '/twice': Buffer.from('asked for'),
    '/none': Buffer.alloc(0),
  };
  const targets = [...Object.keys(expected), '/head', ...Object.keys(expected).reverse()];
  const bodies = Buffer.concat(targets.map((target) => expected[target]));
  const port = await freePort();
  const server = await startServer('python3', port, async () => ['-c', ODD, String(port)]);
  try {
    await before(port, async (_, url) => {
      const urls = targets.map((target) => `${url}${target}`);
      const statuses = targets.map((target) => (target === '/none' ? '204' : '200')).join(' ');
      for (const version of ['--http1.1', '--http1.0']) {
        const { out, err } = await run('curl', ['-sS', version, '-w', '%{stderr}%{http_code} ', ...urls]);
        assert.equal(err.trim(), statuses, version);
        assert.ok(out.equals(bodies), `${version}: ${out.toString('latin1')}`);
      }
    });
  } finally {
    await server.stop();
  }
});
