/**
 * The whole document: read, replaced, checked.
 *
 * Rule: JSON is the document as it is written, and what of it changed is edited into the text that is there; YAML replaces
 * that text as a whole, comments and all. Secrets are never shown: "***" stands for one, and means, where it is sent back, that
 * it stays what it was.
 */

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Json } from '../config/patch.ts';
import { NO_DOCUMENT, type Sent } from '../control/check-text.ts';
import type { Checked } from '../control/edits.ts';
import type { Wish } from '../control/wish.ts';
import { SentText, YAML_TYPES } from './bodies.ts';
import { answers, effectWith, WriteHeaders, WriteQuery, type Writer, write } from './call.ts';
import { itemsOf, Refused } from './problem.ts';
import { Change, CheckResult } from './shapes/change.ts';
import { Any } from './shapes/common.ts';

export interface ConfigSource extends Writer {
  /** As it is written, secrets masked. */
  document(): Json;
  /** The same as text. */
  text(): string;
}

export function config(source: ConfigSource): FastifyPluginAsyncTypebox {
  return async (server) => {
    const tags = ['config'];
    server.get(
      '/v1/config',
      {
        config: { need: 'viewer', answer: 'document' },
        schema: { tags, summary: 'The document, as JSON or YAML', response: answers(Any) },
      },
      async (request, reply) => {
        reply.header('etag', `"${source.revision()}"`).header('vary', 'accept');
        if (!wantsYaml(request)) return source.document();
        reply.type('application/yaml; charset=utf-8').serializer(String);
        return source.text();
      },
    );
    server.put(
      '/v1/config',
      {
        config: { need: 'admin', body: 'document' },
        schema: {
          tags,
          summary: 'Replaces the document',
          querystring: WriteQuery,
          headers: WriteHeaders,
          response: answers(Change),
        },
      },
      async (request, reply) => write(source, request, reply, wishOf(request)),
    );
    server.post(
      '/v1/config/check',
      {
        config: { need: 'viewer', body: 'document', unread: true },
        schema: {
          tags,
          summary: 'What is wrong with a document, and what it would do',
          response: answers(CheckResult),
        },
      },
      async (request, reply) => {
        const sent = sentOf(request);
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const checked = await source.edits.check(sent, request.caller.role === 'admin', gone.signal);
        return resultOf(source, checked, sent.is === 'yaml');
      },
    );
  };
}

/** Seconds: about what a large check takes. */
const RETRY_AFTER = 5;

function resultOf(source: ConfigSource, checked: Checked, placed: boolean): CheckResult {
  if (checked.is === 'unreadable') throw new Refused(400, 'bad_request', checked.detail);
  if (checked.is === 'not_checked') {
    if (checked.why === 'busy') throw new Refused(503, 'busy', checked.detail, { retryAfter: RETRY_AFTER });
    throw new Refused(503, 'not_checked', checked.detail);
  }
  if (checked.is === 'invalid') return { valid: false, problems: itemsOf(checked.problems, placed) };
  const { revision, notices } = checked;
  return { valid: true, revision, problems: itemsOf(notices, placed), effect: effectWith(source, checked) };
}

function sentOf({ body }: FastifyRequest): Sent {
  if (body instanceof SentText) return body;
  throw new Refused(400, 'bad_request', NO_BODY);
}

const NO_BODY = 'there is no body; send the document as JSON or YAML';

function wishOf({ body }: FastifyRequest): Extract<Wish, { is: 'document' | 'text' }> {
  if (body instanceof SentText) return { is: 'text', text: body.text };
  if (body === undefined) throw new Refused(400, 'bad_request', NO_BODY);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Refused(400, 'bad_request', NO_DOCUMENT);
  }
  return { is: 'document', value: body as Json };
}

function wantsYaml(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return YAML_TYPES.some((type) => accept.includes(type));
}
