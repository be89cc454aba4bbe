import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Keys, newToken } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import {
  problem,
  InsufficientScope,
  InvalidToken,
  NotPermitted,
  noSuch,
  RequestValidationError,
} from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import type { Principal } from '../platform/http/access.js';
import type { PageQuery, Paginated } from '../platform/http/pagination.js';
import { missingScopes, sortedScopes } from './scopes.js';
import { TOKEN_PREFIX } from '../platform/token-form.js';
import { TokenAuthenticator } from './tokens.authenticator.js';
import { type TokenRow, TokensRepository } from './tokens.repository.js';
import { FIELD } from '../platform/sentences.js';

// Bounds the recursion that revokes a token with its descendants.
const MAX_GENERATION = 10;

/** The properties of a token to create. */
export interface NewToken {
  name: string;
  scopes: readonly string[];
  expires_at?: Date | null;
}

/** A new token. Later the token itself cannot be read any more, because only its hash is stored. */
export interface IssuedToken {
  row: TokenRow;
  token: string;
}

interface IssueOptions {
  /** By default, a random one. */
  id?: string;
  make?: (id: string) => string;
  /** The token that creates this one; by default there is none. */
  parent?: TokenRow;
}

/** Creates, lists and revokes the access tokens of organizations. */
@Injectable()
export class TokensService {
  constructor(
    private readonly tokens: TokensRepository,
    private readonly authenticator: TokenAuthenticator,
    private readonly database: Database,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates a token at the request of another token. It expires no later than that token, and is
   * revoked with it.
   * @throws InsufficientScope a scope that the calling token does not have.
   * @throws InvalidToken the calling token has just been revoked.
   * @throws NotPermitted the calling token is of the last generation that exists.
   * @throws RequestValidationError the expiry is not in the future.
   */
  async create(principal: Principal, input: NewToken): Promise<IssuedToken> {
    const missing = missingScopes(input.scopes, heldBy(principal));
    if (missing.length > 0) {
      throw new InsufficientScope(
        `A token can only grant scopes that it has. It lacks ${missing.join(', ')}.`,
      );
    }
    if (input.expires_at && input.expires_at <= this.clock.now()) {
      const past = problem('value_error', `${FIELD} must be in the future.`);
      throw RequestValidationError.at(['body', 'expires_at'], past, input.expires_at);
    }
    return this.database.transaction(() => this.issueChild(principal, input));
  }

  private async issueChild({ organizationId, id }: Principal, input: NewToken) {
    await this.tokens.lock(organizationId);
    const parent = await this.tokens.find(organizationId, id);
    if (parent === null) throw new InvalidToken();
    if (parent.generation >= MAX_GENERATION) {
      throw new NotPermitted(
        `This token is at the maximum depth of ${MAX_GENERATION} generations and cannot create another token.`,
      );
    }
    const expiresAt = earlier(input.expires_at ?? null, parent.expires_at);
    return this.issue(organizationId, { ...input, expires_at: expiresAt }, { parent });
  }

  /**
   * Creates a token with any scopes and expiry. Only {@link create}, the command line, the demo and
   * tests call this.
   * @param options `make` returns the token for its id; the default is a random token.
   */
  async issue(
    organizationId: string,
    input: NewToken,
    { id = randomUUID(), make = () => newToken(TOKEN_PREFIX), parent }: IssueOptions = {},
  ): Promise<IssuedToken> {
    const token = make(id);
    const row = await this.tokens.insert({
      organization_id: organizationId,
      id,
      created_at: this.clock.now(),
      name: input.name,
      token_hash: this.keys.sign('token', token),
      key_id: this.keys.firstId,
      scopes: sortedScopes(input.scopes),
      expires_at: input.expires_at ?? null,
      ...(parent && { parent_id: parent.id, generation: parent.generation + 1 }),
    });
    return { row, token };
  }

  page(caller: Caller, query: PageQuery): Promise<Paginated<TokenRow>> {
    return this.tokens.list(caller.organizationId, query);
  }

  all(organizationId: string): Promise<TokenRow[]> {
    return this.tokens.listAll(organizationId);
  }

  /** The tokens with this name that are not revoked, newest first. */
  findNamed(organizationId: string, name: string): Promise<TokenRow[]> {
    return this.tokens.listByName(organizationId, name);
  }

  /**
   * Revokes a token at the request of another token, as {@link revoke}.
   * @throws ResourceNotFound no such token, or it was already revoked.
   * @throws InsufficientScope the token has a scope that the calling token lacks.
   */
  async revokeAs(principal: Principal, id: string): Promise<void> {
    const { organizationId } = principal;
    const row = await this.tokens.find(organizationId, id);
    if (row === null) throw noSuch('access token', id);
    const missing = missingScopes(row.scopes, heldBy(principal));
    if (missing.length > 0) {
      throw new InsufficientScope(
        `A token can only revoke tokens whose scopes it has. It lacks ${missing.join(', ')}.`,
      );
    }
    await this.revoke(organizationId, id);
  }

  /**
   * Revokes a token, the tokens that it created, and so on. They stop working at once in this
   * process, and within 3 s in the others, which is how long they cache them.
   * @throws ResourceNotFound no such token, or it was already revoked.
   */
  async revoke(organizationId: string, id: string): Promise<void> {
    const revoked = await this.database.transaction(async () => {
      await this.tokens.lock(organizationId);
      return this.tokens.revoke(organizationId, id, this.clock.now());
    });
    if (!revoked.includes(id)) throw noSuch('access token', id);
    this.authenticator.forget(revoked);
  }
}

function heldBy(principal: Principal): string[] {
  return principal.kind === 'token' ? principal.scopes : [];
}

/** The earlier of two times; null is never. */
function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
