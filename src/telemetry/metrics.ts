/**
 * What a scrape reads: the names of the contract, each filled from the lanes and from control's view at scrape time.
 *
 * Rule: nothing is counted twice and nothing is kept here: a metric asks its source when it is asked. prom-client writes
 * the text and adds the process's own metrics; its gauges whose names end in _total are left out, because promtool
 * rejects them. The nodejs_* metrics are those of the control thread.
 */

import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import { THREAD_BLOCK } from '../core/lanes.ts';
import { THREAD_COUNTERS } from '../core/ledger.ts';
import {
  attemptSamples,
  connectionSamples,
  cutSamples,
  durationSamples,
  inFlightSamples,
  requestSamples,
  retrySamples,
  type Sample,
} from './series.ts';
import { UPSTREAM_METRICS, type UpstreamSource } from './upstream-series.ts';

export interface MetricsSource extends UpstreamSource {
  /** A scrape was answered: series of removed keys may go. */
  scraped(): void;
  /** `at`: epoch milliseconds of the last success. */
  lastReload(): { readonly successful: boolean; readonly at: number };
  revision(): string;
  threads(): { readonly running: number; readonly restarts: number };
  /** Access log lines lost behind the threads: by the destination. */
  droppedLines(): number;
}

export interface Metrics {
  readonly contentType: string;
  /** The whole exposition, once; `unread`: nobody sees it, and the last counts of what was removed are still to be seen. */
  scrape(unread?: boolean): Promise<string>;
}

const DURATION = 'signalbox_request_duration_seconds';

export function buildMetrics(source: MetricsSource): Metrics {
  const registry = new Registry();
  for (const metric of ownMetrics(source)) registry.registerMetric(metric);
  let all: Registry | undefined;
  return {
    contentType: registry.contentType,
    scrape: async (unread = false) => {
      all ??= Registry.merge([registry, await processMetrics()]);
      const text = await all.metrics();
      if (!unread) source.scraped();
      return text;
    },
  };
}

function ownMetrics(source: MetricsSource): Metric<string>[] {
  const one = (value: number): Sample[] => [{ labels: {}, value }];
  const counter = (name: string, help: string, read: () => Sample[]) => metric(name, help, 'counter', read);
  const gauge = (name: string, help: string, read: () => Sample[]) => metric(name, help, 'gauge', read);
  return [
    counter('signalbox_requests_total', 'Exchanges, by route, upstream reached and status sent.', () =>
      requestSamples(source),
    ),
    metric(
      DURATION,
      'From the complete request head to the end of the reply; of a tunnel, to its 101.',
      'histogram',
      () => durationSamples(source, DURATION),
    ),
    counter('signalbox_upstream_attempts_total', 'Attempts at an upstream, by outcome.', () => attemptSamples(source)),
    counter('signalbox_upstream_retries_total', 'Further attempts, by what the one before ended with.', () =>
      retrySamples(source),
    ),
    gauge('signalbox_upstream_in_flight', 'Attempts under way.', () => inFlightSamples(source)),
    ...UPSTREAM_METRICS.map(({ name, help, type, read }) => metric(name, help, type, () => read(source))),
    gauge('signalbox_connections', 'Open client connections.', () => connectionSamples(source)),
    counter(
      'signalbox_connections_cut_total',
      'Client connections ended where no access log line tells of it, by reason.',
      () => cutSamples(source),
    ),
    gauge('signalbox_config_last_reload_successful', '1 where the last document offered was taken.', () =>
      one(source.lastReload().successful ? 1 : 0),
    ),
    gauge(
      'signalbox_config_last_reload_success_timestamp_seconds',
      'When a document was last taken, seconds since the epoch.',
      () => one(source.lastReload().at / 1000),
    ),
    gauge('signalbox_config_info', 'The revision of the running document.', () => [
      { labels: { revision: source.revision() }, value: 1 },
    ]),
    gauge('signalbox_threads', 'Data threads that serve.', () => one(source.threads().running)),
    counter('signalbox_thread_restarts_total', 'Data threads started again after one died.', () =>
      one(source.threads().restarts),
    ),
    counter('signalbox_access_log_dropped_total', 'Access log lines lost because their reader was too slow.', () =>
      one(source.droppedLines() + source.sum(THREAD_COUNTERS, THREAD_BLOCK.droppedLines)),
    ),
  ];
}

function metric(name: string, help: string, type: 'counter' | 'gauge' | 'histogram', read: () => Sample[]) {
  const built = { name, help, type, aggregator: 'sum', get: async () => ({ name, help, type, values: read() }) };
  // prom-client's type names its own classes; its registry asks of a metric no more than what stands here.
  return built as unknown as Metric<string>;
}

/** Gauges that prom-client names as counters. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** The loop's delay is sampled every 10 ms; without one sample its least is 292 years. Milliseconds. */
const FIRST_SAMPLES = 50;

let shared: Promise<Registry> | undefined;

/**
 * The process's own metrics: one set a process, because their observers cannot be taken back. They begin with the first
 * scrape: sampling the loop's delay wakes the thread 100 times a second, most of what an idle process costs.
 */
function processMetrics(): Promise<Registry> {
  shared ??= begin();
  return shared;
}

async function begin(): Promise<Registry> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  await new Promise((resolve) => setTimeout(resolve, FIRST_SAMPLES));
  return registry;
}
