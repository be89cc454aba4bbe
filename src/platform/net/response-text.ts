import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib';

// A response of this size is read to its end, so that its connection can be used again.
const READ_BYTES = 64 * 1024;
const TYPE_LENGTH = 100;

const flush = { finishFlush: constants.Z_SYNC_FLUSH };
// Tolerate truncated input: only the beginning of the response was read.
const DECODERS: Record<string, () => Transform> = {
  gzip: () => createGunzip(flush),
  'x-gzip': () => createGunzip(flush),
  deflate: () => createInflate(flush),
  br: () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => createZstdDecompress({ finishFlush: constants.ZSTD_e_flush }),
};

/**
 * The beginning of a response body as text, decompressed and decoded as its headers say. A body
 * that is not text becomes a note such as `(binary: image/png)`. The text has no character that
 * PostgreSQL cannot store.
 * @param bytes how many bytes of the decompressed body are kept.
 */
export async function readBeginning(response: IncomingMessage, bytes: number): Promise<string> {
  const raw = await readUpTo(response, READ_BYTES);
  const { 'content-type': type = '', 'content-encoding': encoding = '' } = response.headers;
  const decompressed = await decompress(raw, encoding.trim().toLowerCase(), bytes);
  if (decompressed === undefined) return note(`${encoding} encoding`);
  if (!isTextType(type)) return raw.length === 0 ? '' : note(type);
  return decode(decompressed.subarray(0, bytes), type);
}

/**
 * Reads the stream to its end, but no further than `bytes`, and destroys it. That does not affect a
 * connection whose response was read to its end. Keeps what came before an error: the connection
 * broke or the data is damaged, but the status is known, and only the status matters.
 */
function readUpTo(stream: Readable, bytes: number): Promise<Buffer> {
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = () => {
      stream.destroy();
      done(Buffer.concat(chunks).subarray(0, bytes));
    };
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= bytes) end();
    });
    // A destroyed stream emits only `close`.
    stream.on('end', end).on('error', end).on('close', end);
  });
}

/**
 * Decompresses no more than is kept: a few bytes can expand to gigabytes. Undefined: impossible.
 */
async function decompress(
  raw: Buffer,
  encoding: string,
  bytes: number,
): Promise<Buffer | undefined> {
  if (raw.length === 0 || encoding === '' || encoding === 'identity') return raw;
  const decoder = DECODERS[encoding]?.();
  if (decoder === undefined) return undefined;
  decoder.end(raw);
  const text = await readUpTo(decoder, bytes);
  return text.length === 0 ? undefined : text;
}

function isTextType(type: string): boolean {
  return type === '' || /^text\/|json|xml|javascript|x-www-form-urlencoded/i.test(type);
}

/**
 * Decodes with the declared charset; without one as UTF-8 or, if it is not valid UTF-8, Latin-1.
 */
function decode(bytes: Buffer, type: string): string {
  const declared = /charset="?([^\s;"]+)/i.exec(type)?.[1];
  const text =
    decodeAs(declared, bytes) ?? decodeAs('utf-8', bytes) ?? decodeAs('windows-1252', bytes) ?? '';
  return text.replaceAll('\0', '\u{fffd}');
}

/** Undefined when the charset is unknown or the bytes are not valid in it. */
function decodeAs(charset: string | undefined, bytes: Buffer): string | undefined {
  if (charset === undefined) return undefined;
  try {
    // As a stream, so that a character that was cut at the end is left out.
    return new TextDecoder(charset, { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
}

function note(what: string): string {
  return `(binary: ${what.replace(/[^\x20-\x7e]/g, '').slice(0, TYPE_LENGTH)})`;
}
