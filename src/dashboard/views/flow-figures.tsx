/**
 * The figures of one route, upstream or caller, with their last two minutes.
 *
 * Rule: the same four figures in the same order, whatever is looked at.
 */

import { useStore } from '../browser/store.ts';
import { duration, rate, share } from '../logic/figures.ts';
import { toneOf } from '../logic/tone.ts';
import { Spark } from '../parts/spark.tsx';

export function FlowFigures({ name }: { readonly name: string }) {
  const { history } = useStore();
  const recent = history.recent(name);
  const { p50, p95, p99 } = history.last(name);
  return (
    <dl class="figures small">
      <div>
        <dt>requests / s</dt>
        <dd>
          <span>{rate(recent.rate)}</span>
          <Spark values={history.line(name, 'rate')} label="Rate" say={rate} width={150} height={28} />
        </dd>
      </div>
      <div>
        <dt>p99</dt>
        <dd>
          <span>{duration(p99)}</span>
          <Spark values={history.line(name, 'p99')} label="p99" say={duration} width={150} height={28} />
        </dd>
      </div>
      <div>
        <dt>p50, p95</dt>
        <dd class="plain">
          {duration(p50)}, {duration(p95)}
        </dd>
      </div>
      <div>
        <dt>errors</dt>
        <dd class={`plain ${toneOf(recent.rate, recent.errorShare)}-text`}>{share(recent.errorShare)}</dd>
      </div>
    </dl>
  );
}
