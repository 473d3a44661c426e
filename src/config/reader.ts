/**
 * Values out of a checked tree.
 *
 * Rule: the shape was checked before, so a reader only converts; it gives undefined (or the default it was handed) where
 * a value is absent or was found broken. `off` reads as Infinity where a limit or a time is read.
 */

import { LONGEST_AGE, parseDuration, parseSize, type Quantity } from '../core/duration.ts';
import { child, type Node } from './tree.ts';

export function textOf(node: Node | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' && !node.broken ? node.value : undefined;
}

export function numberOf(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' && !node.broken ? node.value : undefined;
}

export function isOff(node: Node | undefined): boolean {
  return textOf(node) === 'off';
}

export function textAt(node: Node | undefined, key: string): string | undefined {
  return textOf(child(node, key));
}

/** Infinity where `off` is written. */
export function numberAt(node: Node | undefined, key: string, otherwise: number): number {
  const found = child(node, key);
  return isOff(found) ? Number.POSITIVE_INFINITY : (numberOf(found) ?? otherwise);
}

/** Milliseconds; Infinity where `off` is written. */
export function durationAt(node: Node | undefined, key: string, otherwise: number): number {
  return quantityOf(child(node, key), parseDuration) ?? otherwise;
}

/** Milliseconds of what nobody waits for. */
export function ageAt(node: Node | undefined, key: string, otherwise: number): number {
  return quantityOf(child(node, key), (text) => parseDuration(text, LONGEST_AGE)) ?? otherwise;
}

/** Milliseconds of what may take no time at all: 0 where `0` or `off` is written. */
export function spanAt(node: Node | undefined, key: string, otherwise: number): number {
  const found = child(node, key);
  return isOff(found) ? 0 : (numberOf(found) ?? durationAt(node, key, otherwise));
}

/** What `resolve` makes of a part, written or not; `off` where that is written. */
export function unlessOff<T>(node: Node | undefined, resolve: (node: Node | undefined) => T): T | 'off' {
  return isOff(node) ? 'off' : resolve(node);
}

/** Bytes; Infinity where `off` is written. */
export function sizeAt(node: Node | undefined, key: string, otherwise: number): number {
  return quantityOf(child(node, key), parseSize) ?? otherwise;
}

function quantityOf(node: Node | undefined, parse: (text: string) => Quantity): number | undefined {
  const text = textOf(node);
  if (text === undefined) return undefined;
  if (text === 'off') return Number.POSITIVE_INFINITY;
  const quantity = parse(text);
  return quantity.ok ? quantity.value : undefined;
}
