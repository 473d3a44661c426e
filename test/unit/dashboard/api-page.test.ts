/**
 * What the page that tries the API makes of an OpenAPI document, and how the live stream is read.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, bodyExample, byTag, headersFor, operationsOf } from '../../../src/dashboard/logic/openapi.ts';
import { exampleOf, treeOf, typeWords } from '../../../src/dashboard/logic/schema.ts';
import { sparkline } from '../../../src/dashboard/logic/sparkline.ts';
import { backoff, eventReader } from '../../../src/dashboard/logic/sse.ts';
import { FAKE_OPENAPI } from '../../support/fake-openapi.ts';

const CALLS = operationsOf(FAKE_OPENAPI);

test('calls stand under their tags in the order of the document', () => {
  assert.deepEqual(
    byTag(CALLS).map(([tag, calls]) => [tag, calls.length]),
    [
      ['status', 4],
      ['document', 1],
      ['upstreams', 1],
    ],
  );
  assert.deepEqual(operationsOf({}), []);
  assert.deepEqual(operationsOf(undefined), []);
});

test('a write can be given a revision and a reason, and parameters of the path are shared', () => {
  const put = CALLS.find(({ key }) => key === 'put /v1/routes/{id}');
  assert.ok(put);
  assert.deepEqual(
    headersFor(put).map(({ name }) => name),
    ['If-Match', 'x-reason'],
  );
  assert.deepEqual(
    put.parameters.map((each) => [each.in, each.name]),
    [
      ['path', 'id'],
      ['query', 'dryRun'],
    ],
  );
  assert.equal(addressOf(put, { id: 'a/b', dryRun: 'true' }), '/v1/routes/a%2Fb?dryRun=true');
  assert.equal(addressOf(put, { id: 'a', dryRun: '' }), '/v1/routes/a');
  assert.deepEqual(headersFor(CALLS[0]), []);
});

test('an example holds what is required, by the defaults and hints of the schema', () => {
  const circuit = CALLS.find(({ path }) => path.endsWith('/circuit'));
  assert.deepEqual(
    JSON.parse(bodyExample(circuit?.bodies[0] ?? { type: 'application/json', schema: {} }, FAKE_OPENAPI)),
    {
      state: 'isolated',
      reason: '',
      for: '250ms',
    },
  );
  const explain = CALLS.find(({ path }) => path === '/v1/explain');
  assert.match(
    bodyExample(explain?.bodies[0] ?? { type: '', schema: {} }, FAKE_OPENAPI),
    /"url": "http:\/\/cart\.internal\/cart\/7"/,
  );
  assert.equal(bodyExample({ type: 'application/yaml', schema: {} }, {}), '');
});

test('a schema that refers to itself ends, as a tree and as an example', () => {
  const api = {
    components: {
      schemas: {
        Node: { type: 'object', required: ['next'], properties: { next: { $ref: '#/components/schemas/Node' } } },
      },
    },
  };
  const node = { $ref: '#/components/schemas/Node' };
  assert.ok(treeOf(node, api).length < 12);
  assert.ok(JSON.stringify(exampleOf(node, api)).length < 200);
  assert.deepEqual(treeOf({ $ref: '#/nowhere' }, api), []);
});

test('types are words', () => {
  const of = (schema: object): string => typeWords(schema, {});
  assert.equal(of({ anyOf: [{ const: 'up' }, { const: 'down' }] }), '"up" | "down"');
  assert.equal(of({ type: 'array', items: { type: 'string', format: 'date-time' } }), 'list of string (date-time)');
  assert.equal(of({ anyOf: [{ type: 'number' }, { type: 'null' }] }), 'number | null');
  assert.equal(of({}), 'anything');
});

test('events are whole however the stream is cut, and comments are none', () => {
  const text = ': hello\n\nevent: live\ndata: {"a":1}\n\nevent: live\r\ndata: x\r\ndata: y\r\n\r\n';
  for (let size = 1; size < text.length; size++) {
    const read = eventReader();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...read(text.slice(at, at + size)));
    assert.deepEqual(found, [
      { event: 'live', data: '{"a":1}' },
      { event: 'live', data: 'x\ny' },
    ]);
  }
});

test('the stream is asked for at once, then ever later, at most after eight seconds', () => {
  assert.deepEqual([0, 1, 2, 3, 9].map(backoff), [0, 500, 1000, 2000, 8000]);
});

test('a line of figures ends at the right edge, begins its scale at zero and leaves gaps', () => {
  const { line, highest } = sparkline([0, 4, Number.NaN, 2], 30, 12, 4);
  assert.equal(highest, 4);
  assert.equal(line, 'M0 11L10 1M30 6h0.1');
  assert.equal(sparkline([], 30, 12, 4).line, '');
});
