/**
 * The admin port: from the tree to settings, with every default.
 *
 * Rule: what would be less safe than it looks is refused: a port that others can reach without a token. Tokens beside the one
 * of role admin stand in the document as their SHA-256 alone.
 */

import type { AdminRole, AdminSettings } from './document.ts';
import { atValue, type Problems } from './problems.ts';
import { ageAt, isOff, numberAt, sizeAt, textAt, textOf } from './reader.ts';
import { checkAddress } from './resolve-listener.ts';
import { child, entries, has, items, type Node, nameOf, shown } from './tree.ts';
import { hostFlaw, isLoopback } from './wording.ts';

const MIB = 1_048_576;
const DAY = 86_400_000;

export function resolveAdmin(root: Node, problems: Problems): AdminSettings {
  const node = child(root, 'admin');
  const limits = child(node, 'limits');
  const revisions = child(node, 'revisions');
  const writeBack = child(node, 'writeBack');
  refuseOpen(node, problems);
  refuseUnsendable(child(node, 'token'), problems);
  return {
    address: textAt(node, 'address') ?? '127.0.0.1:9901',
    token: textAt(node, 'token') ?? '',
    tokens: resolveTokens(child(node, 'tokens')),
    tls: resolveTls(child(node, 'tls')),
    hosts: resolveHosts(child(node, 'hosts'), problems),
    writeBack: writeBack?.kind !== 'scalar' || writeBack.value !== false,
    limits: { body: sizeAt(limits, 'body', 8 * MIB), requests: numberAt(limits, 'requests', 5000) },
    revisions: { count: numberAt(revisions, 'count', 1000), age: ageAt(revisions, 'age', 90 * DAY) },
  };
}

/** Others can reach the address, and nobody asks them who they are. */
function refuseOpen(node: Node | undefined, problems: Problems): void {
  const address = child(node, 'address');
  const parsed = checkAddress(address, problems);
  if (address === undefined || parsed === undefined || isLoopback(parsed)) return;
  const broken = ['token', 'tokens'].some((key) => has(node, key) && child(node, key) === undefined);
  const given = (textAt(node, 'token') ?? '') !== '' || entries(child(node, 'tokens')).length > 0;
  if (given || broken) return;
  const reason = 'admin listens on an address that others can reach, and has no token';
  problems.error(atValue(address), reason, `set \`token: "\${SIGNALBOX_ADMIN_TOKEN}"\`, or listen on 127.0.0.1`);
}

/** A token that no header can carry lets in nobody: most often a line break at the end of a file that was read. */
function refuseUnsendable(token: Node | undefined, problems: Problems): void {
  const text = textOf(token) ?? '';
  if (token === undefined || text === '' || /^[!-~]+(?: +[!-~]+)*$/.test(text)) return;
  const reason =
    'admin.token cannot be sent in a header: it holds more than visible ASCII, or begins or ends with space';
  problems.error(atValue(token), reason, 'make one with `openssl rand -hex 32`, and look for a line break at its end');
}

function resolveTokens(node: Node | undefined): AdminSettings['tokens'] {
  return Object.fromEntries(
    entries(node).map(([name, token]) => {
      const role = (textAt(token, 'role') ?? 'viewer') as AdminRole;
      return [name, { role, sha256: textAt(token, 'sha256') ?? '' }];
    }),
  );
}

function resolveTls(node: Node | undefined): AdminSettings['tls'] {
  if (node === undefined || isOff(node)) return undefined;
  return { cert: textAt(node, 'cert') ?? '', key: textAt(node, 'key') ?? '', clientCa: textAt(node, 'clientCa') };
}

function resolveHosts(node: Node | undefined, problems: Problems): string[] {
  return items(node).flatMap((item) => {
    const host = textOf(item);
    if (host === undefined) return [];
    const flaw = hostFlaw(host, false);
    if (flaw === undefined) return [host.toLowerCase()];
    problems.error(atValue(item), `${nameOf(item)}: ${shown(item)} ${flaw.reason}`, flaw.advice);
    return [];
  });
}
