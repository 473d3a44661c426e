/**
 * What one caller asks for.
 *
 * Rule: callers are names that requests carry; there is nothing here to be changed.
 */

import { useStore } from '../browser/store.ts';
import { FlowFigures } from './flow-figures.tsx';
import { FlowTable } from './flow-table.tsx';

export function CallerDetails({ id }: { readonly id: string }) {
  const { history } = useStore();
  const name = `caller:${id}`;
  const links = history.names(`${name}\n`);
  if (links.length === 0) return <p class="dim">Nobody of this name called in the last two minutes.</p>;
  return (
    <>
      <FlowFigures name={name} />
      <FlowTable title="Calls" links={links} end={1} />
    </>
  );
}
