/**
 * Names that are looked up again and again, each once for the process whoever uses it.
 *
 * Rule: asked again when the answer's TTL is over; a lookup that fails leaves the last good answer where it is, however
 * long it goes on, and asks again after a pause that grows. Said in the log once for each change of state.
 */

import type { Alarms } from '../core/alarm.ts';
import type { PlaneLog } from '../core/events.ts';
import type { Lookup, LookupResult, Memory, Place, Wanted } from './lookup.ts';

/** An answer is believed at least and at most so long, milliseconds. */
const TTL_FLOOR = 1_000;
const TTL_CEILING = 3_600_000;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

export interface ResolverNeeds {
  readonly lookup: Lookup;
  readonly alarms: Alarms;
  readonly log: PlaneLog;
  /** What a name leads to has changed. */
  readonly onChange: (key: string) => void;
}

/** How the lookups of a name went. */
export interface NameState {
  readonly name: string;
  readonly results: ReadonlyMap<LookupResult, number>;
  readonly failing: boolean;
}

interface Name {
  readonly wanted: Wanted;
  readonly memory: Memory;
  readonly results: Map<LookupResult, number>;
  places: readonly Place[];
  /** Why the last lookup failed; undefined where it did not. */
  error: string | undefined;
  pause: number;
  /** Resolves with the end of the first lookup. */
  first: Promise<void>;
  cancel: () => void;
}

export function keyOf({ is, host }: Wanted): string {
  return is === 'service' ? `srv://${host}` : host;
}

export class Resolver {
  private readonly needs: ResolverNeeds;
  private readonly names = new Map<string, Name>();

  constructor(needs: ResolverNeeds) {
    this.needs = needs;
  }

  /** Looks these up from now on; resolves when each was looked up once, whatever came of it. */
  async watch(wanted: Iterable<Wanted>): Promise<void> {
    const firsts: Promise<void>[] = [];
    for (const one of wanted) {
      const name = this.names.get(keyOf(one)) ?? this.begin(one);
      firsts.push(name.first);
    }
    await Promise.all(firsts);
  }

  /** Forgets all names but these. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, name] of this.names) {
      if (keys.has(key)) continue;
      name.cancel();
      this.names.delete(key);
    }
  }

  /** Where a name leads, as far as is known. */
  places(key: string): readonly Place[] {
    return this.names.get(key)?.places ?? [];
  }

  *states(): Iterable<NameState> {
    for (const [name, { results, error }] of this.names) yield { name, results, failing: error !== undefined };
  }

  stop(): void {
    this.keepOnly(new Set());
    this.needs.lookup.stop();
  }

  private begin(wanted: Wanted): Name {
    const name: Name = {
      wanted,
      memory: new Map(),
      results: new Map(),
      places: [],
      error: undefined,
      pause: 0,
      first: Promise.resolve(),
      cancel: () => {},
    };
    const key = keyOf(wanted);
    this.names.set(key, name);
    name.first = this.ask(key, name);
    return name;
  }

  private async ask(key: string, name: Name): Promise<void> {
    const found = await this.needs.lookup.ask(name.wanted, name.memory);
    if (this.names.get(key) !== name) return;
    const result = found.ok ? 'ok' : found.result;
    name.results.set(result, (name.results.get(result) ?? 0) + 1);
    let pause: number;
    if (found.ok) {
      pause = Math.min(TTL_CEILING, Math.max(TTL_FLOOR, found.ttl));
      this.answered(key, name, found.places);
    } else {
      name.pause = Math.min(LONGEST_PAUSE, name.pause * 2 || FIRST_PAUSE);
      pause = name.pause;
      this.failed(key, name, found.error);
    }
    name.cancel = this.needs.alarms.after(pause, () => void this.ask(key, name));
  }

  private answered(key: string, name: Name, places: readonly Place[]): void {
    if (name.error !== undefined) {
      this.needs.log('info', { name: key, addresses: places.length }, 'a name can be looked up again');
    }
    name.error = undefined;
    name.pause = 0;
    if (said(places) === said(name.places)) return;
    name.places = places;
    this.needs.onChange(key);
  }

  private failed(key: string, name: Name, error: string): void {
    if (name.error === error) return;
    name.error = error;
    const fields = { name: key, error, addresses: name.places.length };
    this.needs.log('warn', fields, 'a name cannot be looked up; what was known of it stays in use');
  }
}

/** What places say, whatever their order. */
function said(places: readonly Place[]): string {
  return places
    .map(({ host, port, weight }) => `${host} ${port} ${weight}`)
    .sort()
    .join();
}
