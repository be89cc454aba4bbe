import type { FastifyReply, FastifyRequest } from 'fastify';
import { TooManyRequests } from '../errors.js';
import { clientAddress } from './client-address.js';
import type { RateLimits } from './rate-limit.js';

// The pause between two shared look-ups.
const PAUSE_MS = 100;
// The most tokens in one shared look-up.
const MAX_WAITING = 1_000;

/** Knows which tokens are good, and what each of them stands for. */
export interface TokenSource<Found> {
  /** Whether the string has the form of these tokens. Any other string is not looked up. */
  isWellFormed(token: string): boolean;
  /** The cached result. Also undefined for a good token that was not used recently. */
  cached(token: string): Found | undefined;
  /** Looks up tokens in one statement. @returns the good tokens with their results. */
  lookUp(tokens: string[]): Promise<Map<string, Found>>;
}

/**
 * Looks up the token of a request, and limits the cost of guessed tokens.
 *
 * A token that is not cached counts against its address as a wrong token before it is looked up. If
 * the token is good, the count is reversed. An address that exceeds its limit of wrong tokens gets a
 * 429 for each further wrong token. A good token from such an address must still work, and only a
 * look-up can tell the two apart. Therefore the tokens of all such addresses are looked up together,
 * in one statement at a time and at most ten statements a second, however many guesses arrive. While
 * a thousand tokens wait, a further token gets a 429 without a look-up.
 */
export class TokenLookUps<Found> {
  private readonly shared: SharedLookUps<Found>;

  constructor(
    private readonly source: TokenSource<Found>,
    private readonly limits: RateLimits,
  ) {
    this.shared = new SharedLookUps(source);
  }

  /**
   * @returns undefined for a wrong token.
   * @throws {TooManyRequests} for a wrong token of an address that sent too many of them.
   */
  async find(
    token: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Found | undefined> {
    const cached = this.source.cached(token);
    if (cached !== undefined) return cached;
    const address = clientAddress(request);
    const usage = await this.limits.count('wrong-token', address);
    let wrong = false;
    try {
      const found = await this.lookUp(token, usage?.exceeded ?? false);
      if (found !== undefined) return found;
      wrong = true;
    } finally {
      if (!wrong) await this.limits.giveBack('wrong-token', address);
    }
    if (usage !== undefined) void reply.headers(usage.headers);
    if (usage?.exceeded) throw new TooManyRequests(usage.seconds);
    return undefined;
  }

  private async lookUp(token: string, exceeded: boolean): Promise<Found | undefined> {
    if (!this.source.isWellFormed(token)) return undefined;
    if (exceeded) return this.shared.find(token);
    return (await this.source.lookUp([token])).get(token);
  }
}

/** Collects tokens and looks them up together. */
class SharedLookUps<Found> {
  private waiting = new Map<string, PromiseWithResolvers<Found | undefined>>();
  private running = false;

  constructor(private readonly source: TokenSource<Found>) {}

  /** Also undefined when too many tokens wait, because the token is then not looked up. */
  async find(token: string): Promise<Found | undefined> {
    const known = this.waiting.get(token);
    if (known !== undefined) return known.promise;
    if (this.waiting.size >= MAX_WAITING) return undefined;
    const asked = Promise.withResolvers<Found | undefined>();
    this.waiting.set(token, asked);
    this.runLater();
    return asked.promise;
  }

  private runLater(): void {
    if (this.running) return;
    this.running = true;
    setTimeout(() => void this.run(), PAUSE_MS);
  }

  private async run(): Promise<void> {
    const asked = this.waiting;
    this.waiting = new Map();
    try {
      const found = await this.source.lookUp([...asked.keys()]);
      for (const [token, { resolve }] of asked) resolve(found.get(token));
    } catch (error) {
      for (const { reject } of asked.values()) reject(error);
    }
    this.running = false;
    if (this.waiting.size > 0) this.runLater();
  }
}
