/**
 * Whether a tree has the shape of a document: one walk, every problem.
 *
 * Rule: a value that may have several forms is judged by the form its author evidently meant (a map by the keys it
 * shares, a text by its unit), and told what was expected in one sentence. A part that is wrong is marked broken, so that
 * nobody after this reads it. What names refer to, and what values mean, is left to the resolve files.
 */

import { parseDuration, parseSize } from '../core/duration.ts';
import { adviceFor, unknownKeyAdvice } from './advice.ts';
import { holdsSecret, isCredential, MASK } from './credentials.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import type { Shape } from './shape.ts';
import { type ListNode, type MapNode, type Node, nameOf, type ScalarNode, shown } from './tree.ts';

/** `known`: parts of named ones (routes, upstreams) that need no look. */
export function checkShape(root: Node, shape: Shape, problems: Problems, known: ReadonlySet<Node> = NONE): void {
  new ShapeCheck(problems, known).check(root, shape, false);
}

const NONE: ReadonlySet<Node> = new Set();
/** Of a secret that is not what it should be. */
const ANOTHER = 'another value';

class ShapeCheck {
  private readonly problems: Problems;
  private readonly known: ReadonlySet<Node>;

  constructor(problems: Problems, known: ReadonlySet<Node>) {
    this.problems = problems;
    this.known = known;
  }

  /** `quiet`: a part above was said to have no effect already. */
  check(node: Node, shape: Shape, quiet: boolean): void {
    if (node.broken) return;
    const dormant = shape['x-dormant'] === true && isGiven(node, shape);
    const below = quiet || dormant;
    if (node.kind === 'scalar') this.checkScalar(node, shape);
    else if (shape.anyOf !== undefined) this.checkBranch(node, shape, below);
    else if (node.kind === 'map' && shape.type === 'object') this.checkMap(node, shape, below);
    else if (node.kind === 'list' && shape.type === 'array') this.checkList(node, shape, below);
    else this.mismatch(node, shape);
    if (dormant && !quiet && !node.broken) {
      const reason = `${nameOf(node)}: validated, but not active in this version`;
      this.problems.notice(atKey(node), reason, 'the router acts as if it were not there');
    }
  }

  private checkScalar(node: ScalarNode, shape: Shape): void {
    if (shape['x-secret'] === true) this.keepSecret(node);
    if (node.broken) return;
    for (const branch of branchesOf(shape)) {
      const value = valueFor(node, branch);
      if (!fits(value, branch)) continue;
      node.value = value;
      return;
    }
    this.mismatch(node, shape);
  }

  /** No message shows it, nor what stands below it. `***` would be taken for the secret itself, by whoever sends it too. */
  private keepSecret(node: Node): void {
    if (node.kind !== 'scalar') {
      const below = node.kind === 'list' ? node.items : node.entries.values();
      for (const part of below) this.keepSecret(part);
      return;
    }
    node.secret = true;
    if (node.value !== MASK || node.expanded) return;
    const reason = `${nameOf(node)}: \`${MASK}\` stands for a secret that was not shown`;
    this.problems.error(atValue(node), reason, `write the secret itself, or \`\${NAME}\` of the environment`);
    node.broken = true;
  }

  private checkBranch(node: MapNode | ListNode, shape: Shape, quiet: boolean): void {
    const meant = meantBranch(node, shape);
    if (meant === undefined) this.mismatch(node, shape);
    else this.check(node, meant, quiet);
  }

  private checkMap(node: MapNode, shape: Shape, quiet: boolean): void {
    if (shape.patternProperties !== undefined) {
      this.checkRecord(node, shape, shape.patternProperties, quiet);
      return;
    }
    const properties = shape.properties ?? {};
    for (const [key, value] of node.entries) {
      if (Object.hasOwn(properties, key)) {
        this.check(value, properties[key], quiet);
      } else {
        const where = node.parent === undefined ? '' : ` in "${nameOf(node)}"`;
        const advice = unknownKeyAdvice(key, properties, this.problems.size);
        this.problems.error(atKey(value), `unknown key "${key}"${where}`, advice);
      }
    }
    this.checkKeys(node, shape, properties);
  }

  /** Keys that must be there, and keys that exclude each other. */
  private checkKeys(node: MapNode, shape: Shape, properties: Readonly<Record<string, Shape>>): void {
    for (const key of shape.required ?? []) {
      if (node.entries.has(key)) continue;
      const advice = `add \`${key}\`, ${properties[key]?.description ?? 'a value'}`;
      this.problems.error(atKey(node), `"${nameOf(node)}" has no \`${key}\``, advice);
    }
    const given = [...node.entries.keys()].filter((key) => Object.hasOwn(properties, key));
    const groups = shape.maxProperties === 1 ? [Object.keys(properties)] : (shape['x-exclusive'] ?? []);
    for (const group of groups) {
      const rivals = given.filter((key) => group.includes(key));
      const second = rivals.length > 1 ? node.entries.get(rivals[1]) : undefined;
      if (second === undefined) continue;
      const reason = `${rivals.map((key) => `\`${key}\``).join(' and ')} exclude each other`;
      this.problems.error(atKey(second), reason, 'keep one of them');
    }
    if (given.length < (shape.minProperties ?? 0) && given.length === node.entries.size) this.mismatch(node, shape);
  }

  private checkRecord(node: MapNode, shape: Shape, patterns: Readonly<Record<string, Shape>>, quiet: boolean): void {
    const [[pattern, values]] = Object.entries(patterns);
    for (const [key, value] of node.entries) {
      if (this.known.has(value)) continue;
      if (!expression(pattern).test(key)) {
        const reserved = key === '_none';
        const reason = reserved ? 'the name "_none" is reserved' : `"${key}" cannot be a name here`;
        this.problems.error(
          atKey(value),
          reason,
          reserved ? 'choose another name' : `use ${shape['x-keys'] ?? 'text'}`,
        );
      }
      if (shape['x-credentials'] === true && isCredential(key)) this.keepSecret(value);
      this.check(value, values, quiet);
    }
    if (node.entries.size < (shape.minProperties ?? 0)) this.mismatch(node, shape);
  }

  private checkList(node: ListNode, shape: Shape, quiet: boolean): void {
    if (node.items.length < (shape.minItems ?? 0)) {
      this.mismatch(node, { ...shape, description: 'a list of one or more' });
      return;
    }
    const seen = new Set<unknown>();
    for (const item of node.items) {
      this.check(item, shape.items ?? {}, quiet);
      if (shape.uniqueItems !== true || item.kind !== 'scalar' || item.broken) continue;
      if (seen.has(item.value))
        this.problems.error(
          atValue(item),
          `${nameOf(item)}: ${shown(item, ANOTHER)} stands here a second time`,
          'keep one of the two',
        );
      seen.add(item.value);
    }
  }

  private mismatch(node: Node, shape: Shape): void {
    const expected = shape.description ?? 'another value';
    if (node.kind === 'scalar' && node.parent !== undefined && holdsSecret(shape)) node.secret = true;
    const found = shown(node, ANOTHER);
    const advice = adviceFor(node, shape, branchesOf(shape));
    this.problems.error(atValue(node), `${nameOf(node)}: expected ${expected}, found ${found}`, advice);
    node.broken = true;
  }
}

/** The forms a value may have, unions within unions laid flat. */
function branchesOf(shape: Shape): readonly Shape[] {
  return shape.anyOf === undefined ? [shape] : shape.anyOf.flatMap(branchesOf);
}

/** The form of a map or list that its author evidently meant: the one it shares most keys with. */
export function meantBranch(node: MapNode | ListNode, shape: Shape): Shape | undefined {
  const type = node.kind === 'map' ? 'object' : 'array';
  const branches = branchesOf(shape).filter((branch) => branch.type === type);
  if (node.kind === 'list' || branches.length < 2) return branches[0];
  const shared = (branch: Shape): number =>
    [...node.entries.keys()].filter((key) => Object.hasOwn(branch.properties ?? {}, key)).length;
  return branches.reduce((best, branch) => (shared(branch) > shared(best) ? branch : best));
}

/** The value as this form reads it: text from the environment may be a number or a yes or no. */
function valueFor(node: ScalarNode, shape: Shape): ScalarNode['value'] {
  if (!node.expanded || typeof node.value !== 'string') return node.value;
  const wanted = shape.const === undefined ? shape.type : typeof shape.const;
  if ((wanted === 'number' || wanted === 'integer') && /^-?\d+(?:\.\d+)?$/.test(node.value)) return Number(node.value);
  if (wanted === 'boolean' && /^(?:true|false)$/.test(node.value)) return node.value === 'true';
  return node.value;
}

function fits(value: ScalarNode['value'], shape: Shape): boolean {
  if (shape.const !== undefined) return value === shape.const;
  if (shape.type === 'string') return typeof value === 'string' && fitsText(value, shape);
  if (shape.type === 'boolean') return typeof value === 'boolean';
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (shape.type === 'integer' && !Number.isSafeInteger(value)) return false;
  if (shape.type !== 'integer' && shape.type !== 'number') return false;
  return value >= (shape.minimum ?? value) && value <= (shape.maximum ?? value);
}

function fitsText(value: string, shape: Shape): boolean {
  const unit = shape['x-unit'];
  if (unit !== undefined) {
    const quantity = unit === 'duration' ? parseDuration(value, shape['x-most']) : parseSize(value);
    return quantity.ok && quantity.value >= (shape['x-least'] ?? 0);
  }
  return shape.pattern === undefined || expression(shape.pattern).test(value);
}

const expressions = new Map<string, RegExp>();

function expression(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern);
  expressions.set(pattern, known);
  return known;
}

/** Whether something was given that would have an effect: not `off`, not empty. */
function isGiven(node: Node, shape: Shape): boolean {
  // An empty policy is one with its defaults; an empty map of names is none.
  if (node.kind === 'map') return node.entries.size > 0 || shape.anyOf !== undefined;
  if (node.kind === 'list') return node.items.length > 0;
  return node.value !== 'off' && node.value !== null;
}
