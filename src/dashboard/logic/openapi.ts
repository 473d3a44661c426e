/**
 * The calls of an OpenAPI 3.1 document, by tag, as the page that tries them needs them.
 *
 * Rule: order is that of the document; a call without a tag stands under `other`. Nothing is taken for granted that the
 * specification makes optional.
 */

import { exampleOf, type Schema } from './schema.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: Schema;
}

export interface Body {
  readonly type: string;
  readonly schema: Schema;
}

export interface Answer {
  readonly status: string;
  readonly description: string;
  readonly bodies: readonly Body[];
}

export interface Operation {
  /** `put /v1/routes/{id}` */
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly tag: string;
  readonly parameters: readonly Parameter[];
  readonly bodies: readonly Body[];
  readonly answers: readonly Answer[];
}

type Loose = Readonly<Record<string, unknown>>;

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

function record(value: unknown): Loose {
  return typeof value === 'object' && value !== null ? (value as Loose) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function operationsOf(document: unknown): Operation[] {
  return Object.entries(record(record(document).paths)).flatMap(([path, item]) => {
    const shared = listOf(record(item).parameters);
    return METHODS.filter((method) => method in record(item)).map((method) =>
      operationOf(method, path, record(record(item)[method]), shared),
    );
  });
}

function operationOf(method: string, path: string, call: Loose, shared: readonly unknown[]): Operation {
  const parameters = [...shared, ...listOf(call.parameters)].map(record).filter(({ in: place }) => place !== 'cookie');
  return {
    key: `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    summary: text(call.summary),
    description: text(call.description),
    tag: text(listOf(call.tags)[0]) || 'other',
    parameters: parameters.map((each) => ({
      name: text(each.name),
      in: text(each.in) as Parameter['in'],
      required: each.required === true,
      description: text(each.description) || text(record(each.schema).description),
      schema: record(each.schema) as Schema,
    })),
    bodies: bodiesOf(record(call.requestBody).content),
    answers: Object.entries(record(call.responses)).map(([status, answer]) => ({
      status,
      description: text(record(answer).description),
      bodies: bodiesOf(record(answer).content),
    })),
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function bodiesOf(content: unknown): Body[] {
  return Object.entries(record(content)).map(([type, media]) => ({
    type,
    schema: record(record(media).schema) as Schema,
  }));
}

/** Tag -> its calls. */
export function byTag(operations: readonly Operation[]): [string, Operation[]][] {
  return [...Map.groupBy(operations, ({ tag }) => tag)];
}

/** Headers that writes take, whether or not the document lists them. */
export function headersFor({ method, parameters }: Operation): Parameter[] {
  const listed = parameters.filter((each) => each.in === 'header');
  if (method === 'GET') return listed;
  const usual = [
    { name: 'If-Match', description: 'the revision it was made from, in quotes' },
    { name: 'x-reason', description: 'goes into the audit log' },
  ].filter(({ name }) => !listed.some((each) => each.name.toLowerCase() === name.toLowerCase()));
  return [
    ...listed,
    ...usual.map((each) => ({ ...each, in: 'header' as const, required: false, schema: { type: 'string' } })),
  ];
}

/** The path with its parameters filled in, and the query behind it; what is empty is left out. */
export function addressOf(operation: Operation, values: Readonly<Record<string, string>>): string {
  const path = operation.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
  const query = operation.parameters
    .filter((each) => each.in === 'query' && (values[each.name] ?? '') !== '')
    .map(({ name }) => `${encodeURIComponent(name)}=${encodeURIComponent(values[name] ?? '')}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

/** What a body's field begins with. */
export function bodyExample({ type, schema }: Body, document: unknown): string {
  if (!type.includes('json')) return '';
  return JSON.stringify(exampleOf(schema, document), null, 2);
}
