import {
  ShownBoolean,
  ShownEmail,
  ShownObject,
  ShownText,
  ShownUuid,
} from '../platform/http/answers.js';
import { EXAMPLE_TOKEN } from '../platform/http/docs.js';
import { TextField } from '../platform/http/fields.js';
import { CustomerSeatDto } from './seats.dto.js';

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
    description: 'The token of the invitation. It works once.',
    example: EXAMPLE_TOKEN,
    required: true,
    secret: true,
    min: 0,
    max: 2048,
  })
  invitation_token: string;
}

export class SeatClaimInfoDto {
  @ShownText('The product that is offered.', { example: 'Acme Pro' })
  product_name: string;

  @ShownUuid('The id of the product.')
  product_id: string;

  @ShownText('Who offers it.', { example: 'Acme' })
  organization_name: string;

  @ShownText('The short name of who offers it.', { example: 'acme' })
  organization_slug: string;

  @ShownEmail('The e-mail of the person who is invited.')
  customer_email: string;

  @ShownBoolean('Whether the seat can be claimed right now.')
  can_claim: boolean;
}

export class ClaimedSeatDto {
  @ShownObject(CustomerSeatDto, 'The seat, now claimed.')
  seat: CustomerSeatDto;

  @ShownText('Opens the customer portal for one hour, as the person who claimed.', {
    example: 'seat_mst_…',
  })
  customer_session_token: string;
}
