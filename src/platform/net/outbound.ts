import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import {
  Agent as HttpAgent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isAllowedAddress } from './addresses.js';
import { readBeginning } from './response-text.js';

// Receivers close idle connections after a few seconds. Close them first.
const IDLE_MS = 4_000;
// How long the addresses of a name are used again. A backlog would otherwise ask the name servers
// for every message.
const NAMES_MS = 5_000;
const MAX_NAMES = 1_000;

/** The response of the server. */
export interface OutboundAnswer {
  status: number;
  /** The beginning of the response body, as text. */
  text: string;
  /** The Retry-After header, unparsed. */
  retryAfter: string | undefined;
}

/** A request and its limits. */
export interface OutboundOptions {
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
  /** How many bytes of the response body are kept, after decompression. */
  keepBytes: number;
  /** Whether private addresses are allowed. */
  allowPrivate: boolean;
  /** Whether plain http is allowed. */
  allowHttp: boolean;
}

/** The address is not allowed. */
export class ForbiddenAddress extends Error {}

/** Looks up the addresses of a host name. @throws when it has none. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/** A request to these addresses, and no others. */
interface PinnedOptions extends RequestOptions {
  pinned?: string;
}

// A kept connection is used again only for a call that was allowed to the same addresses. Without
// the addresses in its name, a call could use a connection to an address that its own look-up did
// not return.
const pinnedName = (name: string, options?: PinnedOptions) => `${name}:${options?.pinned ?? ''}`;

class PinnedHttpAgent extends HttpAgent {
  override getName(options?: PinnedOptions): string {
    return pinnedName(super.getName(options), options);
  }
}

class PinnedHttpsAgent extends HttpsAgent {
  override getName(options?: PinnedOptions): string {
    return pinnedName(super.getName(options), options);
  }
}

/** POSTs to addresses that clients chose. Keeps connections open for further calls. */
export class Outbound {
  private readonly http = new PinnedHttpAgent({ keepAlive: true, timeout: IDLE_MS });
  private readonly https = new PinnedHttpsAgent({ keepAlive: true, timeout: IDLE_MS });
  private readonly names = new Map<string, { addresses: Promise<string[]>; until: number }>();

  /**
   * The addresses of the host are looked up and checked first. A new connection can reach only those
   * addresses, and checks them again when its socket opens. Redirects are not followed: they are
   * returned like any other response.
   * @throws {ForbiddenAddress} when the address or the protocol is not allowed; network errors; a
   * TimeoutError after the timeout.
   */
  async post(
    target: string,
    options: OutboundOptions,
    resolve: Resolve = options.allowPrivate ? resolveAny : (name) => resolvePublic(name),
  ): Promise<OutboundAnswer> {
    const url = new URL(target);
    if (url.protocol !== 'https:' && !(options.allowHttp && url.protocol === 'http:')) {
      throw new ForbiddenAddress('only https is allowed');
    }
    const limit = new TimeLimit(options.timeoutMs);
    try {
      const addresses = await limit.of(this.addressesOf(url, options, resolve));
      const agent = url.protocol === 'https:' ? this.https : this.http;
      const response = await send(url, options, { addresses, limit, agent });
      limit.ends(response);
      const text = await readBeginning(response, options.keepBytes);
      const retryAfter = response.headers['retry-after'];
      return { status: response.statusCode ?? 0, text, retryAfter };
    } finally {
      limit.clear();
    }
  }

  /** Closes the kept connections. */
  close(): void {
    this.http.destroy();
    this.https.destroy();
  }

  /** The allowed addresses of the host. Names are looked up at most once in five seconds. */
  private addressesOf(url: URL, options: OutboundOptions, resolve: Resolve): Promise<string[]> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return checked([host], options.allowPrivate);
    const known = this.names.get(host);
    if (known !== undefined && known.until > performance.now()) return known.addresses;
    const addresses = resolve(host).then((found) =>
      checked(
        found.map(({ address }) => address),
        options.allowPrivate,
      ),
    );
    if (this.names.size >= MAX_NAMES) this.names.clear();
    this.names.set(host, { addresses, until: performance.now() + NAMES_MS });
    // A failed look-up is not remembered.
    addresses.catch(() => this.names.delete(host));
    return addresses;
  }
}

interface Route {
  addresses: string[];
  limit: TimeLimit;
  agent: HttpAgent;
}

/** Sends the request. If the receiver has closed a kept connection meanwhile, sends it on a new one. */
async function send(url: URL, options: OutboundOptions, route: Route): Promise<IncomingMessage> {
  const first = start(url, options, route, route.agent);
  try {
    return await first.response;
  } catch (error) {
    const { code = '' } = error as { code?: string };
    if (!first.request.reusedSocket || !['ECONNRESET', 'EPIPE'].includes(code)) throw error;
    return start(url, options, route, false).response;
  }
}

function start(
  url: URL,
  options: OutboundOptions,
  { addresses, limit }: Route,
  agent: HttpAgent | false,
): { request: ClientRequest; response: Promise<IncomingMessage> } {
  const pinned: PinnedOptions = {
    method: 'POST',
    agent,
    headers: { ...options.headers, 'content-length': Buffer.byteLength(options.body) },
    lookup: pinnedLookup(addresses, options.allowPrivate),
    pinned: addresses.join(),
  };
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, pinned);
  const response = new Promise<IncomingMessage>((done, fail) => {
    request.on('response', done).on('error', fail).end(options.body);
  });
  limit.ends(request);
  return { request, response };
}

/** @throws {ForbiddenAddress} unless there are addresses and all of them are allowed. */
async function checked(addresses: string[], allowPrivate: boolean): Promise<string[]> {
  const allowed = addresses.every((address) => isAllowedAddress(address, allowPrivate));
  if (addresses.length === 0 || !allowed) throw forbidden();
  return addresses;
}

/** A look-up for the socket. It gives the addresses of the call, and checks them where they are used. */
function pinnedLookup(addresses: string[], allowPrivate: boolean): LookupFunction {
  return (_hostname, options, callback) => {
    checked(addresses, allowPrivate).then(
      (allowed) => {
        const all = allowed.map((address) => ({ address, family: isIP(address) }));
        const [first] = all;
        if (options.all || first === undefined) return callback(null, all);
        return callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, []),
    );
  };
}

/**
 * The time limit of a call, for whichever step it is in. An AbortSignal does the same, but makes the
 * call a third more expensive.
 */
class TimeLimit {
  private readonly timer: NodeJS.Timeout;
  private passed: Error | undefined;
  private fail: (error: Error) => void = () => undefined;

  constructor(ms: number) {
    this.timer = setTimeout(() => {
      this.passed = new DOMException('The time limit has passed.', 'TimeoutError');
      this.fail(this.passed);
    }, ms);
  }

  /** The result of `work`. @throws a TimeoutError when the limit passes first. */
  of<T>(work: Promise<T>): Promise<T> {
    return new Promise((done, fail) => {
      this.fail = fail;
      work.then(done, fail);
    });
  }

  /** Destroys the stream when the limit passes. */
  ends(stream: { destroy(error: Error): unknown }): void {
    this.fail = (error) => stream.destroy(error);
    if (this.passed !== undefined) this.fail(this.passed);
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}

/**
 * Asks the name servers directly. The system's look-up blocks one of the few threads of the process,
 * so a few unreachable name servers would delay all other deliveries. Each call makes a new resolver,
 * because a resolver never notices that the system's list of name servers has changed.
 * @param servers name servers to ask instead of the system's.
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

/** Also finds names that only this machine knows, such as localhost. For private addresses. */
async function resolveAny(hostname: string): Promise<LookupAddress[]> {
  return lookup(hostname, { all: true }).catch(() => resolvePublic(hostname));
}

function forbidden(): ForbiddenAddress {
  return new ForbiddenAddress('the address is private, link-local or reserved');
}
