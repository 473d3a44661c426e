/**
 * How the values of a document are shown to people who read what a change does.
 *
 * Rule: values stand in the document's own units, short, on one line, and secrets are never shown. Which number is a
 * duration or a size, and what is a secret, is asked of the shape of the document, so that a new key is shown as it should
 * be. A credential that a route writes into a header, or asks for, has no mark there: it is known by the header's name.
 */

import { formatDuration, formatSize } from '../core/duration.ts';
import { isCredential } from './credentials.ts';
import type { Shape } from './shape.ts';
import { DOCUMENT } from './shape-document.ts';

/** Keys from the top of the document down. */
export type Path = readonly string[];

/** Characters of a value that are shown. */
const LONGEST_VALUE = 160;
const HIDDEN = '(not shown)';

/** Maps from the name of a header or parameter to its value. */
const VALUES_BY_NAME = new Set(['headers', 'query', 'set', 'add']);

/** A value on one line; `none` where there is none. */
export function shown(value: unknown, path: Path): string {
  const text = whole(value, path);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE).toWellFormed()}...`;
}

function whole(value: unknown, path: Path): string {
  if (value === undefined) return path[0] === 'workers' ? 'one per core' : 'none';
  if (typeof value === 'string' && isWebhook(path)) return originOf(value);
  if (isSecret(path)) return HIDDEN;
  if (typeof value === 'number') return quantity(value, path);
  if (typeof value === 'string') return plainText(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => whole(item, [...path, '0'])).join(', ')}]`;
  // No headers are the usual, and nobody wrote them.
  const parts = Object.entries(value).filter(
    ([key, part]) => part !== undefined && !(VALUES_BY_NAME.has(key) && isEmpty(part)),
  );
  if (parts.length === 0) return '{}';
  return `{ ${parts.map(([key, part]) => `${plainText(key)}: ${whole(part, [...path, key])}`).join(', ')} }`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** What a reader could take for something else (nothing, a list, a second line) stands in quotes. */
export function plainText(text: string): string {
  const plain = /^[^"'`{}[\],\p{C}\p{Z}]+(?: [^"'`{}[\],\p{C}\p{Z}]+)*$/u.test(text);
  return plain && text !== 'none' && !text.includes('->')
    ? text
    : JSON.stringify(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

export function isSecret(path: Path): boolean {
  // Ids of parts are no names of headers.
  if (path.some((key, index) => index > 2 && isCredential(key) && VALUES_BY_NAME.has(path[index - 1]))) return true;
  return shapesAt(path).some((shape) => shape['x-secret'] === true);
}

/** Who holds the address of a webhook can post to it. */
function isWebhook([first, second]: Path): boolean {
  return first === 'alerts' && second === 'webhooks';
}

function originOf(url: string): string {
  return URL.canParse(url) ? `${new URL(url).origin}/...` : HIDDEN;
}

function quantity(value: number, path: Path): string {
  if (value === Number.POSITIVE_INFINITY) return 'off';
  const unit = shapesAt(path).find((shape) => shape['x-unit'] !== undefined)?.['x-unit'];
  if (unit === 'duration') return formatDuration(value);
  return unit === 'size' ? formatSize(value) : String(value);
}

/** Every shape that a value at this place may have. */
function shapesAt(path: Path): readonly Shape[] {
  let shapes: readonly Shape[] = branchesOf(DOCUMENT);
  for (const key of path) shapes = shapes.flatMap((shape) => below(shape, key)).flatMap(branchesOf);
  return shapes;
}

function branchesOf(shape: Shape): readonly Shape[] {
  return shape.anyOf === undefined ? [shape] : shape.anyOf.flatMap(branchesOf);
}

function below(shape: Shape, key: string): readonly Shape[] {
  if (shape.items !== undefined) return [shape.items];
  if (shape.properties !== undefined) return Object.hasOwn(shape.properties, key) ? [shape.properties[key]] : [];
  return Object.values(shape.patternProperties ?? {});
}
