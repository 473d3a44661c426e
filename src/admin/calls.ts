/**
 * The calls that are here, for whoever asks for one that is not.
 *
 * Rule: a path that exists and a method that it does not take are answered 405 with those that it takes (RFC 9110, 15.5.6);
 * any other path 404 with those that exist. Neither repeats a query, which may hold a secret.
 */

import { Refused } from './problem.ts';

interface Call {
  readonly method: string;
  /** As it was declared: `/v1/routes/:id`. */
  readonly url: string;
  readonly takes: RegExp;
}

export class Calls {
  private readonly calls: Call[] = [];

  add(method: string | readonly string[], url: string): void {
    const takes = patternOf(url);
    for (const one of [method].flat()) this.calls.push({ method: one, url, takes });
  }

  refusal(method: string, target: string): Refused {
    const [path] = target.split('?');
    const allow = [...new Set(this.calls.filter(({ takes }) => takes.test(path)).map((call) => call.method))];
    if (allow.length === 0) return new Refused(404, 'not_found', `${method} ${path} is not here; ${this.near(path)}`);
    const detail = `${path} does not take ${method}; it takes ${allow.join(', ')}`;
    return new Refused(405, 'method_not_allowed', detail, { allow });
  }

  /** Those that a wrong path may have meant: those under /v1 for one under /v1, else the rest. */
  private near(path: string): string {
    const api = path.startsWith('/v1');
    const near = this.calls.filter(
      ({ method, url }) => method !== 'HEAD' && url.startsWith('/v1') === api && !url.startsWith('/assets/'),
    );
    return `there are: ${near.map(({ method, url }) => `${method} ${url}`).join(', ')}`;
  }
}

function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+';
    return part === '*' ? '.*' : RegExp.escape(part);
  });
  return new RegExp(`^${parts.join('/')}$`);
}
