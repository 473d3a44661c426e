/**
 * The shape of a document as the API shows and takes it: as it is written.
 *
 * Rule: whatever the document's own shape (config/shape-document.ts) wants of a value, `${NAME}` may stand in its place, and
 * what is secret reads `***`. Without this, what a GET gives would not be what the call is described to give.
 */

import { MASK } from '../config/credentials.ts';
import type { Shape } from '../config/shape.ts';

export const REFERENCE = {
  type: 'string',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.
  description: 'read from the environment: `${NAME}`, or `${NAME:-default}`',
  pattern: '\\$\\{',
} as const;

/** `reference`: how a schema that stands elsewhere is named. */
export function writtenShape(shape: Shape, reference: object): object {
  const { anyOf, description = '' } = shape;
  const asWritten = (part: Shape) => writtenShape(part, reference);
  if (anyOf !== undefined) {
    const branches = anyOf.map((branch) => (isLeaf(branch) ? branch : asWritten(branch)));
    return { ...shape, anyOf: anyOf.some(isStrict) ? [...branches, reference] : branches };
  }
  if (isStrict(shape)) {
    const masked = shape['x-secret'] === true ? [{ type: 'string', const: MASK }] : [];
    return { anyOf: [shape, ...masked, reference], description };
  }
  const { properties, patternProperties, items } = shape;
  return {
    ...shape,
    ...(properties === undefined ? {} : { properties: mapped(properties, asWritten) }),
    ...(patternProperties === undefined ? {} : { patternProperties: mapped(patternProperties, asWritten) }),
    ...(items === undefined ? {} : { items: asWritten(items) }),
  };
}

function mapped(shapes: Readonly<Record<string, Shape>>, change: (shape: Shape) => object): Record<string, object> {
  return Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, change(shape)]));
}

/** One value, which is no map, no list and no choice. */
function isLeaf({ type, anyOf }: Shape): boolean {
  return anyOf === undefined && type !== 'object' && type !== 'array';
}

/** One value that not every text can be. */
function isStrict(shape: Shape): boolean {
  const free = shape.type === 'string' && shape.const === undefined && shape.pattern === undefined;
  return isLeaf(shape) && !free;
}
