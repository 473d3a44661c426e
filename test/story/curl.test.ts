/**
 * curl through the router: versions, kept connections, uploads and downloads in every form it knows, refusals, aborts.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before as first, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { between, bodyOf, sha256 } from '../support/between.ts';
import { randomSource } from '../support/flood.ts';
import { type Ran, run } from '../support/programs.ts';
import { until } from '../support/wait.ts';

const DATA = randomSource(11, 2_500_000);
let folder = '';
const fileOf = (name: string) => join(folder, name);

first(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-curl-'));
  await writeFile(fileOf('data'), DATA);
});
after(() => rm(folder, { recursive: true, force: true }));

/** Runs curl; fails the test where it does not end with the exit code. */
async function curl(args: readonly string[], input?: Uint8Array, code = 0): Promise<Ran> {
  const ran = await run('curl', ['-sS', '--max-time', '20', ...args], input === undefined ? {} : { input });
  assert.equal(ran.code, code, ran.err);
  return ran;
}

const text = async (...args: string[]): Promise<string> => (await curl(args)).out.toString('latin1');

/** Answers with what it heard: method, target, the hash of the body, some headers. */
async function tell(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  const { method, url, headers } = request;
  const named = [
    headers.host,
    headers['content-length'],
    headers['transfer-encoding'],
    headers.expect,
    headers['content-range'],
  ];
  response.end([method, url, sha256(body), ...named.map((value) => value ?? '-')].join(' '));
}

test(
  'HTTP/1.0 and 1.1 get the same body, of known length and in chunks',
  between(
    (request, response) => {
      if (request.url === '/length') response.setHeader('content-length', DATA.length);
      response.end(DATA);
    },
    async ({ url }) => {
      for (const version of ['--http1.0', '--http1.1']) {
        for (const path of ['/length', '/chunks']) {
          const { out } = await curl([version, `${url}${path}`]);
          assert.equal(sha256(out), sha256(DATA), `${version} ${path}`);
        }
      }
    },
  ),
);

test(
  'several URLs travel over one connection',
  between(
    (_, response) => response.end('hello'),
    async ({ url }) => {
      const many = Array.from({ length: 6 }, (_, i) => ['-o', '/dev/null', `${url}/${i}`]).flat();
      assert.equal(await text('-w', '%{http_code}/%{num_connects} ', ...many), '200/1 200/0 200/0 200/0 200/0 200/0 ');
    },
  ),
);

test(
  'a large body waits for 100 Continue of the origin, and arrives whole',
  between(tell, async ({ url, origin }) => {
    let asked = 0;
    origin.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      asked += 1;
      response.writeContinue();
      void tell(request, response);
    });
    const said = await text('--expect100-timeout', '15', '--data-binary', `@${fileOf('data')}`, `${url}/x`);
    assert.equal(said.split(' ')[2], sha256(DATA));
    assert.equal(asked, 1);
  }),
);

for (const status of [413, 417]) {
  test(
    `a body that the origin refuses beforehand with ${status} is not sent`,
    between(tell, async ({ url, origin }) => {
      let got = 0;
      origin.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        request.on('data', (bytes: Buffer) => {
          got += bytes.length;
        });
        response.writeHead(status, { connection: 'close' }).end('no');
      });
      const args = ['--expect100-timeout', '15', '--data-binary', `@${fileOf('data')}`, `${url}/x`];
      assert.equal(await text('-w', ' %{http_code} %{size_upload}', ...args), `no ${status} 0`);
      assert.equal(got, 0);
    }),
  );
}

test(
  'uploads of a file and of a stream keep their framing and every byte',
  between(tell, async ({ url }) => {
    const fromFile = (await text('-T', fileOf('data'), `${url}/x`)).split(' ');
    assert.deepEqual([fromFile[0], fromFile[2], fromFile[4], fromFile[5]], ['PUT', sha256(DATA), '2500000', '-']);
    const { out } = await curl(['-T', '-', `${url}/x`], DATA);
    const fromStream = out.toString('latin1').split(' ');
    assert.deepEqual([fromStream[2], fromStream[4], fromStream[5]], [sha256(DATA), '-', 'chunked']);
  }),
);

test(
  'a form and a multipart form arrive as they were filled in',
  between(
    async (request, response) => {
      const type = request.headers['content-type'] ?? '';
      const body = new Uint8Array(await bodyOf(request));
      const form = await new Response(body, { headers: { 'content-type': type } }).formData();
      const file = form.get('file');
      const hash = file instanceof File ? sha256(new Uint8Array(await file.arrayBuffer())) : '-';
      response.end(`${form.get('name')} ${hash}`);
    },
    async ({ url }) => {
      assert.equal(await text('--data-urlencode', 'name=ada & co', `${url}/x`), 'ada & co -');
      const filled = await text('-F', 'name=ada', '-F', `file=@${fileOf('data')}`, `${url}/x`);
      assert.equal(filled, `ada ${sha256(DATA)}`);
    },
  ),
);

test(
  'a download that broke off is resumed where it stopped, and so is an upload',
  between(
    async (request, response) => {
      const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
      if (request.method === 'PUT') return tell(request, response);
      const from = Number(range?.[1]);
      const headers = { 'content-range': `bytes ${from}-${DATA.length - 1}/${DATA.length}` };
      response.writeHead(206, headers).end(DATA.subarray(from));
    },
    async ({ url }) => {
      await writeFile(fileOf('part'), DATA.subarray(0, 1_000_001));
      await curl(['-C', '-', '-o', fileOf('part'), `${url}/file`]);
      assert.equal(sha256(await readFile(fileOf('part'))), sha256(DATA));
      const said = (await text('-C', '1000001', '-T', fileOf('data'), `${url}/file`)).split(' ');
      const rest = DATA.subarray(1_000_001);
      assert.deepEqual([said[2], said[4]], [sha256(rest), String(rest.length)]);
      assert.match(said.slice(7).join(' '), /^bytes 1000001-2499999\/2500000$/);
    },
  ),
);

test(
  'HEAD has the headers of GET and no body',
  between(
    (_, response) => response.setHeader('content-length', DATA.length).setHeader('etag', '"one"').end(),
    async ({ url }) => {
      const head = await text('-I', `${url}/file`, '-w', '%{size_download}');
      assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(head, /\r\ncontent-length: 2500000\r\n/i);
      assert.match(head, /\r\n\r\n0$/);
    },
  ),
);

test(
  'a compressed reply passes untouched',
  between(
    (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('hello '.repeat(10_000))),
    async ({ url }) => {
      assert.equal(await text('--compressed', `${url}/x`), 'hello '.repeat(10_000));
      const { out } = await curl(['-H', 'Accept-Encoding: gzip', `${url}/x`]);
      assert.equal(sha256(out), sha256(gzipSync('hello '.repeat(10_000))));
    },
  ),
);

test(
  'redirects are followed through the router',
  between(
    (request, response) => {
      if (request.url === '/new') response.end('here');
      else response.writeHead(302, { location: '/new' }).end('moved');
    },
    async ({ url }) => {
      assert.equal(await text('-L', '-w', ' %{num_redirects} %{num_connects}', `${url}/old`), 'here 1 1');
    },
  ),
);

test(
  'trailers arrive behind the last chunk',
  between(
    (_, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('some');
      response.addTrailers({ 'x-sum': sha256('some') });
      response.end();
    },
    async ({ url }) => {
      const raw = await text('--raw', '-H', 'TE: trailers', '-H', 'Connection: TE', `${url}/x`);
      assert.equal(raw.toLowerCase(), `4\r\nsome\r\n0\r\nx-sum: ${sha256('some')}\r\n\r\n`);
    },
  ),
);

test(
  'a header of 12 KB passes both ways',
  between(
    (request, response) => response.setHeader('x-back', request.headers['x-large'] ?? '').end(),
    async ({ url }) => {
      const large = 'abcdefgh'.repeat(1536);
      const head = await text('-D', '-', '-H', `X-Large: ${large}`, `${url}/x`);
      assert.ok(head.includes(`: ${large}\r\n`));
    },
  ),
);

test(
  'a client that reads slowly gets every byte',
  between(
    (_, response) => response.end(DATA),
    async ({ url }) => {
      const { out } = await curl(['--limit-rate', '2M', `${url}/file`]);
      assert.equal(sha256(out), sha256(DATA));
    },
  ),
);

test('a client that gives up ends its request at the origin', async () => {
  let closed = 0;
  await between(
    (_, response) => {
      response.on('close', () => {
        closed += 1;
      });
      response.write('begun');
    },
    async ({ url, router }) => {
      const { out } = await curl(['--max-time', '1', `${url}/slow`], undefined, 28);
      assert.equal(out.toString(), 'begun');
      await until('the origin to hear of it', () => closed === 1);
      const [line] = await router.accessLog(1);
      assert.equal(line.code, 'client_gone');
    },
  )();
});

test(
  'a client that takes the router for a proxy is served: the target is absolute, the host is its own',
  between(tell, async ({ url }) => {
    const said = (await text('--proxy', url, 'http://cart.internal/a?b=1')).split(' ');
    assert.deepEqual(said.slice(0, 4), ['GET', '/a?b=1', sha256(''), 'cart.internal']);
  }),
);

test(
  'a PROXY protocol line is refused as the malformed request it is here',
  between(tell, async ({ url }) => {
    const reply = await text('--haproxy-protocol', '-i', `${url}/x`);
    assert.match(reply, /^HTTP\/1\.1 400 /);
    assert.match(reply, /"code":"bad_request"/);
  }),
);
