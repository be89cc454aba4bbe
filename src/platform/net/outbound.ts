import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isAllowedAddress } from './addresses.js';

export interface OutboundAnswer {
  status: number;
  /** The beginning of the answer, as text. */
  text: string;
  /** Seconds, when the answer asks to wait. */
  retryAfter: number | undefined;
}

export interface OutboundOptions {
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
  /** Bytes of the answer that are kept; the rest is not read. */
  keepBytes: number;
  allowPrivate: boolean;
  allowHttp: boolean;
}

/** The address is one that nothing may be sent to. */
export class ForbiddenAddress extends Error {}

type Resolve = (
  hostname: string,
  options: { all: true; verbatim: true },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * POSTs to an address that a client chose. What a name resolves to is checked in the look-up that
 * the socket itself uses, so a name cannot change its answer between check and connection. A
 * redirect is an answer like any other: it is not followed.
 * @throws {ForbiddenAddress}; network errors; a timeout.
 */
export async function post(
  target: string,
  options: OutboundOptions,
  resolve: Resolve = dnsLookup,
): Promise<OutboundAnswer> {
  const url = new URL(target);
  if (url.protocol !== 'https:' && !(options.allowHttp && url.protocol === 'http:')) {
    throw new ForbiddenAddress('only https is allowed');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // A literal address is never looked up, so it is checked here.
  if (isIP(host) !== 0 && !isAllowedAddress(host, options.allowPrivate)) throw forbidden();
  const signal = AbortSignal.timeout(options.timeoutMs);
  const response = await new Promise<IncomingMessage>((done, fail) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      // A connection of its own each time: none is open that an earlier look-up allowed.
      agent: false,
      headers: { ...options.headers, 'content-length': Buffer.byteLength(options.body) },
      lookup: guardedLookup(resolve, options.allowPrivate),
      signal,
    });
    request.on('response', done).on('error', fail).end(options.body);
  });
  try {
    const text = await beginning(response, options.keepBytes);
    return { status: response.statusCode ?? 0, text, retryAfter: retryAfter(response) };
  } finally {
    response.destroy();
  }
}

function guardedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { all: true, verbatim: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const allowed = addresses.every(({ address }) => isAllowedAddress(address, allowPrivate));
      const [first] = addresses;
      if (!allowed || first === undefined) return callback(forbidden(), []);
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

function forbidden(): ForbiddenAddress {
  return new ForbiddenAddress('the address is private, link-local or reserved');
}

async function beginning(response: IncomingMessage, bytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length >= bytes) break;
  }
  // PostgreSQL stores no NUL; a cut character becomes the replacement character.
  return Buffer.concat(chunks).subarray(0, bytes).toString('utf8').replaceAll('\0', '\u{fffd}');
}

function retryAfter(response: IncomingMessage): number | undefined {
  const header = response.headers['retry-after'];
  if (header === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(header)
    ? Number(header)
    : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
