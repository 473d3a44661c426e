/**
 * signalbox serve as an operator meets it: it starts or says why not, drains in order on SIGTERM, stops on the second one,
 * reloads on SIGHUP, and no log reader can slow it or keep it from ending.
 */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { metricOf, type ProcessOptions, type Started, startProcess, statusOf } from '../support/process.ts';
import { connectRaw } from '../support/raw-client.ts';
import { type OriginConnection, ok, type RawOrigin, startRawOrigin } from '../support/raw-origin.ts';
import { until, within } from '../support/wait.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const DROPPED = 'signalbox_access_log_dropped_total';

interface Document {
  readonly drain?: string;
  readonly path?: string;
}

function documentOf(origin: number, port: number, adminPort: number, { drain, path = '/' }: Document = {}): string {
  return `listeners:
  internal: { address: 127.0.0.1:${port} }
admin: { address: 127.0.0.1:${adminPort} }
workers: 2
drain: ${drain ?? '{ notice: 0s, limit: 2s }'}
upstreams:
  origin: { endpoints: [http://127.0.0.1:${origin}] }
routes:
  all: { match: { path: ${path} }, upstream: origin }
`;
}

interface Stage extends Started {
  readonly origin: RawOrigin;
  ask(path?: string): Promise<number>;
}

/** An origin that answers, unless the path says /slow; then the test answers. */
async function answering(connection: OriginConnection): Promise<void> {
  for (;;) {
    const { start } = await connection.request();
    if (!start.includes('/slow')) connection.send(ok('fine'));
  }
}

async function onStage(
  settings: ProcessOptions & { readonly document?: Document },
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  const origin = await startRawOrigin(answering);
  const started = await startProcess(
    (port, admin) => documentOf(origin.port, port, admin, settings.document),
    settings,
  );
  const ask = async (path = '/a'): Promise<number> => {
    const client = await connectRaw(started.port);
    const { status } = await client.ask(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    client.close();
    return status;
  };
  try {
    await body({ ...started, origin, ask });
  } finally {
    await started.stop();
    await origin.stop();
  }
}

test('SIGTERM: unready at once, still serving with Connection: close, what is under way is finished, exit 0', async () => {
  await onStage({ document: { drain: '{ notice: 2s, limit: 10s }' } }, async (stage) => {
    await stage.ready();
    const slow = await connectRaw(stage.port);
    await slow.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    const connection = await stage.origin.connection();
    await until('the slow request', () => connection.requests.length === 1);
    stage.child.kill('SIGTERM');
    await until('it to be unready', async () => (await statusOf(stage.adminUrl)) === 503);
    const late = await connectRaw(stage.port);
    const reply = await late.ask(GET);
    assert.equal(reply.status, 200, 'new requests are still served during the notice');
    assert.equal(reply.field('connection')?.toLowerCase(), 'close');
    await until('the port to close', async () => {
      const refused = await connectRaw(stage.port).then(
        (client) => client.close(),
        () => true,
      );
      return refused === true;
    });
    assert.equal(stage.child.exitCode, null, 'the request under way keeps it');
    connection.send(ok('late'));
    assert.equal((await slow.lastReply()).body, 'late');
    assert.equal(await stage.exit(), 0);
    assert.match(stage.err(), /draining/);
  });
});

test('a second SIGTERM stops now, whatever is under way', async () => {
  await onStage({ document: { drain: '{ notice: 10m, limit: 10m }' } }, async (stage) => {
    await stage.ready();
    const slow = await connectRaw(stage.port);
    await slow.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the slow request', () => stage.origin.connections.length === 1);
    stage.child.kill('SIGTERM');
    await until('it to drain', () => stage.err().includes('draining'));
    stage.child.kill('SIGTERM');
    assert.equal(await stage.exit(), 0);
    await slow.closed();
    assert.match(stage.err(), /told to stop a second time/);
    assert.match(stage.out(), /"code":"draining","detail":"the router was told to stop at once"/);
  });
});

test('SIGINT drains like SIGTERM', async () => {
  await onStage({}, async (stage) => {
    await stage.ready();
    stage.child.kill('SIGINT');
    assert.equal(await stage.exit(), 0);
    assert.match(stage.err(), /draining/);
  });
});

test('SIGHUP reads the document again, also where the file is not watched', async () => {
  await onStage({ args: ['--no-watch'] }, async (stage) => {
    await stage.ready();
    assert.equal(await stage.ask('/a'), 200);
    const adminPort = Number(new URL(stage.adminUrl).port);
    await writeFile(stage.configPath, documentOf(stage.origin.port, stage.port, adminPort, { path: '/moved' }));
    stage.child.kill('SIGHUP');
    await until('the new document', async () => (await stage.ask('/a')) === 404);
    assert.equal(await stage.ask('/moved'), 200);
  });
});

test('without a valid document it does not start, and says every place on one screen', async () => {
  await onStage({ document: { path: '[1]\n    upstreem: x' } }, async (stage) => {
    assert.equal(await stage.exit(), 1);
    assert.match(
      stage.err(),
      /^signalbox does not start: .*routes\.yaml is not a valid document:\n.*routes\.yaml:\d+:\d+ error: /,
    );
    assert.equal(stage.err().includes('    at '), false, 'no stack trace');
    assert.equal(stage.out(), '');
  });
});

test('without a file it does not start and says which one is missing', async () => {
  await onStage({ args: ['--config', '/no/such/routes.yaml'] }, async (stage) => {
    assert.equal(await stage.exit(), 1);
    assert.match(
      stage.err(),
      /^signalbox does not start: cannot read the document: .*\/no\/such\/routes\.yaml.*--config/,
    );
  });
});

test('a port that another program holds is told with listener, address and remedy', async () => {
  const holder = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
  try {
    await onStage({ port }, async (stage) => {
      assert.equal(await stage.exit(), 1);
      assert.match(
        stage.err(),
        new RegExp(`listener internal, address 127\\.0\\.0\\.1:${port}: the address is in use; stop`),
      );
    });
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
});

test('a second router on the same port does not silently take half of the traffic', async () => {
  await onStage({}, async (first) => {
    await first.ready();
    await onStage({ port: first.port }, async (second) => {
      assert.equal(await second.exit(), 1);
      assert.match(second.err(), /listener internal, address .*: the address is in use/);
    });
    assert.equal(await first.ask(), 200);
  });
});

test('an admin port that is taken keeps the data ports closed', async () => {
  const holder = createServer();
  const adminPort = await freePort();
  await new Promise<void>((resolve) => holder.listen(adminPort, '127.0.0.1', resolve));
  try {
    await onStage({ adminPort }, async (stage) => {
      assert.equal(await stage.exit(), 1);
      assert.match(stage.err(), new RegExp(`admin\\.address 127\\.0\\.0\\.1:${adminPort}: the address is in use`));
    });
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
});

/** Paths as long as the limits allow: the access log outgrows every queue after a few thousand requests. */
const LONG = `/${'x'.repeat(15_000)}`;

/** Many requests over one connection, one after another; all must be answered. */
async function flood(port: number, count: number, path: string): Promise<void> {
  const client = await connectRaw(port);
  const request = `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  for (let i = 0; i < count; i++) assert.equal((await client.ask(request)).status, 200);
  client.close();
}

test('a reader of the access log that stops reading slows nothing, costs counted lines, and cannot keep it from ending', async () => {
  await onStage({ deaf: true }, async (stage) => {
    await stage.ready();
    await flood(stage.port, 2500, LONG);
    await until('dropped lines', async () => ((await metricOf(stage.adminUrl, DROPPED)) ?? 0) > 0);
    assert.equal(await stage.ask(), 200);
    stage.child.kill('SIGTERM');
    assert.equal(await stage.exit(), 0);
  });
});

test('a reader of the access log that leaves (EPIPE) is told once, and traffic goes on', async () => {
  await onStage({ deaf: true }, async (stage) => {
    stage.child.stdout?.destroy();
    await stage.ready();
    await flood(stage.port, 50, '/a');
    await until('the line about it', () => stage.err().includes('access log loses lines'));
    await flood(stage.port, 50, '/a');
    await until('the last lines to be counted', async () => ((await metricOf(stage.adminUrl, DROPPED)) ?? 0) >= 50);
    assert.equal(stage.err().split('access log loses lines').length, 2);
    stage.child.kill('SIGTERM');
    assert.equal(await stage.exit(), 0);
  });
});

test('a full disk under the access log slows nothing and does not keep it from ending', async () => {
  await onStage({ args: ['--access-log', '/dev/full'] }, async (stage) => {
    await stage.ready();
    await flood(stage.port, 2500, LONG);
    await until('dropped lines', async () => ((await metricOf(stage.adminUrl, DROPPED)) ?? 0) > 0);
    assert.match(stage.err(), /ENOSPC/);
    assert.equal(await stage.ask(), 200);
    stage.child.kill('SIGTERM');
    assert.equal(await stage.exit(), 0);
  });
});

test('the access log goes to standard output by itself, each line JSON, and the rest to standard error', async () => {
  await onStage({}, async (stage) => {
    await stage.ready();
    await flood(stage.port, 20, '/a?secret=1');
    stage.child.kill('SIGTERM');
    assert.equal(await stage.exit(), 0);
    const lines = stage
      .out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(lines.length, 20);
    assert.ok(lines.every(({ msg, path, pid }) => msg === 'exchange' && path === '/a' && pid === stage.child.pid));
    for (const line of stage.err().trimEnd().split('\n')) assert.equal(typeof JSON.parse(line).msg, 'string');
  });
});

test('--access-log off builds no line', async () => {
  await onStage({ args: ['--access-log', 'off', '--workers', '0'] }, async (stage) => {
    await stage.ready();
    await flood(stage.port, 20, '/a');
    assert.equal(await metricOf(stage.adminUrl, 'signalbox_threads'), 1);
    stage.child.kill('SIGTERM');
    assert.equal(await stage.exit(), 0);
    assert.equal(stage.out(), '');
  });
});

test('an access log file that cannot be opened keeps it from starting, with the reason', async () => {
  await onStage({ args: ['--access-log', join('/no/such', 'access.log')] }, async (stage) => {
    assert.equal(await within('the exit code', stage.exit()), 1);
    assert.match(
      stage.err(),
      /^signalbox does not start: the access log cannot be opened: .*ENOENT.*\/no\/such\/access\.log'; name another file with --access-log/,
    );
  });
});
