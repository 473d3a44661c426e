/**
 * The token of the admin port, as it is written or read from the environment.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../../../src/config/read.ts';

const errorsOf = (token: string) =>
  readDocument('admin: { address: 0.0.0.0:9901, token: "${TOKEN}" }\n', 'routes.yaml', { TOKEN: token });

test('a token that no header can carry is refused, and never shown', () => {
  for (const token of ['s3cret\n', ' s3cret', 's3cret ', '   ', 's3cret\u00e4', 's3\tcret']) {
    const read = errorsOf(token);
    assert.ok(!read.ok, JSON.stringify(token));
    const [problem] = read.problems;
    assert.equal(problem.pointer, '/admin/token');
    assert.match(problem.reason, /cannot be sent in a header/);
    assert.equal(JSON.stringify(read.problems).includes('s3'), false);
  }
  for (const token of ['s3cret', 'two words', '!~']) assert.ok(errorsOf(token).ok, token);
});
