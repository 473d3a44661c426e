/**
 * All commands: what they are called, what they take, what they say of themselves, and where they are.
 *
 * Rule: the one list that help, completion and dispatch are made from. It loads no command; `load` does, when one is
 * called. `serve` and `check` have readers of their own in main.ts, and stand here for help and completion.
 */

import type { Command } from './command.ts';
import type { Offer, Place } from './given.ts';
import { KIND_NAMES, PLURALS } from './kinds.ts';
import { CIRCUIT, LIMIT, ORDER, READ, value, WRITE } from './options.ts';

const place = (name: string, offer: Offer): Place => ({ name, offer });
const optional = (name: string, offer: Offer): Place => ({ name, offer, optional: true });
const flag = (says: string) => ({ says });

const LOOK: readonly Command[] = [
  {
    name: 'status',
    group: 'look',
    says: 'what runs; of one upstream, its circuit and members',
    forms: ['[UPSTREAM]'],
    places: [optional('UPSTREAM', 'upstream')],
    options: READ,
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'get',
    group: 'look',
    says: 'a part of the running document, or all of a kind',
    forms: [
      'routes|upstreams|rollouts|invariants|events [--limit N]',
      'route|upstream|rollout|invariant ID',
      'leases UPSTREAM',
      'config|status',
    ],
    places: [
      place('KIND', [...KIND_NAMES, ...PLURALS, 'config', 'status', 'events', 'leases']),
      optional('ID', 'named'),
    ],
    options: { ...LIMIT, ...READ },
    more: 'A part is printed as YAML that `signalbox put` takes back.',
    load: async () => (await import('./get.ts')).get,
  },
  {
    name: 'explain',
    group: 'look',
    says: 'where a request would go, and why',
    forms: ["[METHOD] URL [-H 'name: value']... [--listener ID]"],
    places: [place('URL', ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']), optional('URL', 'nothing')],
    options: {
      header: {
        takes: 'HEADER',
        short: 'H',
        many: true,
        says: 'a header of the request; may be repeated',
        offer: 'nothing',
      },
      listener: value('ID', 'where it comes in (default: the first that serves it)'),
      ...READ,
    },
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'top',
    group: 'look',
    says: 'traffic as it is now: rates, latencies, errors, circuits',
    forms: ['[--sort rate|errors|p99] [--once]'],
    places: [],
    options: {
      sort: value('ORDER', 'rate (default), errors or p99', ['rate', 'errors', 'p99']),
      once: flag('one second of it, and end'),
      ...READ,
    },
    more: 'Keys: r, e and p sort, arrows scroll, q quits. Where the output is no terminal: lines, each second.',
    load: async () => (await import('./top.ts')).top,
  },
  {
    name: 'events',
    group: 'look',
    says: 'what happened to circuits and members',
    forms: ['[--follow] [--limit N]'],
    places: [],
    options: { follow: flag('go on with what happens next'), ...LIMIT, ...READ },
    load: async () => (await import('./events.ts')).events,
  },
  {
    name: 'live',
    group: 'look',
    says: 'the live stream as JSON lines, one a second',
    forms: ['[--once]'],
    places: [],
    options: { once: flag('one line, and end'), ...READ },
    load: async () => (await import('./live.ts')).live,
  },
  {
    name: 'revisions',
    group: 'look',
    says: 'who changed the document, when and why; newest first',
    forms: ['[--limit N]'],
    places: [],
    options: { limit: value('N', 'so many at most (default: 20)'), ...READ },
    load: async () => (await import('./revisions.ts')).revisions,
  },
  {
    name: 'revision',
    group: 'look',
    says: 'one change of the document: words, patch and lines',
    forms: ['REVISION'],
    places: [place('REVISION', 'revision')],
    options: READ,
    load: async () => (await import('./revisions.ts')).revision,
  },
  {
    name: 'diff',
    group: 'look',
    says: 'what another document would change',
    forms: ['OLD NEW', 'FILE'],
    places: [place('FILE', 'file'), optional('NEW', 'file')],
    options: READ,
    more: 'Two files are compared without a router; one file is compared with what runs.',
    load: async () => (await import('./diff.ts')).diff,
  },
];

const CHANGE: readonly Command[] = [
  {
    name: 'put',
    group: 'change',
    says: 'write a part of the document, or all of it',
    forms: ['route|upstream|rollout|invariant ID FILE|-|TEXT', 'config FILE|-'],
    places: [
      place('KIND', [...KIND_NAMES, 'config']),
      optional('ID', 'named'),
      { ...optional('FILE', 'file'), many: true },
    ],
    options: { ...WRITE, ...READ },
    more: `\`-\` reads standard input. TEXT is the part itself, in JSON or YAML:
  signalbox put route cart '{ match: { path: /cart }, upstream: cart }'`,
    load: async () => (await import('./put.ts')).put,
  },
  {
    name: 'delete',
    group: 'change',
    says: 'take a part out of the document',
    forms: ['route|upstream|rollout|invariant ID'],
    places: [place('KIND', KIND_NAMES), place('ID', 'named')],
    options: { ...WRITE, ...READ },
    load: async () => (await import('./delete.ts')).remove,
  },
  {
    name: 'weight',
    group: 'change',
    says: 'change the weights of a split',
    forms: ['ROUTE UPSTREAM=N...'],
    places: [place('ROUTE', 'route'), place('UPSTREAM=N', 'side'), { ...optional('UPSTREAM=N', 'side'), many: true }],
    options: { ...WRITE, ...READ },
    load: async () => (await import('./weight.ts')).weight,
  },
  {
    name: 'restore',
    group: 'change',
    says: 'run the document of an old revision again',
    forms: ['REVISION'],
    places: [place('REVISION', 'revision')],
    options: { ...WRITE, ...READ },
    load: async () => (await import('./restore.ts')).restore,
  },
  {
    name: 'trip',
    group: 'change',
    says: 'isolate an upstream: it gets no requests',
    forms: ['UPSTREAM [--reason TEXT] [--for TIME]'],
    places: [place('UPSTREAM', 'upstream')],
    options: { ...CIRCUIT, ...READ },
    load: async () => (await import('./circuit.ts')).trip,
  },
  {
    name: 'reset',
    group: 'change',
    says: 'give the circuit of an upstream back to itself',
    forms: ['UPSTREAM [--reason TEXT]'],
    places: [place('UPSTREAM', 'upstream')],
    options: { ...ORDER, ...READ },
    load: async () => (await import('./circuit.ts')).reset,
  },
  {
    name: 'force-closed',
    group: 'change',
    says: 'keep the circuit of an upstream closed, whatever happens',
    forms: ['UPSTREAM [--reason TEXT] [--for TIME]'],
    places: [place('UPSTREAM', 'upstream')],
    options: { ...CIRCUIT, ...READ },
    load: async () => (await import('./circuit.ts')).forceClosed,
  },
  {
    name: 'register',
    group: 'change',
    says: 'make an instance a member of an upstream',
    forms: ['UPSTREAM URL [--instance ID] [--weight N] [--version V] [--zone Z] [--ttl 30s] [--keep]'],
    places: [place('UPSTREAM', 'upstream'), place('URL', 'nothing')],
    options: {
      instance: value('ID', 'what it is called (default: its host and port)'),
      weight: value('N', 'its weight (default: 1)'),
      version: value('V', 'of the instance'),
      zone: value('Z', 'of the instance'),
      ttl: value('TIME', 'how long it counts without being renewed'),
      keep: flag('renew until SIGTERM or SIGINT, then deregister'),
      ...READ,
    },
    load: async () => (await import('./register.ts')).register,
  },
  {
    name: 'deregister',
    group: 'change',
    says: 'take an instance out of an upstream, gently',
    forms: ['UPSTREAM URL|INSTANCE [--wait TIME]'],
    places: [place('UPSTREAM', 'upstream'), place('INSTANCE', 'instance')],
    options: { wait: value('TIME', 'until its requests are done, so long at most'), ...READ },
    load: async () => (await import('./deregister.ts')).deregister,
  },
];

const RUN: readonly Command[] = [
  {
    name: 'serve',
    group: 'run',
    says: 'run the router on a routes.yaml',
    forms: ['[options]'],
    places: [],
    options: {
      config: value('FILE', 'the document', 'file'),
      state: value('DIR', 'where revisions, leases and orders about circuits are kept', 'file'),
      workers: value('N', 'data threads'),
      'no-watch': flag('do not take up the file when it changes'),
      'access-log': value('TO', 'a file, - or off', 'file'),
      'log-level': value('LEVEL', 'what is logged', ['debug', 'info', 'warn', 'error', 'silent']),
    },
  },
  {
    name: 'check',
    group: 'run',
    says: 'say what is wrong with a routes.yaml, without running it',
    forms: ['[FILE]'],
    places: [optional('FILE', 'file')],
    options: { json: flag('one JSON object in place of lines') },
  },
];

const OTHER: readonly Command[] = [
  {
    name: 'completion',
    group: 'other',
    says: 'the script that completes commands in a shell',
    forms: ['bash|zsh|fish'],
    places: [place('SHELL', ['bash', 'zsh', 'fish'])],
    options: {},
    more: 'For bash, in ~/.bashrc: source <(signalbox completion bash)',
    load: async () => (await import('./completion.ts')).completion,
  },
  {
    name: '__complete',
    group: 'hidden',
    says: 'what may stand at the end of a command line',
    forms: [],
    places: [{ ...optional('WORD', 'nothing'), many: true }],
    options: {},
    load: async () => (await import('./complete.ts')).complete,
  },
];

export const COMMANDS: readonly Command[] = [...RUN, ...LOOK, ...CHANGE, ...OTHER];
