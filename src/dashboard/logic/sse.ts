/**
 * Server-sent events out of chunks of text, and how long to wait before asking again.
 *
 * Rule: chunks end anywhere, in the middle of a line too. Only what the router sends is understood: `event`, `data`,
 * comments. EventSource would do this alone, but it cannot send the token.
 */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** Takes one chunk after the other; gives the events that are whole by then. */
export function eventReader(): (chunk: string) => ServerEvent[] {
  let rest = '';
  let event = '';
  let data: string[] = [];
  return (chunk) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? '';
    const found: ServerEvent[] = [];
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) found.push({ event: event || 'message', data: data.join('\n') });
        event = '';
        data = [];
      } else if (line.startsWith('event:')) event = line.slice(6).trim();
      else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    }
    return found;
  };
}

/** Milliseconds before the attempt of that number, from 0: at once, then ever longer, 8 s at most. */
export function backoff(attempt: number): number {
  return attempt === 0 ? 0 : Math.min(8000, 250 * 2 ** attempt);
}

/** After so many attempts that brought nothing, the router counts as gone. */
export const GONE_AFTER = 3;
