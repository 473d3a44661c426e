/**
 * The colours of both themes, by the contrast that WCAG 2 asks for.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../support/source.ts';

const TEXT = readFileSync(join(ROOT, 'src/dashboard/styles/tokens.css'), 'utf8');

type Colours = Readonly<Record<string, string>>;

/** One set for each block: light, dark by choice, dark by preference. */
const SETS: readonly Colours[] = [...TEXT.matchAll(/\{([^{}]*)\}/g)].map(([, block]) =>
  Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value])),
);

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const PAIRS: readonly (readonly [string, readonly string[]])[] = [
  ['text', ['ground', 'surface', 'sunken', 'ok-tint', 'warn-tint', 'bad-tint']],
  ['dim', ['ground', 'surface', 'sunken', 'warn-tint', 'bad-tint']],
  ['accent', ['surface', 'sunken', 'warn-tint', 'bad-tint']],
  ['on-accent', ['accent']],
  ['on-bad', ['bad']],
  ['ok', ['surface', 'sunken', 'ok-tint', 'bad-tint', 'warn-tint']],
  ['warn', ['surface', 'sunken', 'warn-tint', 'bad-tint']],
  ['bad', ['surface', 'sunken', 'bad-tint', 'warn-tint']],
  ['idle', ['surface', 'sunken']],
];

test('text has a contrast of 4.5 or more on whatever it stands on, in both themes', () => {
  const weak = SETS.flatMap((set, i) =>
    PAIRS.flatMap(([text, grounds]) =>
      grounds
        .map((ground) => [ground, contrast(set[text], set[ground])] as const)
        .filter(([, ratio]) => !(ratio >= 4.5))
        .map(([ground, ratio]) => `set ${i}: ${text} on ${ground} ${ratio.toFixed(2)}`),
    ),
  );
  assert.deepEqual(weak, []);
  assert.equal(SETS.length, 3);
});

test('borders of fields and buttons can be told from what they stand on', () => {
  for (const set of SETS) assert.ok(contrast(set.edge, set.surface) >= 3);
});

test('dark is the same whether it was chosen or is preferred', () => {
  assert.deepEqual(SETS[1], SETS[2]);
});
