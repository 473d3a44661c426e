/**
 * How bodies are read: JSON, and YAML as a text where a call takes a whole document.
 *
 * Rule: a size limit that the document may change, for what belongs to a document; other calls take no more than they need,
 * since reading 8 MiB of JSON can keep the control thread for a second. What is dangerous to walk over is refused
 * (config/sent-json.ts), and so is what is no UTF-8: with U+FFFD in its place something else would be put in force than was
 * sent. Nothing else is read: the forms that a page of another site could send without asking (the CORS protocol's simple
 * requests) are none of ours.
 */

import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyRequest, RequestPayload } from 'fastify';
import { readJson } from '../config/sent-json.ts';
import { Refused } from './problem.ts';

const { isUtf8 } = process.getBuiltinModule('node:buffer');

export const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml'];

/** Bytes that a call takes whose body is no part of the document, unless it says otherwise. */
const SMALL = 262_144;

/** A body that is read later, as it came. */
export class SentText {
  readonly is: 'yaml' | 'json';
  readonly text: string;

  constructor(is: 'yaml' | 'json', text: string) {
    this.is = is;
    this.text = text;
  }
}

/** `documents`: bytes that a document may have. */
export function readBodies(server: FastifyInstance, documents: () => number): void {
  server.removeAllContentTypeParsers();
  server.addHook('preParsing', async (request, _reply, payload) => {
    const bound = boundOf(request, documents());
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > bound.most) throw tooLarge(bound);
    refuseCompressed(request);
    return request.headers['transfer-encoding'] === undefined ? payload : bounded(payload, bound);
  });
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    const text = textOf(bytes);
    if (text === undefined) return done(NO_TEXT);
    // A DELETE with a content type and no body is what some clients send.
    if (text === '') return done(null, undefined);
    if (request.routeOptions.config.unread === true) return done(null, new SentText('json', text));
    const read = readJson(text);
    return read.ok ? done(null, read.value) : done(new Refused(400, 'bad_request', read.detail));
  });
  server.addContentTypeParser<Buffer>(YAML_TYPES, { parseAs: 'buffer' }, (request, bytes, done) => {
    if (request.routeOptions.config.body !== 'document') return done(unsupported(request));
    const text = textOf(bytes);
    return text === undefined ? done(NO_TEXT) : done(null, new SentText('yaml', text));
  });
  server.addContentTypeParser('*', (request, _payload, done) => done(unsupported(request)));
}

/** A body of a type that is not read here. */
export function unsupported(request: FastifyRequest): Refused {
  const given = (request.headers['content-type'] ?? '').slice(0, 100);
  const advice = 'send application/json, or application/yaml where a call takes a document';
  return new Refused(415, 'unsupported_media_type', `the body is ${given || 'of no type'}; ${advice}`);
}

function refuseCompressed({ headers }: FastifyRequest): void {
  const coding = headers['content-encoding'] ?? '';
  if (coding === '' || coding.toLowerCase() === 'identity') return;
  const detail = `the body is compressed (Content-Encoding: ${coding.slice(0, 100)}); send it as it is`;
  throw new Refused(415, 'unsupported_media_type', detail);
}

/** undefined where the bytes are no UTF-8. A byte order mark stays: who reads the text knows it. */
function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

const NO_TEXT = new Refused(400, 'bad_request', 'the body is not UTF-8; save it as UTF-8 and send that');

interface Bound {
  readonly most: number;
  /** Who says so. */
  readonly from: string;
}

function boundOf({ routeOptions }: FastifyRequest, documents: number): Bound {
  const { body, most = SMALL } = routeOptions.config;
  if (body !== undefined || documents < most) {
    return { most: documents, from: '`admin.limits.body` says how long it may be' };
  }
  return { most, from: 'this call takes no longer one' };
}

/** A body that does not say how long it is, cut off where it is too long. */
function bounded(payload: RequestPayload, bound: Bound): RequestPayload {
  let seen = 0;
  const counted = new PassThrough({
    transform: (chunk: Buffer, _encoding, done) => {
      seen += chunk.length;
      done(seen > bound.most ? tooLarge(bound) : null, chunk);
    },
  });
  payload.on('error', (error) => counted.destroy(error));
  return payload.pipe(counted);
}

function tooLarge({ most, from }: Bound): Refused {
  return new Refused(413, 'too_large', `the body is longer than ${most} bytes; ${from}`);
}
