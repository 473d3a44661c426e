/**
 * A program that writes into an audit log as fast as it can, until it is killed. Each number it prints is of a record that
 * it was told stands.
 */

import { writeSync } from 'node:fs';
import { Audit } from '../../src/control/audit.ts';
import { systemClock } from '../../src/core/clock.ts';
import { entryOf } from './audit.ts';

const [, , folder, count] = process.argv;
const limits = { count: Number(count), age: 1e12 };
const audit = await Audit.open({ folder, clock: systemClock, log: () => {}, limits });
for (let i = 0; ; i++) {
  const revision = `${process.pid}-${i}`;
  await audit.append(entryOf(revision, { text: `# ${revision}\n${'x'.repeat((i * 997) % 20_000)}\n` }));
  writeSync(1, `${revision}\n`);
}
