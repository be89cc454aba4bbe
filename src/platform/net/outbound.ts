import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isAllowedAddress } from './addresses.js';

export interface OutboundAnswer {
  status: number;
  /** The beginning of the answer, as text. */
  text: string;
  /** The header, as it came. */
  retryAfter: string | undefined;
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

/** The addresses of a name. @throws when it has none. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/**
 * POSTs to an address that a client chose. What a name resolves to is checked in the look-up that
 * the socket itself uses, so a name cannot change its answer between check and connection. A
 * redirect is an answer like any other: it is not followed.
 * @throws {ForbiddenAddress}; network errors; a timeout.
 */
export async function post(
  target: string,
  options: OutboundOptions,
  resolve: Resolve = options.allowPrivate ? resolveAny : (name) => resolvePublic(name),
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
    const retryAfter = response.headers['retry-after'];
    return { status: response.statusCode ?? 0, text, retryAfter };
  } finally {
    response.destroy();
  }
}

/** The look-up of the socket itself. One address that is not allowed is enough to refuse a name. */
function guardedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  const allowed = async (hostname: string) => {
    const addresses = await resolve(hostname);
    if (!addresses.every(({ address }) => isAllowedAddress(address, allowPrivate))) {
      throw forbidden();
    }
    return addresses;
  };
  return (hostname, options, callback) => {
    allowed(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) return callback(forbidden(), []);
        if (options.all) return callback(null, addresses);
        return callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, []),
    );
  };
}

/**
 * Asks the name servers themselves: the system's look-up holds one of a few threads of the process,
 * so that some dead name servers would hold up every other delivery. A resolver each time, since
 * one keeps the servers that it found when it was made.
 * @param servers other ones than the system's.
 */
export async function resolvePublic(
  hostname: string,
  servers?: string[],
): Promise<LookupAddress[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers) resolver.setServers(servers);
  const [four, six] = await Promise.allSettled([
    resolver.resolve4(hostname),
    resolver.resolve6(hostname),
  ]);
  if (four.status === 'rejected' && six.status === 'rejected') throw four.reason;
  const found = (answer: PromiseSettledResult<string[]>, family: 4 | 6) =>
    answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : [];
  return [...found(four, 4), ...found(six, 6)];
}

/** Where private addresses are allowed, names that only this machine knows, such as localhost, too. */
async function resolveAny(hostname: string): Promise<LookupAddress[]> {
  return lookup(hostname, { all: true }).catch(() => resolvePublic(hostname));
}

function forbidden(): ForbiddenAddress {
  return new ForbiddenAddress('the address is private, link-local or reserved');
}

async function beginning(response: IncomingMessage, bytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length >= bytes) break;
    }
  } catch {
    // The status has come, and that is what counts; of the rest, as much as there was.
  }
  // PostgreSQL stores no NUL; a cut character becomes the replacement character.
  return Buffer.concat(chunks).subarray(0, bytes).toString('utf8').replaceAll('\0', '\u{fffd}');
}
