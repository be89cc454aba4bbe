import {
  DateTimeProperty,
  EnumListProperty,
  TextProperty,
  UuidProperty,
} from '../platform/http/response-properties.js';
import { DateTimeField, ListField, NameField } from '../platform/http/request-fields.js';
import { PageOf } from '../platform/http/pagination.js';
import { SCOPES } from './scopes.js';
import type { IssuedToken } from './tokens.service.js';
import type { TokenRow } from './tokens.repository.js';
import { EXAMPLE } from '../platform/http/examples.js';

const NAME = { description: 'The name of the token, which says what it is for.', example: 'ci' };
const EXPIRES_AT = 'When the token expires. Null means never.';
const CHILD_EXPIRES_AT =
  'When the token expires. Without it, or with a later time than that of the calling token, the token ' +
  'expires with the calling token.';
const EXAMPLE_SCOPES = ['customer_seats:read', 'customer_seats:write'];

/** Body of POST /v1/organization-access-tokens. */
export class CreateToken {
  @NameField({ required: true, ...NAME })
  name: string;

  @ListField({
    required: true,
    description: 'The scopes of the token. The calling token must have all of them.',
    of: SCOPES,
    min: 1,
    max: 100,
    example: EXAMPLE_SCOPES,
  })
  scopes: string[];

  @DateTimeField({ description: CHILD_EXPIRES_AT, example: '2031-01-01T00:00:00Z' })
  expires_at?: Date;
}

/** An access token as the API shows it. */
export class TokenDto {
  @UuidProperty('The id of the token, a UUID v4.', { example: EXAMPLE.token })
  id: string;

  @DateTimeProperty('When the token was created.')
  created_at: Date;

  @TextProperty(NAME.description, { example: NAME.example })
  name: string;

  @EnumListProperty(SCOPES, 'The scopes of the token.', { example: EXAMPLE_SCOPES })
  scopes: string[];

  @DateTimeProperty(EXPIRES_AT, { nullable: true })
  expires_at: Date | null;

  @DateTimeProperty('When the token was last used, to the minute. Null means never.', {
    nullable: true,
  })
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

/** A new access token, with the token itself. */
export class IssuedTokenDto extends TokenDto {
  @TextProperty(
    'The token itself. It is shown once; replays of the request contain null instead.',
    { nullable: true, example: 'seat_oat_…' },
  )
  token: string;

  static fromIssued({ row, token }: IssuedToken): IssuedTokenDto {
    return { ...TokenDto.from(row), token };
  }
}

export class TokenPage extends PageOf(TokenDto) {}
