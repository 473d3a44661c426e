/**
 * OpenAPI 3.1 as far as a client goes by it: the types, how its schemas are compiled, and what may be wrong with a document.
 *
 * Rule: schemas are read strictly: what an object is not described to have, it must not have, also where the description
 * does not say so.
 */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export type Schema = Readonly<Record<string, unknown>>;
type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

export interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content?: Content };
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: Content }>>;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title?: string; readonly version?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes?: Readonly<Record<string, unknown>>;
  };
}

export interface Place {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export function operationsOf({ paths }: OpenApiDocument): Place[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
}

/** RFC 3339 section 5.6. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Words beside those of JSON Schema, of the document's own shape (config/shape.ts). */
const WORDS = ['unit', 'least', 'most', 'keys', 'exclusive', 'whole', 'dormant', 'advice', 'secret', 'credentials'].map(
  (word) => `x-${word}`,
);

/** Compiles schemas of one document, which may refer to its components. */
export function compilerOf({ components }: OpenApiDocument): (schema: Schema) => ValidateFunction {
  const ajv = new Ajv2020({ strict: true, strictTypes: true, allErrors: true, formats: { 'date-time': DATE_TIME } });
  ajv.addVocabulary(['components', ...WORDS]);
  const known = sealed(components);
  const compiled = new Map<string, ValidateFunction>();
  return (schema) => {
    // Most calls share most schemas, and each stands there as often.
    const text = JSON.stringify(schema);
    const validate = compiled.get(text) ?? ajv.compile({ ...(sealed(schema) as object), components: known });
    compiled.set(text, validate);
    return validate;
  };
}

/** Closed to everything that it does not name. */
function sealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sealed);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) copy[key] = sealed(part);
  const open = copy.type === 'object' && copy.properties !== undefined && copy.additionalProperties === undefined;
  return open ? { ...copy, additionalProperties: false } : copy;
}

function walk(value: unknown, see: (value: unknown, key: string) => unknown, key = ''): void {
  see(value, key);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) walk(part, see, name);
}

/** What is wrong with a document; empty where nothing is. */
export function flawsOf(document: OpenApiDocument): string[] {
  const { openapi, info } = document;
  const flaws: string[] = [];
  if (!/^3\.1\.\d+$/.test(openapi)) flaws.push(`openapi is ${openapi}, not 3.1`);
  if (!info.title || !info.version) flaws.push('info has no title or no version');
  flaws.push(...refFlaws(document), ...nameFlaws(document));
  const compile = compilerOf(document);
  for (const place of operationsOf(document)) {
    const own = [
      ...wordFlaws(place),
      ...parameterFlaws(place),
      ...answerFlaws(place),
      ...securityFlaws(document, place),
    ];
    for (const schema of schemasOf(place.operation)) own.push(...compileFlaws(compile, schema));
    flaws.push(...own.map((flaw) => `${place.method} ${place.path}: ${flaw}`));
  }
  return flaws;
}

function refFlaws(document: OpenApiDocument): string[] {
  const flaws: string[] = [];
  const used = new Set<string>();
  walk(document, (value, key) => {
    if (key !== '$ref' || typeof value !== 'string') return;
    const name = /^#\/components\/schemas\/([A-Za-z]+)$/.exec(value)?.[1] ?? '';
    used.add(name);
    if (!Object.hasOwn(document.components.schemas, name)) flaws.push(`${value} leads nowhere`);
  });
  const idle = Object.keys(document.components.schemas).filter((name) => !used.has(name));
  return [...flaws, ...idle.map((name) => `nothing refers to the schema ${name}`)];
}

/** Names that must not stand twice. */
function nameFlaws(document: OpenApiDocument): string[] {
  const ids = operationsOf(document).map(({ operation }) => operation.operationId ?? '');
  const shapes = Object.keys(document.paths).map((path) => path.replace(/\{[^}]*\}/g, '{}'));
  return [...twice(ids), ...twice(shapes)].map((name) => `${name} stands there twice`);
}

function twice(names: readonly string[]): string[] {
  return names.filter((name, i) => names.indexOf(name) !== i);
}

function wordFlaws({ method, operation }: Place): string[] {
  const { operationId = '', summary = '', description = '', tags = [], requestBody } = operation;
  const takesBody = method === 'put' || method === 'post';
  return [
    ...(/^[a-z][A-Za-z]+$/.test(operationId) ? [] : [`the operationId "${operationId}" is no name`]),
    ...(summary.length > 3 ? [] : ['there is no summary']),
    ...(description.length > 3 ? [] : ['there is no description']),
    ...(tags.length === 1 ? [] : [`there are ${tags.length} tags`]),
    ...(takesBody || requestBody === undefined ? [] : ['it must not have a body']),
    ...(requestBody === undefined || requestBody.required === true ? [] : ['its body is not required']),
  ];
}

function parameterFlaws({ path, operation }: Place): string[] {
  const { parameters = [] } = operation;
  const wanted = [...path.matchAll(/\{([^}]*)\}/g)].map((match) => match[1]);
  const given = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
  const odd = parameters.filter(({ in: where, required, schema, name }) => {
    const placed = ['path', 'query', 'header'].includes(where) && (where !== 'path' || required === true);
    // OpenAPI has these ignored where they are given as parameters.
    return !placed || schema === undefined || /^(?:accept|content-type|authorization)$/i.test(name);
  });
  return [
    ...wanted.filter((name) => !given.includes(name)).map((name) => `{${name}} is not declared`),
    ...given.filter((name) => !wanted.includes(name)).map((name) => `${name} is not in the path`),
    ...odd.map(({ name }) => `the parameter ${name} cannot be used`),
    ...twice(parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).map(
      (name) => `${name} is there twice`,
    ),
  ];
}

function answerFlaws({ operation }: Place): string[] {
  const { responses = {} } = operation;
  const bare = Object.entries(responses).filter(([, { description = '', content = {} }]) => {
    const kinds = Object.values(content);
    return description === '' || kinds.length === 0 || kinds.some(({ schema }) => schema === undefined);
  });
  const refused = responses.default?.content?.['application/problem+json']?.schema?.$ref;
  return [
    ...bare.map(([status]) => `the answer ${status} has no description, content or schema`),
    ...(Object.keys(responses).some((status) => /^2\d\d$/.test(status)) ? [] : ['no answer is a good one']),
    ...(refused === '#/components/schemas/Problem' ? [] : ['the default answer is no Problem']),
  ];
}

function securityFlaws({ security, components }: OpenApiDocument, { operation }: Place): string[] {
  const asked = operation.security ?? security ?? [];
  const names = asked.flatMap((need) => Object.keys(need));
  const unknown = names.filter((name) => !Object.hasOwn(components.securitySchemes ?? {}, name));
  return [
    ...(names.length > 0 ? [] : ['it does not say how to show who asks']),
    ...unknown.map((name) => `the security scheme ${name} is not declared`),
  ];
}

function schemasOf({ parameters = [], requestBody, responses = {} }: Operation): Schema[] {
  const contents = [requestBody?.content, ...Object.values(responses).map(({ content }) => content)];
  const bodies = contents.flatMap((content = {}) => Object.values(content).map(({ schema }) => schema));
  return [...parameters.map(({ schema }) => schema), ...bodies].filter((schema) => schema !== undefined);
}

function compileFlaws(compile: (schema: Schema) => ValidateFunction, schema: Schema): string[] {
  try {
    compile(schema);
    return [];
  } catch (error) {
    return [`a schema is not valid: ${(error as Error).message}`];
  }
}
