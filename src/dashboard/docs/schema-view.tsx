/**
 * A schema as a tree that can be read from top to bottom.
 *
 * Rule: depth is a class, not a style, and ends where it would no longer fit a phone.
 */

import { type Schema, treeOf, typeWords } from '../logic/schema.ts';

interface SchemaNeeds {
  readonly title: string;
  readonly schema: Schema;
  readonly api: unknown;
}

export function SchemaView({ title, schema, api }: SchemaNeeds) {
  const lines = treeOf(schema, api);
  return (
    <details class="schema">
      <summary>
        {title} <span class="dim">{typeWords(schema, api)}</span>
      </summary>
      <ul>
        {lines.map(({ depth, name, type, required, description }, i) => (
          <li key={i} class={`depth-${Math.min(depth, 5)}`}>
            <code>{name}</code>
            {required && <span class="required">required</span>}
            <span class="type">{type}</span>
            {description !== '' && <span class="dim">{description}</span>}
          </li>
        ))}
      </ul>
      {lines.length === 0 && <p class="dim">No members.</p>}
    </details>
  );
}
