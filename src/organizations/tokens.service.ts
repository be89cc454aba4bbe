import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Keys, newToken } from '../platform/crypto.js';
import {
  problem,
  InsufficientScope,
  RequestValidationError,
  ResourceNotFound,
} from '../platform/errors.js';
import type { Caller, Principal } from '../platform/http/access.js';
import type { Page, PageQuery } from '../platform/http/pages.js';
import { missingScopes, sortedScopes } from './scopes.js';
import { TOKEN_PREFIX, TokenAuthenticator } from './tokens.authenticator.js';
import { type TokenRow, TokensRepository } from './tokens.repository.js';

/** What a new token is to be. */
export interface NewToken {
  name: string;
  scopes: readonly string[];
  expires_at?: Date | null;
}

/** A token that was just made: the only moment at which its text is known. */
export interface IssuedToken {
  row: TokenRow;
  token: string;
}

/** The access tokens of organizations. */
@Injectable()
export class TokensService {
  constructor(
    private readonly tokens: TokensRepository,
    private readonly authenticator: TokenAuthenticator,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates a token on behalf of another one.
   * @throws InsufficientScope when the new one could do more than the caller's.
   */
  async create(principal: Principal, input: NewToken): Promise<IssuedToken> {
    const held = principal.kind === 'token' ? principal.scopes : [];
    const missing = missingScopes(input.scopes, held);
    if (missing.length > 0) {
      throw new InsufficientScope(
        `A token can create only tokens with scopes it has itself; it lacks ${missing.join(', ')}.`,
      );
    }
    if (input.expires_at && input.expires_at <= this.clock.now()) {
      const past = problem('value_error', 'expires_at should be in the future');
      throw RequestValidationError.at(['body', 'expires_at'], past, input.expires_at);
    }
    return this.issue(principal.organizationId, input);
  }

  /**
   * Creates a token with any scopes: for the command line, the demo and the tests; no route does.
   * @param make writes the token's text; by default it is random.
   */
  async issue(
    organizationId: string,
    input: NewToken,
    make: (id: string) => string = () => newToken(TOKEN_PREFIX),
  ): Promise<IssuedToken> {
    const id = randomUUID();
    const token = make(id);
    const row = await this.tokens.insert({
      organization_id: organizationId,
      id,
      created_at: this.clock.now(),
      name: input.name,
      token_hash: this.keys.sign('token', token),
      scopes: sortedScopes(input.scopes),
      expires_at: input.expires_at ?? null,
    });
    return { row, token };
  }

  page(caller: Caller, query: PageQuery): Promise<Page<TokenRow>> {
    return this.tokens.page(caller.organizationId, query);
  }

  all(organizationId: string): Promise<TokenRow[]> {
    return this.tokens.all(organizationId);
  }

  /** The live tokens of this name, newest first. */
  findNamed(organizationId: string, name: string): Promise<TokenRow[]> {
    return this.tokens.findNamed(organizationId, name);
  }

  /**
   * Ends a token: at once in this process, within the authenticator's memory (3 s) in the others.
   * @throws ResourceNotFound also when it is revoked already.
   */
  async revoke(organizationId: string, id: string): Promise<void> {
    const revoked = await this.tokens.revoke(organizationId, id, this.clock.now());
    if (!revoked) throw new ResourceNotFound(`There is no access token ${id}.`);
    this.authenticator.forget(id);
  }
}
