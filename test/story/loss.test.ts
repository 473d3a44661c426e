/**
 * Members behind a network that loses half of its packets: by a relay everywhere, and by `tc netem` in a network namespace
 * where the machine allows that.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { watchHandles } from '../support/leaks.ts';
import { lossyStory, type Outcome, type Plan } from '../support/lossy-story.ts';
import { ROOT } from '../support/source.ts';

function tell(context: TestContext, { again, once, received, retries, late, reset }: Outcome): void {
  const said = (book: Readonly<Record<string, number>>) =>
    Object.entries(book).map(([status, count]) => `${status}: ${count}`);
  context.diagnostic(
    `may be sent again ${said(again).join(', ')}; POST ${said(once).join(', ')}; ` +
      `${received} received, ${retries} further tries; relays: ${late} late, ${reset} reset`,
  );
}

function countOf(book: Readonly<Record<string, number>>): number {
  return Object.values(book).reduce((sum, count) => sum + count, 0);
}

/** What holds however much is lost. */
function judge(plan: Plan, { again, once, twice }: Outcome): void {
  assert.deepEqual(twice, [], 'no POST came twice');
  assert.equal(countOf(again) + countOf(once), plan.requests, 'every request came to an end');
  const ends = new Set([...Object.keys(again), ...Object.keys(once)]);
  for (const end of ends) assert.ok(['200', '502', '503', '504'].includes(end), `one ended with ${end}`);
}

test('a member whose link loses half of its packets costs no idempotent request', async (context) => {
  const closed = watchHandles();
  const plan: Plan = { requests: 2_000, loss: [0.5, 0, 0] };
  const outcome = await lossyStory(plan);
  tell(context, outcome);
  judge(plan, outcome);
  assert.deepEqual(Object.keys(outcome.again), ['200']);
  assert.ok(outcome.late > 0, 'the link lost something');
  await closed();
});

test('where every link loses half of its packets, requests end, no POST is sent twice and tries stay in their budget', async (context) => {
  const closed = watchHandles();
  const plan: Plan = { requests: 1_500, loss: [0.5, 0.5, 0.5] };
  const outcome = await lossyStory(plan);
  tell(context, outcome);
  judge(plan, outcome);
  assert.ok(outcome.reset > 0, 'some connections broke');
  assert.ok(outcome.received <= plan.requests * 1.2 + 300, `${outcome.received} requests upstream`);
  assert.ok((outcome.again[200] ?? 0) > countOf(outcome.again) * 0.8, 'most are answered all the same');
  await closed();
});

/** Loopback of the namespace: only what goes to and from the members (127.64.0.0/10) is lost. */
const NETEM = [
  'tc qdisc add dev lo root handle 1: prio bands 4 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0',
  'tc qdisc add dev lo parent 1:4 handle 40: netem loss 50% delay 5ms 3ms',
  'tc filter add dev lo parent 1: protocol ip u32 match ip dst 127.64.0.0/10 flowid 1:4',
  'tc filter add dev lo parent 1: protocol ip u32 match ip src 127.64.0.0/10 flowid 1:4',
].join(' && ');
const LO_UP = 'PATH="$PATH:/usr/sbin:/sbin"; ip link set lo up';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a shell script in a user and network namespace of its own; `$0` and `$1` are given. */
function inNamespace(script: string, ...args: readonly string[]): Promise<Ran> {
  const child = spawn('unshare', ['-rn', 'sh', '-c', script, ...args], { timeout: 90_000, killSignal: 'SIGKILL' });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: -1, out, err: String(error) }));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

test('the same in a network namespace, where the kernel loses the packets if it can, else the relay', async (context) => {
  const space = await inNamespace(LO_UP);
  const netem = space.code === 0 ? await inNamespace(`${LO_UP} && ${NETEM}`) : space;
  const real = netem.code === 0;
  const plan: Plan = real ? { requests: 300, loss: [0, 0, 0] } : { requests: 300, loss: [0.5, 0.5, 0.5] };
  if (!real) {
    const where = space.code === 0 ? 'no netem in a namespace' : 'no network namespace';
    context.diagnostic(`this machine allows ${where}: ${netem.err.trim()}; the relay loses the packets instead`);
  }
  const entry = join(ROOT, 'test/support/lossy-entry.ts');
  const setUp = real ? `${LO_UP} && ${NETEM}` : LO_UP;
  const run = `exec "$0" "${entry}" "$1"`;
  const args = [process.execPath, JSON.stringify(plan)] as const;
  const outcome =
    space.code === 0 ? outcomeOf(await inNamespace(`${setUp} && ${run}`, ...args)) : await lossyStory(plan);
  tell(context, outcome);
  judge(plan, outcome);
});

function outcomeOf({ code, out, err }: Ran): Outcome {
  assert.equal(code, 0, err);
  return JSON.parse(out) as Outcome;
}
