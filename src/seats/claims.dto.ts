import { ApiProperty } from '@nestjs/swagger';
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
    required: true,
    secret: true,
    min: 0,
    max: 2048,
  })
  invitation_token: string;
}

export class SeatClaimInfoDto {
  @ApiProperty({ example: 'Acme Pro', description: 'The product that is offered.' })
  product_name: string;

  @ApiProperty({ format: 'uuid', description: 'The id of the product.' })
  product_id: string;

  @ApiProperty({ example: 'Acme', description: 'Who offers it.' })
  organization_name: string;

  @ApiProperty({ example: 'acme', description: 'The short name of who offers it.' })
  organization_slug: string;

  @ApiProperty({ format: 'email', description: 'The e-mail of the person who is invited.' })
  customer_email: string;

  @ApiProperty({ description: 'Whether the seat can be claimed right now.' })
  can_claim: boolean;
}

export class ClaimedSeatDto {
  @ApiProperty({ type: CustomerSeatDto, description: 'The seat, now claimed.' })
  seat: CustomerSeatDto;

  @ApiProperty({
    description: 'Opens the customer portal for one hour, as the person who claimed.',
  })
  customer_session_token: string;
}
