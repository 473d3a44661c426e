/**
 * A client of the admin API that knows nothing but the document that the API serves of itself.
 *
 * Rule: each request is built from its operation, and must fit it unless it is meant to be refused; each reply must be one
 * that the operation describes: status, content type, and a body that its schema takes and names in full. What was called,
 * well and badly, is remembered, so that a story can say which operations it left out.
 */

import type { ValidateFunction } from 'ajv/dist/2020.js';
import {
  compilerOf,
  type OpenApiDocument,
  type Operation,
  operationsOf,
  type Parameter,
  type Schema,
} from './openapi-document.ts';
import { within } from './wait.ts';

export interface Call {
  /** Of path, query and header, by name. */
  readonly params?: Readonly<Record<string, string | number | boolean>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, as `type`. */
  readonly text?: string;
  readonly type?: string;
  readonly accept?: string;
  /** Further query parameters; such a call does not fit. */
  readonly query?: string;
  /** '' sends none. */
  readonly token?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON. */
  readonly body: unknown;
}

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

interface Known {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const PROBLEM: Schema = { $ref: '#/components/schemas/Problem' };

export class OpenApiClient {
  readonly document: OpenApiDocument;
  /** Operations called well, and those called so that they had to refuse, by id. */
  readonly good = new Set<string>();
  readonly bad = new Set<string>();
  private readonly url: string;
  private readonly token: string;
  private readonly operations: ReadonlyMap<string, Known>;
  private readonly compile: (schema: Schema) => ValidateFunction;

  private constructor(url: string, token: string, document: OpenApiDocument) {
    this.url = url;
    this.token = token;
    this.document = document;
    this.compile = compilerOf(document);
    const named = operationsOf(document).map((known) => [known.operation.operationId ?? '', known] as const);
    this.operations = new Map(named);
  }

  static async of(url: string, token = ''): Promise<OpenApiClient> {
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    const reply = await fetch(`${url}/v1/openapi.json`, { headers });
    if (reply.status !== 200) throw new Error(`there is no document: ${reply.status} ${await reply.text()}`);
    return new OpenApiClient(url, token, (await reply.json()) as OpenApiDocument);
  }

  get ids(): string[] {
    return [...this.operations.keys()];
  }

  operation(id: string): Operation {
    return this.known(id).operation;
  }

  /** A call as the document describes it; throws where it does not fit, or its answer does not. */
  async call(id: string, call: Call = {}): Promise<Answered> {
    const known = this.known(id);
    this.checkRequest(known, call);
    const answered = await this.send(known, call);
    if (answered.status >= 300) throw new Error(`${id}: ${answered.status} ${JSON.stringify(answered.body)}`);
    this.good.add(id);
    return answered;
  }

  /** A call that must be refused. */
  async refused(id: string, call: Call = {}): Promise<Problem> {
    const { status, body } = await this.send(this.known(id), call);
    const problem = body as Problem;
    if (status < 400) throw new Error(`${id}: ${status}, though it should be refused: ${JSON.stringify(call)}`);
    if (problem.status !== status) throw new Error(`${id}: ${status} says that it is ${problem.status}`);
    if (!/^[a-z]+(?:_[a-z]+)*$/.test(problem.code)) throw new Error(`${id}: ${problem.code} is no code`);
    if (problem.detail.length < 10) throw new Error(`${id}: "${problem.detail}" helps nobody`);
    this.bad.add(id);
    return problem;
  }

  /** The first events of a stream, each checked. */
  async events(id: string, count: number): Promise<unknown[]> {
    const known = this.known(id);
    const controller = new AbortController();
    const reply = await fetch(this.url + known.path, { headers: this.headersOf(known, {}), signal: controller.signal });
    const schema = this.schemaOf(id, known.operation, reply);
    const events: unknown[] = [];
    let text = '';
    const decoder = new TextDecoder();
    for await (const part of reply.body as ReadableStream<Uint8Array>) {
      const blocks = (text + decoder.decode(part, { stream: true })).split('\n\n');
      text = blocks.pop() ?? '';
      const datas = blocks.flatMap((block) => /^data: (.*)$/m.exec(block)?.[1] ?? []);
      events.push(...datas.map((data) => JSON.parse(data) as unknown));
      if (events.length >= count) break;
    }
    for (const event of events) this.check(`an event of ${id}`, schema, event);
    controller.abort();
    this.good.add(id);
    return events;
  }

  private known(id: string): Known {
    const known = this.operations.get(id);
    if (known === undefined) throw new Error(`the document has no operation ${id}; it has ${this.ids.join(', ')}`);
    return known;
  }

  private checkRequest({ operation }: Known, call: Call): void {
    const { parameters = [], requestBody, operationId = '' } = operation;
    for (const [name, value] of Object.entries(call.params ?? {})) {
      const parameter = parameters.find((candidate) => candidate.name === name);
      if (parameter?.schema === undefined) throw new Error(`${operationId} has no parameter ${name}`);
      this.check(`${name} of ${operationId}`, parameter.schema, value);
    }
    const missing = parameters.filter(({ name, required }) => required === true && call.params?.[name] === undefined);
    if (missing.length > 0) throw new Error(`${operationId} needs ${missing.map(({ name }) => name).join(', ')}`);
    const given = call.body ?? call.text;
    if (requestBody === undefined || given === undefined) {
      if (requestBody === undefined && given === undefined) return;
      throw new Error(`${operationId} ${given === undefined ? 'needs a body' : 'takes no body'}`);
    }
    const schema = requestBody.content?.[typeOf(call)]?.schema;
    if (schema === undefined) throw new Error(`${operationId} takes no ${typeOf(call)}`);
    this.check(`the body of ${operationId}`, schema, given);
  }

  private async send(known: Known, call: Call): Promise<Answered> {
    const { method, operation } = known;
    const body = call.text ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    const reply = await within(
      `an answer to ${operation.operationId}`,
      fetch(this.url + targetOf(known, call), {
        method: method.toUpperCase(),
        headers: this.headersOf(known, call),
        ...(body === undefined ? {} : { body }),
      }),
      20_000,
    );
    const text = await reply.text();
    const isJson = mediaType(reply.headers).endsWith('json');
    const answered = {
      status: reply.status,
      headers: reply.headers,
      body: isJson ? (JSON.parse(text) as unknown) : text,
    };
    const id = operation.operationId ?? '';
    this.check(`the answer ${reply.status} of ${id}`, this.schemaOf(id, operation, reply), answered.body);
    return answered;
  }

  private headersOf({ operation }: Known, call: Call): Record<string, string> {
    const token = call.token ?? this.token;
    const headers = (operation.parameters ?? []).filter((parameter) => parameter.in === 'header');
    const sent = call.body !== undefined || call.text !== undefined;
    return {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(call.accept === undefined ? {} : { accept: call.accept }),
      ...(sent ? { 'content-type': typeOf(call) } : {}),
      ...Object.fromEntries(givenOf(headers, call)),
    };
  }

  /** Of what was answered: a good answer must stand there by its status, an error is a Problem. */
  private schemaOf(id: string, { responses = {} }: Operation, { status, headers }: Response): Schema {
    const described = responses[String(status)] ?? (status >= 400 ? responses.default : undefined);
    if (described === undefined) throw new Error(`${id} answers ${status}, and describes ${Object.keys(responses)}`);
    const schema = described.content?.[mediaType(headers)]?.schema;
    if (schema === undefined)
      throw new Error(`${id} answers ${status} as ${mediaType(headers)}, which is not described`);
    return status >= 400 ? PROBLEM : schema;
  }

  private check(what: string, schema: Schema, value: unknown): void {
    const validate = this.compile(schema);
    if (validate(value)) return;
    const flaws = (validate.errors ?? []).map(({ instancePath, message, params }) => {
      return `${instancePath || '/'} ${message} ${JSON.stringify(params)}`;
    });
    throw new Error(`${what} does not fit its schema:\n${flaws.join('\n')}\n${JSON.stringify(value)?.slice(0, 2000)}`);
  }
}

function targetOf({ path, operation }: Known, call: Call): string {
  const { parameters = [] } = operation;
  const inPath = path.replace(/\{([^}]*)\}/g, (_, name: string) => encodeURIComponent(String(call.params?.[name])));
  const query = new URLSearchParams(
    givenOf(
      parameters.filter((parameter) => parameter.in === 'query'),
      call,
    ),
  ).toString();
  const all = [query, call.query ?? ''].filter((part) => part !== '').join('&');
  return all === '' ? inPath : `${inPath}?${all}`;
}

function givenOf(parameters: readonly Parameter[], call: Call): [string, string][] {
  return parameters.flatMap(({ name }) => {
    const value = call.params?.[name];
    return value === undefined ? [] : [[name, String(value)] as [string, string]];
  });
}

function typeOf(call: Call): string {
  return call.type ?? 'application/json';
}

function mediaType(headers: Headers): string {
  return (headers.get('content-type') ?? '').split(';')[0].trim();
}
