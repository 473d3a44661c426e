/**
 * A process that writes two documents by turns through DocumentFile, as fast as it can, until it is killed.
 */

import { DocumentFile } from '../../src/control/document-file.ts';
import { textOf } from './two-texts.ts';

const file = new DocumentFile(process.argv[2] ?? '');
await file.sweep();
const texts = [textOf('A'), textOf('B')];

for (let turn = 0; ; turn++) {
  const staging = await file.stage(texts[turn % 2] ?? '');
  if (!staging.ok) throw new Error(staging.reason);
  const done = await staging.staged.commit();
  if (!done.ok) throw new Error(done.reason);
  if (turn === 1) process.stdout.write('writing\n');
}
