/**
 * Figures as people read them: rates, times, shares, ages.
 *
 * Rule: few digits and always a unit, so that columns can be compared at a glance; what is not known is a dash. `now`
 * comes from the router's own frames, never from the clock of the machine that looks.
 */

export const NOTHING = '–';

/** `0`, `0.4`, `12`, `1.2k`, `34k`. */
export function rate(perSecond: number): string {
  if (perSecond <= 0 || Number.isNaN(perSecond)) return '0';
  if (perSecond < 0.05) return '<0.1';
  if (perSecond < 9.95) return trimmed(perSecond.toFixed(1));
  if (perSecond < 999.5) return String(Math.round(perSecond));
  if (perSecond < 9950) return `${trimmed((perSecond / 1000).toFixed(1))}k`;
  return `${Math.round(perSecond / 1000)}k`;
}

/** `0.4 ms`, `48 ms`, `1.2 s`. */
export function duration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined || Number.isNaN(milliseconds)) return NOTHING;
  if (milliseconds < 0.05) return '<0.1 ms';
  if (milliseconds < 9.95) return `${trimmed(milliseconds.toFixed(1))} ms`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  return `${trimmed((milliseconds / 1000).toFixed(1))} s`;
}

/** `0%`, `<0.1%`, `0.4%`, `12%`. Anything above none never reads as none, and less than all never as all. */
export function share(part: number): string {
  if (part <= 0 || Number.isNaN(part)) return '0%';
  if (part < 0.001) return '<0.1%';
  if (part < 0.0995) return `${trimmed((part * 100).toFixed(1))}%`;
  if (part < 1 && part > 0.995) return '>99%';
  return `${Math.round(part * 100)}%`;
}

function trimmed(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}

/** `1 circuit`, `2 circuits`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const STEPS: readonly (readonly [number, string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

/** `8 s`, `3 min`, `2 h`, `4 d`; rounded down, never below zero. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  for (const [size, unit] of STEPS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${seconds} s`;
}

/** How long ago `at` was; '' while the router's time is not known. */
export function ago(at: string, now: number | undefined): string {
  return now === undefined ? '' : `${span(now - Date.parse(at))} ago`;
}

/** How long until `at`, or that it is due. */
export function left(at: string, now: number | undefined): string {
  if (now === undefined) return '';
  const rest = Date.parse(at) - now;
  return rest <= 0 ? 'due now' : `${span(rest < 60_000 ? rest : rest + 30_000)} left`;
}

const DATE = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short' });
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** `23:04:05`, in the time of whoever looks. */
export function timeOfDay(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? NOTHING : TIME.format(date);
}

/** `29 Nov 23:04:05`. */
export function dayAndTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? NOTHING : `${DATE.format(date)} ${TIME.format(date)}`;
}

/** The first characters of a revision are enough to tell it from others. */
export function short(revision: string): string {
  return revision.slice(0, 8);
}
