import { ShownDateTime, ShownEnums, ShownText, ShownUuid } from '../platform/http/answers.js';
import { DateTimeField, ListField, TextField } from '../platform/http/fields.js';

import { PageOf } from '../platform/http/pages.js';
import { SCOPES } from './scopes.js';
import type { IssuedToken } from './tokens.service.js';
import type { TokenRow } from './tokens.repository.js';

const NAME = { description: 'What the token is for.', example: 'ci' };
const EXPIRES_AT = 'When it stops working; null: never.';
const EXAMPLE_SCOPES = ['customer_seats:read', 'customer_seats:write'];

/** Body of POST /v1/organization-access-tokens. */
export class CreateToken {
  @TextField({ required: true, ...NAME })
  name: string;

  @ListField({
    required: true,
    description: 'What it may do; only scopes that the calling token has itself.',
    of: SCOPES,
    min: 1,
    max: 100,
    example: EXAMPLE_SCOPES,
  })
  scopes: string[];

  @DateTimeField({ description: EXPIRES_AT, example: '2031-01-01T00:00:00Z' })
  expires_at?: Date;
}

/** An access token as the API shows it. */
export class TokenDto {
  @ShownUuid('Its id, a UUID v4.')
  id: string;

  @ShownDateTime('When it was created.')
  created_at: Date;

  @ShownText(NAME.description, { example: NAME.example })
  name: string;

  @ShownEnums(SCOPES, 'What it may do.', { example: EXAMPLE_SCOPES })
  scopes: string[];

  @ShownDateTime(EXPIRES_AT, { nullable: true })
  expires_at: Date | null;

  @ShownDateTime('When it was last used, to the minute; null: never.', { nullable: true })
  last_used_at: Date | null;

  static from(row: TokenRow): TokenDto {
    return {
      id: row.id,
      created_at: row.created_at,
      name: row.name,
      scopes: row.scopes,
      expires_at: row.expires_at,
      last_used_at: row.last_used_at,
    };
  }
}

/** A new access token, with its text. */
export class IssuedTokenDto extends TokenDto {
  @ShownText('The token itself. It is shown here and never again.', { example: 'seat_oat_…' })
  token: string;

  static fromIssued({ row, token }: IssuedToken): IssuedTokenDto {
    return { ...TokenDto.from(row), token };
  }
}

export class TokenPage extends PageOf(TokenDto) {}
