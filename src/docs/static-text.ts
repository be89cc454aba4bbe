import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

// Higher levels take seconds of CPU for Swagger UI and save few bytes.
const BROTLI_LEVEL = 5;
const ENCODINGS = ['br', 'gzip'] as const;

type Encoding = (typeof ENCODINGS)[number];

const COMPRESS: Record<Encoding, (text: Buffer) => Promise<Buffer>> = {
  br: (text) =>
    promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_LEVEL } }),
  gzip: (text) => promisify(gzip)(text),
};

/**
 * A text that stays the same while the process runs. It is compressed once per encoding, when the
 * first client asks for that encoding. Browsers keep it and ask whether it has changed.
 */
export class StaticText {
  /** A short hash of the text. */
  readonly version: string;
  private readonly body: Buffer;
  private readonly compressed = new Map<Encoding, Promise<Buffer>>();

  /** @param headers the headers of each response, with the content type. */
  constructor(
    text: string | Buffer,
    private readonly headers: Record<string, string>,
  ) {
    this.body = Buffer.from(text);
    this.version = createHash('sha256').update(this.body).digest('base64url').slice(0, 16);
  }

  /**
   * Sends the text, or a 304 if the client has it already. A URL that ends with `?v=` and the version
   * never changes its text, so browsers keep that one without asking.
   */
  async send(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    // Weak, since the encodings of a text have the same tag.
    const etag = `W/"${this.version}"`;
    const isPinned = request.url.endsWith(`?v=${this.version}`);
    void reply.headers({
      ...this.headers,
      'cache-control': isPinned ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag,
      vary: 'accept-encoding',
    });
    if (request.headers['if-none-match']?.includes(etag)) return reply.status(304).send();
    const encoding = acceptedEncoding(request.headers['accept-encoding']);
    if (encoding === undefined) return reply.send(this.body);
    return reply.header('content-encoding', encoding).send(await this.compress(encoding));
  }

  private compress(encoding: Encoding): Promise<Buffer> {
    const existing = this.compressed.get(encoding);
    if (existing !== undefined) return existing;
    const started = COMPRESS[encoding](this.body);
    this.compressed.set(encoding, started);
    return started;
  }
}

/** The best encoding that an Accept-Encoding header names; undefined for the plain text. */
function acceptedEncoding(header: string | string[] | undefined): Encoding | undefined {
  const accepted = String(header ?? '')
    .toLowerCase()
    .split(',')
    .filter((item) => !/;\s*q=0(?:\.0*)?\s*$/.test(item))
    .map((item) => item.split(';')[0]?.trim());
  return ENCODINGS.find((encoding) => accepted.includes(encoding));
}
