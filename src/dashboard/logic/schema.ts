/**
 * A JSON schema as a tree to read, and as an example to send.
 *
 * Rule: both end, whatever a schema refers to: references are followed to a depth that no reply of ours reaches. What a
 * schema does not say is not made up: an example holds required members and those that are short.
 */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface SchemaLine {
  readonly depth: number;
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

const DEEPEST = 8;

/** Looks up `#/components/schemas/Name` in the document it came with. */
export function resolved(schema: Schema, document: unknown): Schema {
  let found = schema;
  for (let hops = 0; found.$ref !== undefined && hops < DEEPEST; hops++) {
    const steps = found.$ref.replace(/^#\//, '').split('/');
    const target = steps.reduce<unknown>(
      (value, step) => (value as Record<string, unknown> | undefined)?.[step],
      document,
    );
    if (typeof target !== 'object' || target === null) return {};
    found = target as Schema;
  }
  return found;
}

/** The members of a schema, each below its parent. */
export function treeOf(schema: Schema, document: unknown, depth = 0): SchemaLine[] {
  const whole = resolved(schema, document);
  if (depth > DEEPEST) return [];
  if (whole.items !== undefined) return treeOf(whole.items, document, depth);
  const branches = [...(whole.allOf ?? []), ...(whole.anyOf ?? []), ...(whole.oneOf ?? [])];
  const own = Object.entries(whole.properties ?? {}).flatMap(([name, member]) => {
    const of = resolved(member, document);
    const required = whole.required?.includes(name) === true;
    const line = { depth, name, type: typeWords(of, document), required, description: of.description ?? '' };
    return [line, ...treeOf(of, document, depth + 1)];
  });
  const free = typeof whole.additionalProperties === 'object' ? whole.additionalProperties : undefined;
  const others = Object.values(whole.patternProperties ?? {});
  for (const each of free === undefined ? others : [free, ...others]) {
    const of = resolved(each, document);
    own.push({ depth, name: '…', type: typeWords(of, document), required: false, description: of.description ?? '' });
  }
  return [...own, ...branches.flatMap((branch) => treeOf(branch, document, depth))];
}

/** `string`, `integer`, `list of string`, `"open" | "closed"`. */
export function typeWords(schema: Schema, document: unknown): string {
  const whole = resolved(schema, document);
  if (whole.const !== undefined) return JSON.stringify(whole.const);
  if (whole.enum !== undefined) return whole.enum.map((each) => JSON.stringify(each)).join(' | ');
  const branches = whole.anyOf ?? whole.oneOf;
  if (branches !== undefined) return [...new Set(branches.map((each) => typeWords(each, document)))].join(' | ');
  if (whole.items !== undefined) return `list of ${typeWords(whole.items, document)}`;
  if (whole.format !== undefined) return `${String(whole.type)} (${whole.format})`;
  if (Array.isArray(whole.type)) return whole.type.join(' | ');
  return typeof whole.type === 'string' ? whole.type : 'anything';
}

export function exampleOf(schema: Schema, document: unknown, depth = 0): unknown {
  const whole = resolved(schema, document);
  const given = whole.example ?? whole.examples?.[0] ?? whole.const ?? whole.default ?? whole.enum?.[0];
  if (given !== undefined) return given;
  if (depth > DEEPEST) return null;
  const branch = whole.anyOf?.[0] ?? whole.oneOf?.[0];
  if (branch !== undefined) return exampleOf(branch, document, depth + 1);
  if (whole.allOf !== undefined)
    return Object.assign({}, ...whole.allOf.map((each) => exampleOf(each, document, depth + 1)));
  const type = Array.isArray(whole.type) ? whole.type[0] : whole.type;
  if (type === 'array') return whole.items === undefined ? [] : [exampleOf(whole.items, document, depth + 1)];
  if (type === 'object' || whole.properties !== undefined) return objectExample(whole, document, depth);
  if (type === 'string') return stringExample(whole);
  if (type === 'integer' || type === 'number') return whole.minimum ?? 0;
  return type === 'boolean' ? false : type === 'null' ? null : {};
}

function objectExample(schema: Schema, document: unknown, depth: number): Record<string, unknown> {
  const members = Object.entries(schema.properties ?? {}).filter(([name, member]) => {
    const { type, anyOf } = resolved(member, document);
    return schema.required?.includes(name) === true || type === 'string' || anyOf !== undefined;
  });
  return Object.fromEntries(members.map(([name, member]) => [name, exampleOf(member, document, depth + 1)]));
}

function stringExample({ format, description }: Schema): string {
  if (format === 'date-time') return '2026-01-02T03:04:05Z';
  // Descriptions of our shapes quote one where it helps.
  return /`([^`]+)`/.exec(description ?? '')?.[1] ?? '';
}
