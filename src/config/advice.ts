/**
 * What to write instead: the second half of a problem of shape.
 *
 * Rule: the advice is something that can be typed. Where the value shows what was meant (a number without a unit, a word
 * with a slip, `false` for `off`), the advice is that; else it says the form. A value from the environment is not shown.
 */

import {
  DURATION_PATTERN,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from '../core/duration.ts';
import type { Shape } from './shape.ts';
import { didYouMean, GUESSES, nearest } from './suggest.ts';
import type { Node, ScalarNode } from './tree.ts';

const DURATION = new RegExp(DURATION_PATTERN);
const SIZE = new RegExp(SIZE_PATTERN);

/** Advice for a value of none of the forms in `branches`. */
export function adviceFor(node: Node, shape: Shape, branches: readonly Shape[]): string {
  if (node.kind === 'scalar') return scalarAdvice(node, shape, branches);
  const alone = branches.find((branch) => branch.type !== 'object' && branch.type !== 'array');
  if (shape.minItems !== undefined && node.kind === 'list') return 'add one, or remove the key';
  if (shape.type === 'object' && node.kind === 'map') return `give ${shape.description ?? 'a key'}`;
  return alone === undefined ? formAdvice(branches) : 'write one value, without brackets or keys';
}

/** Advice for a key that is not known, among the keys that are. `before`: how many problems were found already. */
export function unknownKeyAdvice(key: string, properties: Readonly<Record<string, Shape>>, before: number): string {
  if (before >= GUESSES) return `known here: ${Object.keys(properties).join(', ')}`;
  const home = Object.entries(properties).find(([, shape]) => holds(shape, key))?.[0];
  if (home !== undefined && nearest(key, Object.keys(properties)) === undefined) return `it belongs under \`${home}\``;
  const names = Object.keys(properties);
  return didYouMean(key, names, `known here: ${names.join(', ')}`);
}

function holds(shape: Shape, key: string): boolean {
  return Object.hasOwn(shape.properties ?? {}, key) || (shape.anyOf ?? []).some((branch) => holds(branch, key));
}

function scalarAdvice(node: ScalarNode, shape: Shape, branches: readonly Shape[]): string {
  if (node.value === null) return 'write a value, or remove the key';
  const words = branches.flatMap((branch) => (typeof branch.const === 'string' ? [branch.const] : []));
  const written = node.expanded ? '' : node.written;
  if (words.includes('off') && /^(?:false|no|none|disabled)$/i.test(written)) return 'write `off`';
  if (/^(?:true|yes|on|enabled)$/i.test(written) && branches.some(isWholeByDefault))
    return 'write `{}` for its defaults, or the keys you want otherwise';
  const unit = branches.find((branch) => branch['x-unit'] !== undefined);
  if (unit !== undefined) return unitAdvice(written, unit, words.includes('off'));
  const near = typeof node.value === 'string' ? nearest(written, words) : undefined;
  if (near !== undefined) return `did you mean \`${near}\`?`;
  const wantsText = branches.some((branch) => branch.type === 'string' && branch.const === undefined);
  if (typeof node.value !== 'string' && wantsText)
    return branches.find((branch) => branch['x-advice'] !== undefined)?.['x-advice'] ?? quotes(node);
  if (typeof node.value === 'string' && /^-?\d+(?:\.\d+)?$/.test(written) && branches.some(isNumber))
    return 'write a number within these bounds, without quotes';
  return branches.length > 1 ? `write ${shape.description ?? 'another value'}` : formAdvice(branches);
}

function quotes(node: ScalarNode): string {
  return node.secret ? 'put it in quotes' : `put it in quotes: "${node.written}"`;
}

/** `off`: that is allowed, where it is none or more than can be counted. */
function unitAdvice(written: string, shape: Shape, off: boolean): string {
  const isDuration = shape['x-unit'] === 'duration';
  const quantity = isDuration ? parseDuration(written, shape['x-most']) : parseSize(written);
  const large = !quantity.ok && (isDuration ? DURATION : SIZE).test(written);
  if (!quantity.ok) return large && off ? `${quantity.advice}; write \`off\` for none` : quantity.advice;
  const least = Math.max(1, shape['x-least'] ?? 1);
  const smallest = isDuration ? formatDuration(least) : formatSize(least);
  return `write at least \`${smallest}\`${off ? ', or `off` for none' : ''}`;
}

/** A map that may be empty: everything in it has a default. */
function isWholeByDefault(shape: Shape): boolean {
  return shape.properties !== undefined && shape.required === undefined && shape.minProperties === undefined;
}

function isNumber(shape: Shape): boolean {
  return shape.type === 'number' || shape.type === 'integer';
}

function formAdvice(branches: readonly Shape[]): string {
  const form = branches[0] ?? {};
  if (form.type === 'object') return 'write its keys below it, indented, or in braces';
  if (form.type === 'array') return 'write a list: items behind dashes, or in brackets';
  if (isNumber(form)) return 'write a number within these bounds';
  return `write ${form.description ?? 'another value'}`;
}
