/**
 * What docs/ ships for Prometheus and Grafana: rules that hold, names that exist, and a real Prometheus that takes them up.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { type Router, startRouter } from '../support/app.ts';
import { startOrigin } from '../support/origin.ts';
import { run } from '../support/programs.ts';
import { PROMETHEUS_LIMIT, startPrometheus } from '../support/prometheus.ts';
import { ROOT } from '../support/source.ts';
import { until } from '../support/wait.ts';

const FOLDER = join(ROOT, 'docs/prometheus');
const shipped = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const ALERTS = shipped('alerts.yaml');
const CONFIG = shipped('prometheus.yml');
const OPERATING = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');
const DASHBOARD = readFileSync(join(ROOT, 'docs/grafana/signalbox.json'), 'utf8');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const GROUPS = (load(ALERTS) as { groups: { name: string; rules: Rule[] }[] }).groups;
const RULES = GROUPS.flatMap(({ rules }) => rules);

/** Every expression of the dashboard, with its variables filled in as Grafana would. */
function dashboardExpressions(): string[] {
  const found: string[] = [];
  JSON.parse(DASHBOARD, (key, value) => {
    if (key === 'expr' && typeof value === 'string') found.push(value);
    if (key === 'definition' && typeof value === 'string')
      found.push(value.replace(/^label_values\((.*), \w+\)$/, '$1'));
    return value;
  });
  return found.map((expr) =>
    expr.replaceAll(/\$(?:__rate_interval|__interval)/g, '1m').replaceAll(/\$(?:job|instance|route|upstream)/g, '.*'),
  );
}

/** Which metrics an expression reads, and by which labels it selects them. */
function selectorsOf(expr: string): { readonly metric: string; readonly labels: readonly string[] }[] {
  return [...expr.matchAll(/\b((?:signalbox|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric, matchers = '']) => ({
      metric,
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label),
    }),
  );
}

/** Metric -> labels of its series, as the router's exposition has them. */
function namesIn(exposition: string): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const [, name, kind] of exposition.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    for (const end of kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) names.set(name + end, new Set());
  }
  for (const [, name, labels] of exposition.matchAll(/^(\w+)\{([^}]*)\}/gm))
    for (const [, label] of labels.matchAll(/(\w+)="/g)) names.get(name)?.add(label);
  return names;
}

const NOBODY = 'http://127.0.0.1:1';

async function onStage(body: (router: Router, ask: (path: string, times: number) => Promise<void>) => Promise<void>) {
  const origin = await startOrigin((request, response) => {
    response.statusCode = request.url?.includes('broken') ? 500 : 200;
    request.resume().on('end', () => response.end('ok'));
  });
  const router = await startRouter(`listeners: { internal: { address: 127.0.0.1:0 } }
admin: { address: 127.0.0.1:0 }
upstreams:
  cart: { endpoints: [http://localhost:${origin.port}] }
  gone: { endpoints: [${NOBODY}], retry: off, circuitBreaker: { consecutiveFailures: 2 } }
routes:
  cart: { match: { path: /cart }, upstream: cart }
  gone: { match: { path: /gone }, upstream: gone }
`);
  const ask = async (path: string, times: number) => {
    for (let i = 0; i < times; i++) await (await fetch(`http://127.0.0.1:${router.port()}${path}`)).arrayBuffer();
  };
  try {
    await body(router, ask);
  } finally {
    await router.stop();
    await origin.stop();
  }
}

async function promtool(...args: string[]): Promise<void> {
  const { code, out, err } = await run('promtool', args);
  assert.equal(code, 0, `${out}${err}`);
}

test('promtool finds the rules and the configuration well, and every rule does what its tests say', async () => {
  await promtool('check', 'rules', join(FOLDER, 'alerts.yaml'));
  await promtool('check', 'config', join(FOLDER, 'prometheus.yml'));
  await promtool('test', 'rules', join(FOLDER, 'alerts.test.yaml'));
});

test('every alert says how grave it is, what happened, what to do, and has a test and a line in the docs', () => {
  const tests = shipped('alerts.test.yaml');
  const alerts = RULES.filter(({ alert }) => alert !== undefined);
  assert.ok(alerts.length > 20);
  for (const { alert = '', expr, labels, annotations = {} } of alerts) {
    assert.ok(tests.includes(alert), `${alert} has no test`);
    assert.ok(
      OPERATING.includes(`| \`${alert}\` | ${labels?.severity} |`),
      `${alert} stands in no table of docs/operating.md`,
    );
    assert.ok(['critical', 'warning'].includes(labels?.severity ?? ''), alert);
    for (const part of ['summary', 'description', 'runbook'])
      assert.match(annotations[part] ?? '', /\w/, `${alert}: ${part}`);
    for (const label of ['upstream', 'route', 'listener'])
      if (new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr))
        assert.ok(annotations.summary.includes(`$labels.${label}`), `${alert} does not say which ${label}`);
  }
});

test('every metric and label in the rules and the dashboard is one that the router has', async () => {
  await onStage(async (router, ask) => {
    await ask('/cart', 2);
    await ask('/gone', 4);
    const names = namesIn(await (await fetch(`${router.adminUrl}/metrics`)).text());
    const known = (metric: string) => names.get(metric);
    const expressions = [...RULES.map(({ expr }) => expr), ...dashboardExpressions()];
    const selectors = expressions.flatMap(selectorsOf);
    assert.ok(selectors.length > 80, `${selectors.length} selectors`);
    for (const { metric, labels } of selectors) {
      assert.ok(known(metric), `there is no metric ${metric}`);
      for (const label of labels)
        assert.ok(['job', 'instance'].includes(label) || known(metric)?.has(label), `${metric} has no label ${label}`);
    }
  });
});

test('every metric of the router itself stands in the dashboard', async () => {
  await onStage(async (router) => {
    const names = namesIn(await (await fetch(`${router.adminUrl}/metrics`)).text());
    const own = [...names.keys()].filter((name) => name.startsWith('signalbox_'));
    assert.deepEqual(
      own.filter((name) => !DASHBOARD.includes(name)),
      [],
    );
  });
});

/** The shipped configuration for this router, scraped often enough for a test. */
function configFor(router: Router): string {
  const config = CONFIG.replace('127.0.0.1:9901', router.adminUrl.replace('http://', '')).replaceAll('15s', '200ms');
  assert.notEqual(config, CONFIG);
  return config;
}

interface RulesReply {
  readonly data: {
    readonly groups: readonly { readonly rules: readonly { name: string; health: string; lastError?: string }[] }[];
  };
}

test('a real Prometheus takes the shipped configuration and rules, scrapes, and answers for the traffic', async () => {
  await onStage(async (router, ask) => {
    const prometheus = await startPrometheus({ 'prometheus.yml': configFor(router), 'alerts.yaml': ALERTS });
    const value = async (expr: string) => (await prometheus.query(expr))[0]?.value;
    const limit = PROMETHEUS_LIMIT;
    try {
      await until('a scrape', async () => (await value('up{job="signalbox"}')) === 1, limit);
      await ask('/cart', 1);
      await ask('/cart/broken', 1);
      await until(
        'both series',
        async () => (await prometheus.query('signalbox_requests_total{route="cart"}')).length === 2,
        limit,
      );
      await ask('/cart', 40);
      await ask('/cart/broken', 10);
      await ask('/gone', 3);
      const rate = 'sum(rate(signalbox_requests_total{route="cart"}[1m])) > 0';
      await until('a rate of the route', () => value(rate), limit);
      await until('the share of errors', () => value('signalbox:errors:share5m{route="cart"} > 0'), limit);
      const rules = () => prometheus.api('rules') as Promise<RulesReply>;
      const unknown = async () =>
        (await rules()).data.groups.flatMap((group) => group.rules).some(({ health }) => health === 'unknown');
      await until('every rule to be evaluated', async () => !(await unknown()), limit);
      const loaded = (await rules()).data.groups.flatMap((group) => group.rules);
      assert.deepEqual(loaded.map(({ name }) => name).sort(), RULES.map(({ alert, record }) => alert ?? record).sort());
      assert.deepEqual(
        loaded.filter(({ health }) => health !== 'ok'),
        [],
      );
      await until(
        'the open circuit to be noticed',
        () => value('ALERTS{alertname="SignalboxCircuitOpen",upstream="gone"}'),
        limit,
      );
      for (const expr of dashboardExpressions()) await prometheus.query(expr);
    } finally {
      await prometheus.stop();
    }
  });
});

test('with a token Prometheus sends it, as the comment in the shipped configuration says', async () => {
  const told: (string | undefined)[] = [];
  const target = await startOrigin((request, response) => {
    told.push(request.headers.authorization);
    response.setHeader('content-type', 'text/plain; version=0.0.4').end('signalbox_threads 1\n');
  });
  const config = CONFIG.replace('127.0.0.1:9901', `127.0.0.1:${target.port}`)
    .replaceAll('15s', '200ms')
    .replace(/^ {4}# (authorization:| {2}type: | {2}credentials_file: )/gm, '    $1')
    .replace('/etc/prometheus/signalbox-token', 'token');
  const files = { 'prometheus.yml': config, 'alerts.yaml': ALERTS, token: 'a-secret' };
  const prometheus = await startPrometheus(files);
  try {
    await until('a scrape', async () => (await prometheus.query('up'))[0]?.value === 1, PROMETHEUS_LIMIT);
    assert.equal(told[0], 'Bearer a-secret');
  } finally {
    await prometheus.stop();
    await target.stop();
  }
});
