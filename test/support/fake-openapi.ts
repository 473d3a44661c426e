/**
 * An OpenAPI document of a few calls, with the shapes that the admin API really has.
 */

import { Change } from '../../src/admin/shapes/change.ts';
import { PageQuery, ProblemReply } from '../../src/admin/shapes/common.ts';
import { Circuit, CircuitOrder, ExplainRequest, Explanation, Status } from '../../src/admin/shapes/status.ts';

const json = (schema: unknown) => ({ 'application/json': { schema } });
const problem = { description: 'a problem', content: { 'application/problem+json': { schema: ProblemReply } } };
const id = { name: 'id', in: 'path', required: true, description: 'of the upstream', schema: { type: 'string' } };
const pageQuery = Object.entries(PageQuery.properties).map(([name, schema]) => ({ name, in: 'query', schema }));

export const FAKE_OPENAPI = {
  openapi: '3.1.0',
  info: { title: 'Signalbox', version: '0.1.0' },
  paths: {
    '/v1/status': {
      get: {
        tags: ['status'],
        summary: 'What runs',
        responses: { 200: { description: 'what runs', content: json(Status) } },
      },
    },
    '/v1/events': { get: { tags: ['status'], summary: 'What happened', parameters: pageQuery, responses: {} } },
    '/v1/live': { get: { tags: ['status'], summary: 'One frame a second', responses: {} } },
    '/v1/explain': {
      post: {
        tags: ['status'],
        summary: 'Why a request goes where',
        requestBody: { content: json(ExplainRequest) },
        responses: { 200: { description: 'why', content: json(Explanation) }, 400: problem },
      },
    },
    '/v1/routes/{id}': {
      parameters: [{ ...id, description: 'of the route' }],
      put: {
        tags: ['document'],
        summary: 'Replaces a route',
        parameters: [{ name: 'dryRun', in: 'query', schema: { type: 'boolean', default: false } }],
        requestBody: { content: json({ type: 'object', description: 'as it is written in the document' }) },
        responses: { 200: { description: 'what it does', content: json(Change) }, 412: problem },
      },
    },
    '/v1/upstreams/{id}/circuit': {
      put: {
        tags: ['upstreams'],
        summary: 'Isolates an upstream, forces its circuit closed, or lets it go',
        parameters: [id],
        requestBody: { content: json(CircuitOrder) },
        responses: { 200: { description: 'the circuit', content: json(Circuit) }, 404: problem },
      },
    },
  },
};
