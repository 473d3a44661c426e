/**
 * Audit logs in folders of their own, and records to put into them.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Audit, type AuditEntry } from '../../src/control/audit.ts';
import type { AuditLimits } from '../../src/control/audit-store.ts';
import type { LogLevel } from '../../src/core/events.ts';
import { FakeAlarms, FakeClock } from './clock.ts';

export const DAY = 86_400_000;
export const LIMITS: AuditLimits = { count: 1000, age: 90 * DAY };

export async function auditFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'state');
}

export interface AuditStage {
  readonly audit: Audit;
  readonly clock: FakeClock;
  readonly alarms: FakeAlarms;
  /** What was logged: level and message. */
  readonly lines: string[];
}

export async function openAudit(t: TestContext, folder: string, limits = LIMITS): Promise<AuditStage> {
  const clock = new FakeClock();
  const alarms = new FakeAlarms(clock);
  const lines: string[] = [];
  const log = (level: LogLevel, _: unknown, message: string) => void lines.push(`${level} ${message}`);
  const audit = await Audit.open({ folder, clock, log, limits, alarms });
  t.after(() => audit.close());
  return { audit, clock, alarms, lines };
}

/** The decision that made this text the document. */
export function entryOf(revision: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    revision,
    parent: '',
    source: 'api',
    author: 'ann',
    reason: 'because',
    result: 'applied',
    detail: '',
    words: ['1 route changed', 'route cart: path /a -> /b'],
    patch: [{ op: 'replace', path: '/routes/cart/match/path', value: '/b' }],
    text: `# ${revision}\n`,
    ...more,
  };
}

export function linesOf(folder: string): Promise<string[]> {
  return readFile(join(folder, 'audit.jsonl'), 'utf8').then((text) => text.split('\n').slice(0, -1));
}
