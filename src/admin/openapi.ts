/**
 * GET /v1/openapi.json: OpenAPI 3.1 of every call, put together from the schemas that check them.
 *
 * Rule: nothing is described twice: a call's schema, the role it needs and the shapes of the document's parts are what the
 * router itself goes by. OpenAPI 3.1 takes JSON Schema 2020-12 as it is.
 */

import type { FastifyInstance, RouteOptions } from 'fastify';
import Type from 'typebox';
import { DOCUMENT } from '../config/shape-document.ts';
import { YAML_TYPES } from './bodies.ts';
import { PROBLEM_TYPE } from './problem.ts';
import { ProblemReply } from './shapes/common.ts';
import { REFERENCE, writtenShape } from './written-shape.ts';

/** The part of JSON Schema that is read here. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly description?: string;
}

interface CallSchema {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly params?: Schema;
  readonly querystring?: Schema;
  readonly headers?: Schema;
  readonly body?: Schema;
  readonly response?: Readonly<Record<string, Schema>>;
}

const YAML = YAML_TYPES[0];
const REF = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** Collects the calls under /v1 as they are added; must come before them. */
export function openapi(server: FastifyInstance, version: string): void {
  const calls: RouteOptions[] = [];
  server.addHook('onRoute', (route) => {
    if (route.url.startsWith('/v1/') && route.method !== 'HEAD') calls.push(route);
  });
  let text: string | undefined;
  server.get(
    '/v1/openapi.json',
    {
      config: { need: 'viewer' },
      schema: { tags: ['status'], summary: 'This document', response: { 200: Type.Unknown() } },
    },
    async (_request, reply) => {
      text ??= JSON.stringify(documentOf(calls, version));
      return reply.type('application/json').serializer(String).send(text);
    },
  );
}

function documentOf(calls: readonly RouteOptions[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const call of calls) {
    const path = call.url.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [String(call.method).toLowerCase()]: operationOf(call, path) };
  }
  const written = writtenShape(DOCUMENT, REF('Reference')) as Written;
  const schemas = {
    Document: written,
    Problem: ProblemReply,
    Reference: REFERENCE,
    ...Object.fromEntries(Object.entries(PART_NAMES).map(([section, name]) => [name, valuesOf(written, section)])),
  };
  return {
    openapi: '3.1.0',
    info: { title: 'Signalbox admin API', version, description: DESCRIPTION },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

const DESCRIPTION =
  'Every write answers once every data thread runs it. Errors are application/problem+json (RFC 9457). ' +
  'Reading needs the role viewer; circuits, leases and parts of the document operator; the whole document and restoring admin.';

const PART_NAMES: Readonly<Record<string, string>> = {
  routes: 'Route',
  upstreams: 'Upstream',
  rollouts: 'Rollout',
  invariants: 'Invariant',
};

/** Of the whole document, as far as it is read here. */
interface Written {
  readonly properties: Readonly<Record<string, { readonly patternProperties?: Readonly<Record<string, object>> }>>;
}

/** What a section's map from ids holds. */
function valuesOf({ properties }: Written, section: string): object {
  return Object.values(properties[section]?.patternProperties ?? {})[0] ?? {};
}

function operationOf(call: RouteOptions, path: string): object {
  const { tags, summary, params, querystring, headers, body, response = {} } = (call.schema ?? {}) as CallSchema;
  const { need = 'admin', body: bodyPart, answer } = call.config ?? {};
  const sent = body ?? refOf(bodyPart);
  return {
    operationId: operationId(String(call.method), path),
    tags,
    summary,
    description: need === 'open' ? 'Open to everybody.' : `Needs the role ${need}.`,
    parameters: [...given(params, 'path'), ...given(querystring, 'query'), ...given(headers, 'header')],
    ...(sent === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(sent, bodyPart === 'document') } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(response).map(([status, schema]) => [status, answerOf(status, schema, answer)]),
      ),
      default: { description: 'Refused, and why', content: { [PROBLEM_TYPE]: { schema: REF('Problem') } } },
    },
  };
}

function answerOf(status: string, schema: Schema, part: string | undefined): object {
  const description = status === '201' ? 'Created' : 'OK';
  if (part === 'text') return { description, content: { [YAML]: { schema: { type: 'string' } } } };
  if (part === 'stream') return { description, content: { 'text/event-stream': { schema } } };
  return { description, content: contentOf(refOf(part) ?? schema, part === 'document') };
}

function contentOf(schema: object, alsoYaml: boolean): object {
  return { 'application/json': { schema }, ...(alsoYaml ? { [YAML]: { schema: { type: 'string' } } } : {}) };
}

function refOf(part: string | undefined): object | undefined {
  if (part === 'document') return REF('Document');
  const name = part === undefined ? undefined : PART_NAMES[part];
  return name === undefined ? undefined : REF(name);
}

function given(schema: Schema | undefined, where: 'path' | 'query' | 'header'): object[] {
  return Object.entries(schema?.properties ?? {}).map(([name, shape]) => ({
    name,
    in: where,
    required: where === 'path' || (schema?.required ?? []).includes(name),
    ...(shape.description === undefined ? {} : { description: shape.description }),
    schema: shape,
  }));
}

/** `put /v1/routes/{id}` -> `putRoutesId`. */
function operationId(method: string, path: string): string {
  const words = path
    .replace('/v1/', '')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return method.toLowerCase() + words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
}
