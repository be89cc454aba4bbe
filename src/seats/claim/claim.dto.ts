import {
  BooleanProperty,
  EmailProperty,
  ObjectProperty,
  TextProperty,
  UuidProperty,
} from '../../platform/http/response-properties.js';
import { EXAMPLE_TOKEN } from '../../platform/http/examples.js';
import { SMALL_BODY } from '../../platform/http/large-bodies.js';
import { TextField } from '../../platform/http/request-fields.js';
import { CustomerSeatDto } from '../seats.dto.js';

export class ClaimParams {
  @TextField({
    description: 'The token of the invitation.',
    required: true,
    secret: true,
    max: 2048,
  })
  invitation_token: string;
}

export class ClaimSeatDto {
  @TextField({
    description: 'The token of the invitation. It can be used once.',
    example: EXAMPLE_TOKEN,
    required: true,
    secret: true,
    min: 0,
    // A string of any length is a wrong token, not an invalid request.
    max: SMALL_BODY,
  })
  invitation_token: string;
}

export class SeatClaimInfoDto {
  @TextProperty('The name of the product.', { example: 'Acme Pro' })
  product_name: string;

  @UuidProperty('The id of the product.')
  product_id: string;

  @TextProperty('The name of the organization that sells the product.', { example: 'Acme' })
  organization_name: string;

  @TextProperty('The short name of the organization in URLs.', { example: 'acme' })
  organization_slug: string;

  @EmailProperty('The e-mail of the invited person.')
  customer_email: string;

  @BooleanProperty('Whether the seat can be claimed right now.')
  can_claim: boolean;
}

export class ClaimedSeatDto {
  @ObjectProperty(CustomerSeatDto, 'The claimed seat.')
  seat: CustomerSeatDto;

  @TextProperty(
    'A session for the customer portal. It belongs to the person who claimed the seat and is ' +
      'valid for one hour.',
    {
      example: 'seat_mst_…',
    },
  )
  customer_session_token: string;
}
