/**
 * The admin API as a test asks it: one function a call, the reply with its body read.
 */

export interface Reply<T = Record<string, unknown>> {
  readonly status: number;
  readonly body: T;
  /** The same as it came. */
  readonly text: string;
  readonly etag: string;
  readonly headers: Headers;
}

export interface AskOptions {
  readonly body?: unknown;
  /** Sent as application/yaml. */
  readonly yaml?: string;
  readonly ifMatch?: string;
  readonly author?: string;
  readonly reason?: string;
  readonly token?: string;
  readonly headers?: Record<string, string>;
}

export function adminClient(url: string, token?: string) {
  return async <T = Record<string, unknown>>(
    method: string,
    path: string,
    options: AskOptions = {},
  ): Promise<Reply<T>> => {
    const { body, yaml, ifMatch, author, reason } = options;
    const bearer = options.token ?? token;
    const sent = yaml ?? (body === undefined ? undefined : JSON.stringify(body));
    const reply = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(sent === undefined ? {} : { 'content-type': yaml === undefined ? 'application/json' : 'application/yaml' }),
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...(author === undefined ? {} : { 'x-author': author }),
        ...(reason === undefined ? {} : { 'x-reason': reason }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...options.headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await reply.text();
    const json = reply.headers.get('content-type')?.includes('json') === true;
    return {
      status: reply.status,
      body: (json ? JSON.parse(text) : text) as T,
      text,
      etag: reply.headers.get('etag') ?? '',
      headers: reply.headers,
    };
  };
}
