/**
 * How bodies are read: JSON, and YAML as a text where a call takes a whole document.
 *
 * Rule: a size limit that the document may change; what is dangerous to walk over is refused (config/sent-json.ts). Nothing else is
 * read: the forms that a page of another site could send without asking (the CORS protocol's simple requests) are none
 * of ours.
 */

import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyRequest, RequestPayload } from 'fastify';
import { readJson } from '../config/sent-json.ts';
import { Refused } from './problem.ts';

export const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml'];

/** A body that is read later, as it came. */
export class SentText {
  readonly is: 'yaml' | 'json';
  readonly text: string;

  constructor(is: 'yaml' | 'json', text: string) {
    this.is = is;
    this.text = text;
  }
}

export function readBodies(server: FastifyInstance, most: () => number): void {
  server.removeAllContentTypeParsers();
  server.addHook('preParsing', async (request, _reply, payload) => {
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > most()) throw tooLarge(most());
    return request.headers['transfer-encoding'] === undefined ? payload : bounded(payload, most());
  });
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length > most()) return done(tooLarge(most()));
    // A DELETE with a content type and no body is what some clients send.
    if (body === '') return done(null, undefined);
    if (request.routeOptions.config.unread === true) return done(null, new SentText('json', String(body)));
    const read = readJson(String(body));
    return read.ok ? done(null, read.value) : done(new Refused(400, 'bad_request', read.detail));
  });
  server.addContentTypeParser(YAML_TYPES, { parseAs: 'string' }, (request, body, done) => {
    if (request.routeOptions.config.body !== 'document') return done(unsupported(request));
    if (body.length > most()) return done(tooLarge(most()));
    return done(null, new SentText('yaml', String(body)));
  });
  server.addContentTypeParser('*', (request, _payload, done) => done(unsupported(request)));
}

/** A body of a type that is not read here. */
export function unsupported(request: FastifyRequest): Refused {
  const given = (request.headers['content-type'] ?? '').slice(0, 100);
  const advice = 'send application/json, or application/yaml where a call takes a document';
  return new Refused(415, 'unsupported_media_type', `the body is ${given || 'of no type'}; ${advice}`);
}

/** A body that does not say how long it is, cut off where it is too long. */
function bounded(payload: RequestPayload, most: number): RequestPayload {
  let seen = 0;
  const counted = new PassThrough({
    transform: (chunk: Buffer, _encoding, done) => {
      seen += chunk.length;
      done(seen > most ? tooLarge(most) : null, chunk);
    },
  });
  payload.on('error', (error) => counted.destroy(error));
  return payload.pipe(counted);
}

function tooLarge(most: number): Refused {
  return new Refused(
    413,
    'too_large',
    `the body is longer than ${most} bytes; \`admin.limits.body\` says how long it may be`,
  );
}
