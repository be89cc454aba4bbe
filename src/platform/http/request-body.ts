import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { ApiError, RequestBodyTooLarge, Unauthorized } from '../errors.js';
import { notJson, parseJson, unreadableBody } from './json-body.js';
import { JsonOutline } from './json-outline.js';
import { type LargeBodies, SMALL_BODY } from './large-bodies.js';

// Levels of nesting. Real clients need fewer, and recursive code stays far from a stack overflow.
const MAX_DEPTH = 600;
// Real clients send a few dozen values in one body, unless the route takes a list.
const MAX_VALUES = 10_000;
// Bytes. Forms arrive before it is known who sends them.
const MAX_TEXT = 100 * 1024;

/**
 * Reads JSON. Its size and structure are counted while it arrives, and it is parsed only when they
 * fit the route. A body that does not fit is read to its end but not kept, because a client that is
 * still sending does not read the response.
 * @throws {RequestBodyTooLarge}; {Unauthorized} more than 1 MiB without a good token;
 *   {ServiceUnavailable} too many large bodies at once; {RequestValidationError}.
 */
export async function readJson(
  request: FastifyRequest,
  payload: Readable,
  largeBodies: LargeBodies,
): Promise<unknown> {
  const { maxValues = MAX_VALUES } = request.routeOptions.config;
  const outline = new JsonOutline({ depth: MAX_DEPTH, values: maxValues });
  const chunks: Buffer[] = [];
  let size = 0;
  let refused: ApiError | undefined;
  for await (const chunk of chunksOf(request, payload)) {
    if (refused !== undefined) continue;
    const isLarge = size + chunk.length > SMALL_BODY;
    refused = outline.push(chunk) ?? (isLarge ? await enterOnce(request, largeBodies) : undefined);
    size += chunk.length;
    if (refused === undefined) chunks.push(chunk);
    else {
      chunks.length = 0;
      request.leaveLargeBodies?.();
    }
  }
  if (refused !== undefined) throw refused;
  return parseJson(Buffer.concat(chunks, size), outline);
}

/**
 * Reads text, as of a form.
 * @returns undefined for an empty body.
 * @throws {RequestBodyTooLarge} it is larger than 100 KiB.
 */
export async function readText(
  request: FastifyRequest,
  payload: Readable,
): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(request, payload, MAX_TEXT)) chunks.push(chunk);
  return chunks.length === 0 ? undefined : Buffer.concat(chunks).toString();
}

/**
 * Reads a body of another type than JSON, without keeping it. It accepts an empty one.
 * @throws {RequestBodyTooLarge}; {RequestValidationError}.
 */
export async function refuseBody(request: FastifyRequest, payload: Readable): Promise<void> {
  let isEmpty = true;
  for await (const chunk of chunksOf(request, payload)) isEmpty &&= chunk.length === 0;
  if (!isEmpty) throw notJson(request.headers['content-type'] ?? '');
}

async function* chunksOf(
  request: FastifyRequest,
  payload: Readable,
  max = Infinity,
): AsyncGenerator<Buffer> {
  const limit = Math.min(max, request.routeOptions.bodyLimit ?? SMALL_BODY);
  let size = 0;
  try {
    // An iterator that destroys the stream at an error would close the connection without a response.
    for await (const chunk of payload.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > limit) throw new RequestBodyTooLarge();
      yield chunk as Buffer;
    }
  } catch (error) {
    // Otherwise the rest would stay in the buffers of the connection, which then cannot close.
    payload.resume();
    // The client is gone, so only the log shows the error.
    throw error instanceof ApiError ? error : unreadableBody('The body did not arrive completely.');
  }
}

/** Reserves a place among the large bodies until the response was sent. @returns the refusal. */
async function enterOnce(
  request: FastifyRequest,
  largeBodies: LargeBodies,
): Promise<ApiError | undefined> {
  const { principal, response } = request;
  if (principal === undefined) return new Unauthorized();
  if (request.leaveLargeBodies !== undefined) return undefined;
  try {
    request.leaveLargeBodies = await largeBodies.enter(principal.organizationId);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  if (response === undefined || response.closed) request.leaveLargeBodies();
  else response.once('close', request.leaveLargeBodies);
  return undefined;
}
