/**
 * What a running router cannot change: its doors, its admin port's door too, and its number of threads.
 *
 * Rule: a document that changes a cold key is refused as a whole and loudly, with the key, its place and the remedy; taking
 * the rest of it would leave the file and the router disagreeing. Everything that is not named here is hot.
 */

import type { Document, Problem } from '../config/document.ts';
import { parseTree } from '../config/parse.ts';
import { atKey, atValue, Problems, type Spot } from '../config/problems.ts';
import { type Node, pointerStep } from '../config/tree.ts';

/** Something wrong with a document that reading it alone does not show; `pointer` is RFC 6901. */
export interface Finding {
  /** Without it an error. */
  readonly severity?: Problem['severity'];
  readonly pointer: string;
  readonly reason: string;
  readonly advice: string;
}

const REMEDY = 'restart the router to apply this, or put the old value back';

/** `workersFixed`: the number of threads was given at start, so the document's `workers` has no say. */
export function coldChanges(running: Document, next: Document, workersFixed: boolean): Finding[] {
  const found = [...listenerChanges(running, next)];
  if (next.admin.address !== running.admin.address) {
    found.push(changed('/admin/address', 'admin.address', running.admin.address, next.admin.address));
  }
  if (next.admin.writeBack !== running.admin.writeBack) {
    const told = ({ writeBack }: Document['admin']) => String(writeBack);
    found.push(changed('/admin/writeBack', 'admin.writeBack', told(running.admin), told(next.admin)));
  }
  if (JSON.stringify(next.admin.tls) !== JSON.stringify(running.admin.tls)) {
    found.push({ pointer: '/admin/tls', reason: 'admin.tls is not what it was at start', advice: REMEDY });
  }
  if (!workersFixed && next.workers !== running.workers) {
    const told = (workers: number | undefined) => (workers === undefined ? 'one per core' : String(workers));
    found.push(changed('/workers', 'workers', told(running.workers), told(next.workers)));
  }
  return found;
}

function listenerChanges(running: Document, next: Document): Finding[] {
  const found: Finding[] = [];
  for (const id of new Set([...Object.keys(running.listeners), ...Object.keys(next.listeners)])) {
    // A listener may be called `constructor`.
    const old = Object.hasOwn(running.listeners, id) ? running.listeners[id] : undefined;
    const now = Object.hasOwn(next.listeners, id) ? next.listeners[id] : undefined;
    const pointer = `/listeners${pointerStep(id)}`;
    if (old === undefined) {
      found.push({ pointer, reason: `listener ${id} was not there at start`, advice: REMEDY });
    } else if (now === undefined) {
      found.push({ pointer: '/listeners', reason: `listener ${id} is gone but still open`, advice: REMEDY });
    } else {
      if (old.address !== now.address) {
        found.push(changed(`${pointer}/address`, `listeners.${id}.address`, old.address, now.address));
      }
      if (JSON.stringify(old.tls) !== JSON.stringify(now.tls)) {
        found.push({
          pointer: `${pointer}/tls`,
          reason: `listeners.${id}.tls is not what it was at start`,
          advice: REMEDY,
        });
      }
    }
  }
  return found;
}

function changed(pointer: string, key: string, old: string, now: string): Finding {
  return { pointer, reason: `${key} was ${old} at start and is ${now} now`, advice: REMEDY };
}

/**
 * Findings as problems with line and column in `text`; where a pointer leads nowhere, its nearest parent counts. Without
 * a text (a document that came as JSON parts) everything stands at 1:1.
 */
export function placed(findings: readonly Finding[], path: string, text: string | undefined): Problem[] {
  const problems = new Problems(path, text ?? '');
  // The text was read before: parsing it again cannot fail, and whatever it says is known.
  const root = text === undefined ? undefined : parseTree(text, new Problems(path, text));
  for (const { severity = 'error', pointer, reason, advice } of findings)
    problems[severity](spotOf(root, pointer), reason, advice);
  return problems.list();
}

function spotOf(root: Node | undefined, pointer: string): Spot {
  let node = root;
  let spot: Spot = { offset: root?.start ?? 0, pointer };
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const next: Node | undefined =
      node?.kind === 'map' ? node.entries.get(key) : node?.kind === 'list' ? node.items[Number(key)] : undefined;
    if (next === undefined) return spot;
    node = next;
    spot = { offset: (next.kind === 'scalar' ? atValue(next) : atKey(next)).offset, pointer };
  }
  return spot;
}
