/**
 * signalbox serve, without a router: arguments, refusals on one screen, and what each signal leads to.
 */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { type Served, type ServeIo, type ServeSettings, serveCommand } from '../../../src/cli/serve.ts';

interface Bench {
  readonly io: ServeIo;
  readonly signals: EventEmitter;
  readonly settings: ServeSettings[];
  /** What the running router was told, and what was said. */
  readonly did: string[];
  readonly said: { out: string; err: string };
  /** Lets the drain under way end. */
  drained(): void;
}

function bench(app: Partial<Served> = {}, start?: () => Promise<never>): Bench {
  const did: string[] = [];
  const said = { out: '', err: '' };
  const settings: ServeSettings[] = [];
  const signals = new EventEmitter();
  let drained = () => {};
  const served: Served = {
    workers: 2,
    log: (level, { err }, message) => void did.push(`${level} ${message}${err === undefined ? '' : `: ${err}`}`),
    reload: async () => void did.push('reload'),
    reopenLogs: () => void did.push('reopen'),
    drain: () => {
      did.push('drain');
      return new Promise((resolve) => {
        drained = resolve;
      });
    },
    stop: async () => void did.push('stop'),
    endLogs: async () => void did.push('end logs'),
    ...app,
  };
  const io: ServeIo = {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    start: async (asked) => {
      settings.push(asked);
      if (start !== undefined) return start();
      return served;
    },
    process: signals,
  };
  return { io, signals, settings, did, said, drained: () => drained() };
}

/** Runs until the router is up. */
async function running(app: Partial<Served> = {}): Promise<Bench & { readonly code: Promise<number> }> {
  const made = bench(app);
  const code = serveCommand([], made.io);
  await new Promise((resolve) => setImmediate(resolve));
  return { ...made, code };
}

test('without arguments it serves routes.yaml, watches it and logs to standard output', async () => {
  const { settings } = await running();
  assert.deepEqual(settings, [
    {
      configPath: 'routes.yaml',
      stateFolder: '.signalbox',
      workers: undefined,
      watch: true,
      accessLog: '-',
      logLevel: 'info',
    },
  ]);
});

test('every option reaches the router', async () => {
  const { io, settings } = bench();
  void serveCommand(
    [
      '--config',
      'a.yaml',
      '--state',
      'kept',
      '--workers=0',
      '--no-watch',
      '--access-log',
      'off',
      '--log-level',
      'warn',
    ],
    io,
  );
  assert.deepEqual(settings, [
    { configPath: 'a.yaml', stateFolder: 'kept', workers: 0, watch: false, accessLog: 'off', logLevel: 'warn' },
  ]);
});

for (const [argv, said] of [
  [['--worker', '2'], /unknown option --worker; did you mean "--workers"\?/],
  [['--zzzzzz'], /unknown option --zzzzzz; there are --config, --state, --workers/],
  [['--workers', 'two'], /--workers two: write a whole number from 0 to 256/],
  [['--workers', '-1'], /--workers/],
  [['--workers', '1.5'], /--workers 1\.5: write a whole number/],
  [['--log-level', 'loud'], /--log-level loud: there are debug, info, warn, error, silent/],
  [['routes.yaml'], /routes\.yaml/],
  [['--config'], /--config/],
] as const) {
  test(`\`serve ${argv.join(' ')}\` is told what is wrong, and nothing starts`, async () => {
    const { io, said: heard, settings } = bench();
    assert.equal(await serveCommand(argv, io), 2);
    assert.match(heard.err, said);
    assert.match(heard.err, /signalbox serve --help/);
    assert.deepEqual(settings, []);
  });
}

test('--help says what there is', async () => {
  const { io, said } = bench();
  assert.equal(await serveCommand(['--help'], io), 0);
  for (const option of [
    '--config',
    '--state',
    '--workers',
    '--no-watch',
    '--access-log',
    '--log-level',
    'SIGTERM',
    'SIGHUP',
  ]) {
    assert.ok(said.out.includes(option), option);
  }
});

test('a router that cannot start says why on one screen, and how much more there is', async () => {
  const reasons = Array.from({ length: 50 }, (_, i) => `routes.yaml:${i}:1 error: wrong`).join('\n');
  const { io, said } = bench({}, () => Promise.reject(new Error(`routes.yaml is not a valid document:\n${reasons}`)));
  assert.equal(await serveCommand([], io), 1);
  const lines = said.err.trimEnd().split('\n');
  assert.ok(lines.length <= 24, `${lines.length} lines`);
  assert.equal(lines[0], 'signalbox does not start: routes.yaml is not a valid document:');
  assert.match(lines.at(-1) ?? '', /and 31 more; signalbox check lists them all/);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} drains, and the process ends well when that is done`, async () => {
    const { signals, did, drained, code } = await running();
    signals.emit(signal);
    assert.deepEqual(did, ['drain']);
    drained();
    assert.equal(await code, 0);
    assert.deepEqual(did, ['drain', 'end logs']);
  });
}

test('a second signal stops at once, without waiting for the drain', async () => {
  const { signals, did, code } = await running();
  signals.emit('SIGTERM');
  signals.emit('SIGINT');
  assert.equal(await code, 0);
  const told = 'info told to stop a second time: what is under way ends now';
  assert.deepEqual(did, ['drain', told, 'stop', 'end logs']);
});

test('a signal during the start ends it as soon as it is up', async () => {
  const { io, signals, did } = bench();
  const code = serveCommand([], io);
  signals.emit('SIGTERM');
  assert.equal(await code, 0);
  assert.deepEqual(did, ['stop', 'end logs']);
});

test('SIGHUP reads the document again and reopens the access log', async () => {
  const { signals, did } = await running();
  signals.emit('SIGHUP');
  assert.deepEqual(did, ['reopen', 'reload']);
});

test('an error that nobody caught is logged, and traffic of the data threads goes on', async () => {
  const { signals, did, code } = await running();
  signals.emit('uncaughtException', new Error('a bug'));
  assert.deepEqual(did, ['error uncaught error on the control thread; traffic goes on: a bug']);
  signals.emit('SIGTERM');
  signals.emit('SIGTERM');
  assert.equal(await code, 0);
});

test('where traffic runs on the same thread, such an error ends the process with code 1', async () => {
  const { signals, did, code } = await running({ workers: 0 });
  signals.emit('uncaughtException', new Error('a bug'));
  assert.equal(await code, 1);
  assert.match(did[0], /the process ends: a bug/);
  assert.deepEqual(did.slice(1), ['stop', 'end logs']);
});

test('a drain that fails ends the process with code 1', async () => {
  const { signals, code } = await running({ drain: () => Promise.reject(new Error('a bug')) });
  signals.emit('SIGTERM');
  assert.equal(await code, 1);
});
